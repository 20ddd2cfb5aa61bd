# SPDX-License-Identifier: BSD-2-Clause
"""How much may be sent: rates and quotas, exactly."""
import smtplib
import threading
import time

import pytest

from conftest import wait_until

GOOD = b"From: a@sender.test\r\nTo: b@far.test\r\nSubject: x\r\n\r\nhello\r\n"
OF_SUBUSER = "X-AuthUser: {}\r\n"


@pytest.fixture(autouse=True)
def one_day():
    """A test that began before midnight (UTC) would count in two days."""
    if time.time() % 86400 > 86400 - 60:
        wait_until("the day has begun", lambda: time.time() % 86400 < 60, 70)


def try_to_send(p, c, recipients=1, message=GOOD):
    """None when it was accepted, else the refusal."""
    try:
        p.transact(c, "a@sender.test",
                   [f"b{i}@far.test" for i in range(recipients)], message)
    except (smtplib.SMTPResponseException, smtplib.SMTPDataError) as refusal:
        c.rset()
        return refusal.smtp_code, refusal.smtp_error.decode()
    return None


def flood(p, sessions, each):
    """Sends from so many sessions at a time; how many were accepted."""
    accepted, codes, lock = [], set(), threading.Lock()

    def work():
        with p.client() as c:
            for _ in range(each):
                refusal = try_to_send(p, c)
                with lock:
                    accepted.append(refusal is None)
                    codes.add(refusal and refusal[0])
    threads = [threading.Thread(target=work) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(accepted), codes


def test_a_quota_holds_exactly_under_50_sessions_and_over_a_restart(relay):
    p, s = relay()
    p.cli("policy", "set", "quota.messages", "100/d", "--account", "acme")
    assert flood(p, 50, 1) == (50, {None})
    p.stop()
    p.start()
    assert flood(p, 50, 2) == (50, {None, 550})
    p.kill()
    p.start()
    assert flood(p, 5, 2) == (0, {550})
    s.wait(100)
    row, = [r for r in p.rows("usage", "acme") if r["axis"] == "account"]
    assert (row["day_messages"], row["day_messages_max"]) == (100, 100)
    # More is allowed: at once.
    p.cli("policy", "set", "quota.messages", "103/d", "--account", "acme")
    assert flood(p, 5, 2) == (3, {None, 550})


def test_replies_name_the_axis_and_when(relay):
    p, _ = relay()
    p.cli("policy", "set", "rate.messages", "2/d")
    with p.client() as c:
        assert try_to_send(p, c) is None
        assert try_to_send(p, c) is None
        for _ in range(2):
            code, text = try_to_send(p, c)
            assert code == 451
            assert text.startswith(
                "4.7.1 [rate:account] 2 messages a day; retry in ")
        p.cli("policy", "set", "rate.messages", "off")
        assert try_to_send(p, c) is None
        p.cli("policy", "set", "credential.quota.recipients", "14/d")
        assert try_to_send(p, c, recipients=7) is None
        code, text = try_to_send(p, c, recipients=8)
        assert (code, text.split()[1]) == (550, "[quota:credential]")
        # What fits still goes.
        assert try_to_send(p, c, recipients=1) is None


def test_subusers_have_limits_of_their_own(relay):
    p, _ = relay()
    p.cli("policy", "set", "subuser.rate.messages", "3/d")
    with p.client() as c:
        for user in ("one@shop.test", "two@shop.test"):
            message = OF_SUBUSER.format(user).encode() + GOOD
            for _ in range(3):
                assert try_to_send(p, c, message=message) is None
            code, text = try_to_send(p, c, message=message)
            assert (code, text.split()[1]) == (451, "[rate:subuser]")
        assert try_to_send(p, c) is None
    names = {r["name"]: r["day_messages"] for r in p.rows("usage", "acme")
             if r["axis"] == "subuser"}
    assert names == {"acme/one@shop.test": 3, "acme/two@shop.test": 3}
    assert len(p.events("--subuser", "one@shop.test")) >= 6
    shown = [e for e in p.events() if e["event"] == "accepted"][0]
    assert shown["subuser"] == "one@shop.test"


def test_refused_mail_counts_for_nothing(relay):
    p, _ = relay()
    p.cli("policy", "set", "quota.messages", "1/d")
    p.cli("policy", "set", "reject", "-5")
    with p.client() as c:
        for _ in range(3):
            assert try_to_send(p, c)[1].split()[1].startswith("[content:")
        p.cli("policy", "set", "reject", "10")
        assert try_to_send(p, c) is None
        assert try_to_send(p, c)[1].split()[1] == "[quota:account]"


def test_a_large_message_over_the_limit_leaves_nothing(relay):
    p, s = relay()
    p.cli("policy", "set", "rate.messages", "1/d")
    big = GOOD + (b"x" * 70 + b"\r\n") * 14000
    with p.client() as c:
        assert try_to_send(p, c, message=big) is None
        p.cli("policy", "set", "rate.messages", "off")
        p.cli("policy", "set", "rate.recipients", "1/d")
        assert try_to_send(p, c, message=big)[0] == 451
        p.cli("policy", "set", "rate.recipients", "off")
        assert try_to_send(p, c) is None
    s.wait(2)
