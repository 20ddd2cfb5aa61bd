# SPDX-License-Identifier: BSD-2-Clause
"""A receiving mail server for tests and the demo.

Keeps every message byte by byte as a file, with one line of JSON about it in
index.jsonl. `behave` (in tests) may answer any step in its own way.
"""
import argparse
import asyncio
import json
import os
import pathlib
import ssl
import threading
import time


class Drop(Exception):
    """Raised by a behaviour: the connection ends here, without a word."""


class Session:
    def __init__(self, sink, reader, writer):
        self.sink, self.reader, self.writer = sink, reader, writer
        self.peer = writer.get_extra_info("peername")[0]
        self.local = writer.get_extra_info("sockname")[0]
        self.helo, self.tls, self.messages = None, False, 0
        self.commands = []
        self.reset()

    def reset(self):
        self.sender, self.recipients, self.params = None, [], ""
        self.rcpt_params = []

    def say(self, text):
        self.writer.write(text.encode() + b"\r\n")

    def answer(self, step, argument, usual):
        reply = self.sink.behave(self, step, argument)
        reply = usual if reply is None else reply
        if reply is not Silent:
            self.say(reply)
        return isinstance(reply, str) and reply[:1] in "23"

    async def run(self):
        self.sink.connections += 1
        if not self.answer("connect", self.peer, "220 sink.test ESMTP"):
            await self.writer.drain()
            return
        while True:
            await self.writer.drain()
            line = await self.reader.readline()
            if not line.endswith(b"\n"):
                return
            text = line.decode("utf-8", "replace").strip()
            self.commands.append(text)
            verb, _, rest = text.partition(" ")
            if await self.command(verb.upper(), rest.strip()):
                await self.writer.drain()
                return

    async def command(self, verb, rest):
        if verb in ("EHLO", "HELO"):
            self.helo = rest
            self.reset()
            words = [w for w in self.sink.keywords
                     if w != "STARTTLS" or not self.tls]
            lines = ["sink.test"] + (words if verb == "EHLO" else [])
            usual = "\r\n".join("250-" + w for w in lines[:-1])
            usual += ("\r\n" if usual else "") + "250 " + lines[-1]
            self.answer(verb.lower(), rest, usual)
        elif verb == "STARTTLS":
            if self.answer("starttls", rest, "220 go"):
                await self.writer.drain()
                await self.start_tls()
        elif verb == "AUTH":
            self.answer("auth", rest, "235 2.7.0 ok")
        elif verb == "MAIL":
            if self.sender is not None:
                self.say("503 5.5.1 nested MAIL")
            elif self.answer("mail", rest, "250 2.1.0 ok"):
                path, _, self.params = rest[5:].partition(">")
                self.sender = path.strip().lstrip("<")
        elif verb == "RCPT":
            address = rest[3:].split(">")[0].strip().lstrip("<")
            if self.answer("rcpt", address, "250 2.1.5 ok"):
                self.recipients.append(address)
                self.rcpt_params.append(rest.partition(">")[2].strip())
        elif verb == "DATA":
            if not self.recipients:
                self.say("503 5.5.1 no recipients")
            elif self.answer("data", rest, "354 go"):
                await self.writer.drain()
                await self.take_data()
        elif verb == "RSET":
            self.reset()
            self.answer("rset", rest, "250 2.0.0 ok")
        elif verb == "NOOP":
            self.say("250 2.0.0 ok")
        elif verb == "QUIT":
            self.say("221 2.0.0 bye")
            return True
        else:
            self.say("500 5.5.2 what?")
        return False

    async def start_tls(self):
        transport = self.writer.transport
        loop = asyncio.get_running_loop()
        protocol = transport.get_protocol()
        new = await loop.start_tls(transport, protocol, self.sink.tls,
                                   server_side=True)
        self.writer._transport = new
        self.reader._transport = new
        self.tls = True

    async def take_data(self):
        data = bytearray()
        while True:
            line = await self.reader.readline()
            if not line.endswith(b"\n"):
                return
            if line == b".\r\n":
                break
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                self.sink.bare_lines += 1
            data += line[1:] if line.startswith(b".") else line
            self.sink.behave(self, "line", line)
        if self.answer("dot", bytes(data), "250 2.0.0 taken"):
            self.messages += 1
            self.sink.keep(self, bytes(data))
        self.reset()


class Silent:
    """A behaviour's answer: say nothing."""


class Sink:
    def __init__(self, hosts=("127.0.0.1",), port=0, folder=None, tls=None,
                 behave=None, keywords=("PIPELINING", "8BITMIME", "SIZE")):
        self.hosts, self.port, self.folder = hosts, port, folder
        self.tls = tls
        self.keywords = list(keywords) + (["STARTTLS"] if tls else [])
        self.behave = behave or (lambda session, step, argument: None)
        self.received, self.connections, self.bare_lines = [], 0, 0
        self.sessions = []
        self.changed = threading.Condition()
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)

    def keep(self, session, data):
        with self.changed:
            number = len(self.received) + 1
            row = {"peer": session.peer, "local": session.local,
                   "helo": session.helo, "tls": session.tls,
                   "from": session.sender, "to": list(session.recipients),
                   "params": session.params.strip(),
                   "rcpt_params": list(session.rcpt_params),
                   "time": time.time()}
            if self.folder:
                row["file"] = f"{number:06d}.eml"
                path = pathlib.Path(self.folder) / row["file"]
                path.write_bytes(data)
                with open(pathlib.Path(self.folder) / "index.jsonl", "a",
                          encoding="utf-8") as index:
                    index.write(json.dumps(row) + "\n")
            self.received.append((row, data))
            self.changed.notify_all()

    def wait(self, count, seconds=20):
        """The first `count` messages; fails when they do not come in time."""
        with self.changed:
            done = self.changed.wait_for(
                lambda: len(self.received) >= count, seconds)
            assert done, f"{len(self.received)} of {count} messages came"
            return self.received[:count]

    async def serve(self, reader, writer):
        session = Session(self, reader, writer)
        self.sessions.append(session)
        try:
            await session.run()
        except (Drop, ConnectionError, asyncio.LimitOverrunError, ssl.SSLError,
                ValueError):
            pass
        finally:
            try:
                writer.close()
            except Exception:
                pass

    async def listen(self):
        servers = []
        for host in self.hosts:
            server = await asyncio.start_server(
                self.serve, host, self.port, limit=1 << 26, backlog=1000)
            self.port = server.sockets[0].getsockname()[1]
            servers.append(server)
        return servers

    def start(self):
        """Serves in a thread of its own until stop()."""
        ready = threading.Event()
        self.failure = None

        async def main():
            self.loop = asyncio.get_running_loop()
            self.ending = asyncio.Event()
            try:
                servers = await self.listen()
            except OSError as error:
                self.failure = error
                ready.set()
                return
            ready.set()
            await self.ending.wait()
            for server in servers:
                server.close()
        self.thread = threading.Thread(target=lambda: asyncio.run(main()),
                                       daemon=True)
        self.thread.start()
        ready.wait()
        if self.failure:
            raise self.failure
        return self

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.ending.set)
            self.thread.join(10)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", action="append")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--pid-file")
    args = parser.parse_args()
    sink = Sink(args.host or ["127.0.0.1"], args.port, args.dir)

    async def forever():
        await sink.listen()
        if args.pid_file:
            pathlib.Path(args.pid_file).write_text(f"{os.getpid()}\n",
                                                   encoding="ascii")
        await asyncio.Event().wait()
    asyncio.run(forever())


if __name__ == "__main__":
    main()
