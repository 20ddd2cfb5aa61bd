#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends a folder of real mail through Posthorn and checks what becomes of it.

corpus.py FOLDER [--labels index.tsv] [--ids PREFIX] [--sessions 20]

Every *.eml goes in by SMTP AUTH over TLS and must be refused with a reason, or
arrive at a receiver behind an MX record, byte by byte but for the header that
is added, from a source of its zone. Prints a table by label. With --ids it
writes PREFIX.sent and PREFIX.received, a line a message: id, code, …
"""
import argparse
import collections
import pathlib
import queue
import smtplib
import subprocess
import sys
import tempfile
import threading

import conftest
from sink import Sink

ZONES = {
    "clean": {"sources": [{"address": "127.0.0.11"},
                          {"address": "127.0.0.12"}]},
    "mixed": {"sources": [{"address": "127.0.0.21"}]},
    "poor": {"sources": [{"address": "127.0.0.31"}]},
}


def to_crlf(data):
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = data.replace(b"\0", b"").replace(b"\n", b"\r\n")
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def without_added(data):
    """The lines, and how many of them the relay put on top for sure."""
    lines = data.split(b"\r\n")
    assert lines[0].startswith(b"Received: from ")
    at = 1
    while lines[at][:1] in (b"\t", b" "):
        at += 1
    assert lines[at].startswith(b"X-Posthorn-ID: ")
    at += 1
    return lines, at


def is_same(sent, received):
    lines, at = without_added(received)
    for skip in range(4):
        rest = b"\r\n".join(lines[at + skip:])
        if rest in (sent, b"\r\n" + sent):
            return True
        # A header without an empty line gets one.
        if len(rest) - len(sent) == 2 and rest.replace(
                b"\r\n", b"") == sent.replace(b"\r\n", b""):
            return True
        if not lines[at + skip].lower().startswith(
                (b"feedback-id:", b"date:", b"message-id:")):
            return False
    return False


def drop_removed(data):
    """As the relay must: without Bcc, Return-Path and our own names."""
    head, empty, body = data.partition(b"\r\n\r\n")
    kept, drop = [], False
    for line in head.split(b"\r\n"):
        if line[:1] not in (b" ", b"\t"):
            name = line.split(b":")[0].strip().lower()
            drop = b":" in line and (
                name in (b"bcc", b"return-path") or
                name.startswith(b"x-posthorn-"))
        if not drop:
            kept.append(line)
    return b"\r\n".join(kept) + empty + body


def send_all(p, work, results):
    client = None
    while True:
        try:
            number, path = work.get_nowait()
        except queue.Empty:
            break
        data = to_crlf(path.read_bytes())
        for _ in range(3):
            try:
                if client is None:
                    client = smtplib.SMTP("localhost", p.port, timeout=60)
                    client.starttls(context=p.client_tls())
                    client.login(p.login, p.secret)
                client.mail("sender@corpus.test")
                client.rcpt(f"m{number}@far.test")
                code, text = client.docmd("DATA")
                assert code == 354
                lines = data.split(b"\r\n")
                stuffed = b"\r\n".join(
                    b"." + x if x.startswith(b".") else x for x in lines)
                client.send(stuffed + b".\r\n")
                code, text = client.getreply()
                results[number] = (path, data, code, text.decode())
                break
            except (OSError, smtplib.SMTPException) as error:
                results[number] = (path, data, 0, str(error))
                client = None
    if client is not None:
        client.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--labels")
    parser.add_argument("--ids")
    parser.add_argument("--sessions", type=int, default=20)
    args = parser.parse_args()
    files = sorted(pathlib.Path(args.folder).rglob("*.eml"))
    labels = {}
    if args.labels:
        for line in open(args.labels, encoding="utf-8"):
            path, label, source = line.split("\t")[:3]
            labels[pathlib.Path(path).name] = f"{source} {label}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        tls = folder / "tls"
        tls.mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", tls / "key.pem",
             "-out", tls / "cert.pem", "-days", "3", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True)
        sink = Sink(hosts=("127.0.1.1", "127.0.1.2")).start()
        names = conftest.Names(folder / "nsd", {"test": [], "far.test": [
            "@ MX 10 mx1", "@ MX 10 mx2", "mx1 A 127.0.1.1",
            "mx2 A 127.0.1.2"]})
        p = conftest.Posthorn(
            folder / "posthorn", tls, zones=ZONES, default_zone="poor",
            dns={"servers": [f"127.0.0.1@{names.port}"]},
            delivery={"port": sink.port,
                      "private_networks_allowed": ["127.0.0.0/8"]})
        p.start()
        try:
            bad = run(args, files, labels, p, sink)
            p.stop()
        finally:
            if p.process.poll() is None:
                p.kill()
            names.stop()
            sink.stop()
    sys.exit(1 if bad else 0)


def run(args, files, labels, p, sink):
    p.add_account()
    p.cli("policy", "set", "band.clean", "2")
    p.cli("policy", "set", "band.mixed", "5")
    work, results = queue.Queue(), {}
    for item in enumerate(files):
        work.put(item)
    threads = [threading.Thread(target=send_all, args=(p, work, results))
               for _ in range(args.sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = {n for n, r in results.items() if r[2] == 250}
    conftest.wait_until(
        "all accepted mail arrives",
        lambda: len(sink.received) >= len(accepted), 300)
    conftest.wait_until("the queue is empty",
                        lambda: p.rows("queue") == [], 60)
    return report(args, results, labels, accepted, sink, p)


def report(args, results, labels, accepted, sink, p):
    got = collections.defaultdict(list)
    for row, data in sink.received:
        got[int(row["to"][0][1:].split("@")[0])].append((row, data))
    zone_of = {s["address"]: name for name, zone in ZONES.items()
               for s in zone["sources"]}
    events = {e["to"]: e for e in p.events() if e["event"] == "accepted"}
    table = collections.defaultdict(collections.Counter)
    bad = collections.Counter()
    for number, (path, data, code, text) in sorted(results.items()):
        row = table[labels.get(path.name, "?")]
        row["all"] += 1
        if code != 250:
            what = "refused" if "[content:" in text else "malformed" if (
                "[malformed" in text or "[loop]" in text) else "error"
            row[what] += 1
            if what == "error":
                bad["error"] += 1
                print("error:", path.name, code, text)
            bad["ghost"] += number in got
            continue
        if len(got[number]) != 1:
            bad["lost" if not got[number] else "doubled"] += 1
            continue
        seen, received = got[number][0]
        zone = zone_of[seen["peer"]]
        row[zone] += 1
        if events[f"m{number}@far.test"]["zone"] != zone:
            bad["zone"] += 1
        if not is_same(drop_removed(data), received):
            bad["changed"] += 1
            print("changed:", path.name)
    columns = ["all", "refused", "malformed", *ZONES]
    print(f"{'label':<16}" + "".join(f"{c:>10}" for c in columns))
    for label, row in sorted(table.items()):
        print(f"{label:<16}" + "".join(f"{row[c]:>10}" for c in columns))
    print(f"sent {len(results)}, accepted {len(accepted)}, arrived "
          f"{len(sink.received)}, bare lines {sink.bare_lines}, "
          f"wrong: {dict(+bad)}")
    if args.ids:
        with open(args.ids + ".sent", "w", encoding="ascii") as out:
            for number, (_, _, code, _) in sorted(results.items()):
                out.write(f"{number + 1} {code or 500} 0 0\n")
        with open(args.ids + ".received", "w", encoding="ascii") as out:
            for number, copies in got.items():
                for row, _ in copies:
                    out.write(f"{number + 1} {row['peer']} {row['to'][0]} "
                              f"{row['time']:.3f} 0 - {row['from']}\n")
    return sum(bad.values()) + sink.bare_lines


if __name__ == "__main__":
    main()
