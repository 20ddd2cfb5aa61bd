# SPDX-License-Identifier: BSD-2-Clause
"""kill -9 at random moments under load: nothing that got its 250 is lost.

POSTHORN_KILLS=50 makes it a long run.
"""
import collections
import os
import random
import smtplib
import threading
import time

from conftest import wait_until

KILLS = int(os.environ.get("POSTHORN_KILLS", "5"))
SENDERS = 10


class Load:
    """Sessions that send one message after another, whatever happens."""

    def __init__(self, p):
        self.p, self.ending = p, threading.Event()
        self.accepted, self.lock = set(), threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(i,))
                        for i in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def run(self, number):
        serial = 0
        while not self.ending.is_set():
            try:
                with self.p.client() as c:
                    while not self.ending.is_set():
                        serial += 1
                        to = f"m{number}-{serial}@far.test"
                        size = 200 if serial % 20 else 400000
                        self.p.transact(
                            c, "a@sender.test", [to],
                            b"Subject: x\r\n\r\n" +
                            b"line of text\r\n" * (size // 14))
                        with self.lock:
                            self.accepted.add(to)
            except (OSError, smtplib.SMTPException):
                # The daemon is down; the next try may find it up again.
                self.ending.wait(0.02)

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)


def test_kill_under_load_loses_nothing(relay):
    chance = random.Random(4711)
    p, s = relay()
    load = Load(p)
    try:
        for _ in range(KILLS):
            before = len(load.accepted)
            wait_until("mail flows", lambda: len(load.accepted) > before + 20,
                       60)
            # The moment itself is what is random here.
            time.sleep(chance.uniform(0, 0.3))
            p.kill()
            p.start()
    finally:
        load.stop()
    wait_until("the queue is empty", lambda: p.rows("queue") == [], 120)
    got = collections.Counter(r["to"][0] for r, _ in s.received)
    lost = load.accepted - set(got)
    twice = {to: n for to, n in got.items() if n > 1}
    print(f"kills {KILLS}, accepted {len(load.accepted)}, "
          f"received {sum(got.values())}, lost {len(lost)}, "
          f"doubled {len(twice)}")
    assert not lost
    # Only what was in flight at a kill may come twice.
    assert len(twice) <= KILLS * (20 + SENDERS)
    events = p.events()
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    problem = p.folder / "data" / "posthorn.db"
    p.stop()
    import sqlite3
    with sqlite3.connect(f"file:{problem}?mode=ro", uri=True) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM body").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM chunk").fetchone() == (0,)
