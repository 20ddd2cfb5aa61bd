# SPDX-License-Identifier: BSD-2-Clause
"""A client that sends exactly what it is told to."""
import base64
import socket


class Raw:
    """A plain socket: what is sent is what goes out."""

    def __init__(self, port, greet=True):
        self.socket = socket.create_connection(("127.0.0.1", port), 20)
        self.file = self.socket.makefile("rb")
        if greet:
            assert self.reply().startswith("220 ")

    def send(self, data):
        self.socket.sendall(data)
        return self

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                return "\n".join(lines)
            assert line.endswith(b"\r\n") and len(line) <= 512
            lines.append(line.decode("ascii").rstrip())
            if line[3:4] != b"-":
                return "\n".join(lines)

    def ask(self, text):
        return self.send(text.encode() + b"\r\n").reply()

    def tls(self, context):
        self.socket = context.wrap_socket(self.socket,
                                          server_hostname="localhost")
        self.file = self.socket.makefile("rb")
        return self

    def is_closed(self):
        try:
            return self.file.read(1) == b""
        except ConnectionError:
            return True


def secured(p, login=True):
    raw = Raw(p.port)
    raw.ask("EHLO client.test")
    assert raw.ask("STARTTLS").startswith("220 2.0.0")
    raw.tls(p.client_tls())
    raw.ask("EHLO client.test")
    if login:
        text = base64.b64encode(f"\0{p.login}\0{p.secret}".encode()).decode()
        assert raw.ask("AUTH PLAIN " + text).startswith("235 2.7.0")
    return raw
