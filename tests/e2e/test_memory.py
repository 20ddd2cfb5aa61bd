# SPDX-License-Identifier: BSD-2-Clause
"""Large messages in many sessions at a time stay out of memory.

POSTHORN_LARGE=200x20 sends 20 MB from each of 200 sessions.
"""
import os
import pathlib
import threading

import pytest

from conftest import wait_until

SESSIONS, MEGABYTES = map(int, os.environ.get("POSTHORN_LARGE",
                                              "20x5").split("x"))
IS_SANITIZED = "san" in os.environ.get("POSTHORN_BIN", "")


def peak_rss_mb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's memory is its own")
def test_large_messages_stay_out_of_memory(relay):
    p, s = relay(submission={"message_size_max": "50M"})
    p.cli("zone", "pause", "main")
    line = b"0123456789" * 7 + b"\r\n"
    piece = line * (1000000 // len(line))
    done, failed = [], []
    # All are inside their data at the same time before any of them ends.
    half = threading.Barrier(SESSIONS)

    def send(number):
        try:
            with p.client() as c:
                c.mail("a@sender.test")
                c.rcpt(f"m{number}@far.test")
                assert c.docmd("DATA")[0] == 354
                c.send(b"Subject: big\r\n\r\n")
                for i in range(MEGABYTES):
                    c.send(piece)
                    if i == MEGABYTES // 2:
                        half.wait(600)
                c.send(b".\r\n")
                code, text = c.getreply()
                assert code == 250, text
                done.append(number)
        except Exception as error:  # noqa: BLE001: told below
            failed.append(error)
            half.abort()
    threads = [threading.Thread(target=send, args=(i,))
               for i in range(SESSIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[0]
    assert len(done) == SESSIONS
    peak = peak_rss_mb(p.process)
    print(f"{SESSIONS} x {MEGABYTES} MB: peak RSS {peak:.0f} MB")
    assert peak < 300
    # And they are whole: one of them, read back.
    row = p.rows("queue", "list", "--limit", "1")[0]
    assert row["size"] > MEGABYTES * len(piece)
    p.cli("queue", "delete", "--account", "acme")
    wait_until("the queue is empty", lambda: p.rows("queue") == [])
