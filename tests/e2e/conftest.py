# SPDX-License-Identifier: BSD-2-Clause
"""The daemon, a name server and receiving servers, started for real."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import time

import pytest

from sink import Sink

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("POSTHORN_BIN", ROOT / "build" / "bin"))
PATIENCE = float(os.environ.get("POSTHORN_PATIENCE", "20"))


def count_ports():
    """Ports below those that outgoing connections get, from a place of this
    process' own: two runs side by side do not meet."""
    port = 10000 + os.getpid() * 211 % 20000
    while True:
        port = 10000 + (port + 1 - 10000) % 22000
        with socket.socket() as s:
            try:
                s.bind(("0.0.0.0", port))
            except OSError:
                continue
        yield port


PORTS = count_ports()


def free_port():
    return next(PORTS)


def wait_until(what, condition, seconds=PATIENCE):
    """Polls a condition; the only waiting there is in these tests."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not in {seconds} s")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key.pem",
         "-out", folder / "cert.pem", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True)
    return folder


def server_tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


class Names:
    """nsd with the zones of a dictionary: name -> list of records."""

    def __init__(self, folder, zones):
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        config = [f"server:\n ip-address: 127.0.0.1@{self.port}\n"
                  f" pidfile: \"{folder}/nsd.pid\"\n zonesdir: \"{folder}\"\n"
                  f" username: \"\"\n chroot: \"\"\n database: \"\"\n"
                  f" xfrdfile: \"{folder}/xfrd.state\"\n"
                  f" zonelistfile: \"{folder}/zone.list\"\n"
                  f" server-count: 1\n logfile: \"{folder}/nsd.log\"\n"
                  "remote-control:\n control-enable: no\n"]
        for zone, records in zones.items():
            lines = ["$TTL 60", "@ SOA ns hostmaster 1 3600 600 86400 60",
                     "@ NS ns", "ns A 127.0.0.1"] + records
            (folder / f"{zone}.zone").write_text("\n".join(lines) + "\n")
            config.append(f"zone:\n name: \"{zone}\"\n"
                          f" zonefile: \"{zone}.zone\"\n")
        (folder / "nsd.conf").write_text("".join(config))
        self.process = subprocess.Popen(
            ["/usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until("nsd answers", self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.folder /
                                             "nsd.log").read_text()
        query = (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
                 b"\x04test\x00\x00\x06\x00\x01")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.sendto(query, ("127.0.0.1", self.port))
                return s.recv(512)[:2] == b"\x12\x34"
            except OSError:
                return False

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Posthorn:
    def __init__(self, folder, certificate, **changes):
        self.folder, self.certificate = folder, certificate
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.port_tls, self.port_plain = (free_port(), free_port(),
                                                     free_port())
        self.config = {
            "hostname": "relay.test",
            "data_dir": str(folder / "data"),
            "run_dir": str(folder / "run"),
            "listeners": [
                {"address": "127.0.0.1", "port": self.port},
                {"address": "127.0.0.1", "port": self.port_tls,
                 "tls": "implicit"},
                {"address": "127.0.0.1", "port": self.port_plain,
                 "tls": "none", "relay_from": [
                     {"cidr": "127.0.0.1", "account": "acme"}]},
            ],
            "tls": {"certificate": str(certificate / "cert.pem"),
                    "key": str(certificate / "key.pem")},
            "zones": {"main": {}},
            "default_zone": "main",
            "delivery": {"retry": ["1s"], "backoff": ["200ms"]},
            "submission": {"auth_delay": "10ms"},
            "limits": {"disk_free_min": 0},
        }
        for key, value in changes.items():
            if isinstance(value, dict) and key in ("delivery", "submission",
                                                   "limits"):
                self.config.setdefault(key, {}).update(value)
            else:
                self.config[key] = value
        self.path = folder / "posthorn.jsonc"
        self.log_path = folder / "log"
        self.process = None
        self.write_config()

    def write_config(self):
        self.path.write_text("// made by a test\n" +
                             json.dumps(self.config, indent=1))

    def start(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [BIN / "posthornd", "-c", self.path], stderr=self.log)
        wait_until("posthornd answers", self.is_up, 60)
        return self

    def is_up(self):
        assert self.process.poll() is None, self.log_text()
        return self.cli("status", check=False).returncode == 0

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        """An orderly end; a leak or a race found by a sanitizer fails it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        assert code == 0, self.log_text()[-5000:]

    def memory_kb(self):
        with open(f"/proc/{self.process.pid}/status",
                  encoding="ascii") as status:
            return int(next(line.split()[1] for line in status
                            if line.startswith("VmRSS")))

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def cli(self, *words, check=True, **more):
        done = subprocess.run(
            [BIN / "posthorn", "--config", self.path, *map(str, words)],
            capture_output=True, text=True, timeout=60, **more)
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def rows(self, *words, **more):
        out = self.cli("--json", *words, **more).stdout
        return [json.loads(line) for line in out.splitlines()]

    def events(self, *words):
        return self.rows("events", *words)

    def wait_event(self, event, count=1, **fields):
        def found():
            rows = [e for e in self.events() if e["event"] == event and
                    all(e.get(k) == v for k, v in fields.items())]
            return rows if len(rows) >= count else None
        return wait_until(f"event {event} {fields}", found)

    def add_account(self, name="acme"):
        self.cli("account", "add", name)
        row = self.rows("credential", "add", name)[0]
        self.login, self.secret = row["login"], row["secret"]
        return self

    def client_tls(self):
        context = ssl.create_default_context(
            cafile=self.certificate / "cert.pem")
        return context

    @contextlib.contextmanager
    def client(self, login=True):
        with smtplib.SMTP("localhost", self.port, timeout=PATIENCE) as c:
            c.starttls(context=self.client_tls())
            if login:
                c.login(self.login, self.secret)
            yield c

    def send(self, to, sender="a@sender.test", text="hello", subject="hi",
             headers=""):
        """Sends one message; its id."""
        to = [to] if isinstance(to, str) else to
        message = (f"From: {sender or 'x@sender.test'}\r\nTo: {to[0]}\r\n"
                   f"Subject: {subject}\r\n{headers}\r\n{text}\r\n")
        with self.client() as c:
            return self.transact(c, sender, to, message.encode())

    @staticmethod
    def transact(c, sender, to, message, options=(), rcpt_options=()):
        code, reply = c.mail(sender, options)
        if code != 250:
            raise smtplib.SMTPResponseException(code, reply)
        for one in to:
            code, reply = c.rcpt(one, rcpt_options)
            if code != 250:
                raise smtplib.SMTPResponseException(code, reply)
        code, reply = c.data(message)
        if code != 250:
            raise smtplib.SMTPDataError(code, reply)
        assert reply.startswith(b"2.0.0 Ok: queued as "), reply
        return reply.decode().split()[-1]


@pytest.fixture
def posthorn(tmp_path, certificate):
    """A factory of daemons that end with the test."""
    made = []

    def make(**changes):
        made.append(Posthorn(tmp_path / f"posthorn{len(made)}", certificate,
                             **changes))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def sink():
    made = []

    def make(**options):
        made.append(Sink(**options).start())
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def names(tmp_path):
    made = []

    def make(zones):
        made.append(Names(tmp_path / f"nsd{len(made)}", zones))
        return made[-1]
    yield make
    for one in made:
        one.stop()


@pytest.fixture
def relay(posthorn, sink):
    """A daemon whose one zone relays all to a sink."""
    def make(behave=None, sink_options=None, **changes):
        s = sink(behave=behave, **(sink_options or {}))
        p = posthorn(**changes)
        p.config["zones"]["main"]["next_hop"] = {
            "host": "127.0.0.1", "port": s.port, "tls": "none"}
        p.write_config()
        p.start().add_account()
        return p, s
    return make
