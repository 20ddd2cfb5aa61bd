# SPDX-License-Identifier: BSD-2-Clause
"""Abused identities are stopped, and only they."""
import random
import threading

import pytest

from conftest import wait_until
from test_limits import OF_SUBUSER, try_to_send


def spam(number, rng):
    """A campaign: one text with names, numbers and links that vary."""
    name = rng.choice(["Anna", "Bob", "Carla", "Dave", "Eve"])
    return (
        f"From: Post Office <x{number}@spam.test>\r\nTo: b@far.test\r\n"
        f"Subject: {name}, your parcel {rng.randrange(10**6)} is waiting\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
        f"<p>Dear {name}, your parcel is waiting at our depot since yesterday "
        "because the delivery fee was not paid. Please verify your account "
        "and pay the small fee on our page within 24 hours, otherwise we will "
        "return the parcel to its sender and your account will be "
        "suspended.</p>"
        f"<a href='http://10.{rng.randrange(255)}.2.3/{number}'>"
        "www.post.test</a>\r\n").encode()


def clean(number):
    return (f"From: shop@shop.test\r\nTo: b@far.test\r\n"
            f"Subject: Your order\r\n\r\nThank you for order {number}. "
            "We have sent it today and it will arrive on Friday.\r\n").encode()


@pytest.mark.parametrize("total", [5000])
def test_a_stolen_login_is_stopped_while_others_go_on(relay, total):
    p, s = relay()
    slipped, refusals, honest = [], set(), {"sent": 0, "refused": []}
    lock, done = threading.Lock(), threading.Event()

    def thief(part):
        rng = random.Random(part)
        with p.client() as c:
            for number in range(part, total, 5):
                refusal = try_to_send(p, c, message=OF_SUBUSER.format(
                    "thief@shop.test").encode() + spam(number, rng))
                with lock:
                    if refusal is None:
                        slipped.append(number)
                    else:
                        refusals.add(refusal[1].split()[1])

    def customer(user):
        number = 0
        with p.client() as c:
            while not done.is_set():
                number += 1
                refusal = try_to_send(p, c, message=OF_SUBUSER.format(
                    user).encode() + clean(number))
                with lock:
                    honest["sent"] += 1
                    if refusal:
                        honest["refused"].append(refusal)
    threads = [threading.Thread(target=thief, args=(i,)) for i in range(5)]
    others = [threading.Thread(target=customer, args=(f"u{i}@shop.test",))
              for i in range(3)]
    for thread in threads + others:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    print(f"{len(slipped)} of {total} slipped out, "
          f"{honest['sent']} of others were sent")
    assert len(slipped) < 50
    assert "[identity_blocked]" in refusals
    assert honest["refused"] == [] and honest["sent"] >= 100
    block, = p.rows("identity", "list", "--account", "acme")
    assert (block["axis"], block["name"], block["action"]) == (
        "subuser", "acme/thief@shop.test", "block")
    event, = [e for e in p.events() if e["event"] == "identity.blocked"]
    assert event["subuser"] == "thief@shop.test"


def test_a_trap_blocks_who_mails_to_it(relay):
    p, s = relay()
    p.cli("trap", "add", "trap@far.test")
    p.cli("trap", "add", "@trap.test")
    with p.client() as c:
        assert try_to_send(p, c) is None
        for to in ("trap@far.test", "anyone@trap.test"):
            c.mail("a@sender.test")
            assert c.rcpt("b@far.test")[0] == 250
            assert c.rcpt(to)[0] == 250
            code, text = c.data(clean(1))
            assert code == 550
            assert text.startswith(b"5.7.1 [identity_blocked] until 20")
        assert try_to_send(p, c)[1].startswith("5.7.1 [identity_blocked]")
    block = p.rows("identity", "list")[0]
    assert (block["axis"], block["name"], block["sign"]) == (
        "credential", "acme", "trap")
    s.wait(1)
    # It outlives a restart, and ends by an operator's word.
    p.stop()
    p.start()
    p.cli("account", "add", "other")
    with p.client() as c:
        assert try_to_send(p, c)[1].startswith("5.7.1 [identity_blocked]")
        done = p.cli("identity", "release", block["block"], "--account",
                     "other", check=False)
        assert done.returncode == 4
        p.cli("identity", "release", block["block"], "--account", "acme")
        assert try_to_send(p, c) is None
    assert p.rows("identity", "list") == []
    ended, = p.rows("identity", "list", "--all")
    assert ended["ended_by"] == "root"
    assert p.wait_event("identity.cleared")


def test_a_block_ends_by_itself(relay):
    p, _ = relay()
    p.cli("policy", "set", "watch.trap", "block 1s")
    p.cli("trap", "add", "trap@far.test")
    with p.client() as c:
        c.mail("a@sender.test")
        c.rcpt("trap@far.test")
        assert c.data(clean(1))[0] == 550
        # Asking again ends it once its second is over.
        wait_until("it ended", lambda: try_to_send(p, c) is None)
    assert p.wait_event("identity.cleared")
    assert p.rows("identity", "list") == []


def test_what_is_done_is_policy(relay):
    p, s = relay()
    p.cli("policy", "set", "watch.probe", "hold 1h")
    probe = (b"From: a@sender.test\r\nSubject: smtp.shop.test|587|u|pw\r\n\r\n"
             b"x\r\n")
    with p.client() as c:
        for _ in range(6):
            assert try_to_send(p, c, message=probe) is None
    assert len(p.rows("queue", "list", "--state", "held")) == 2
    p.cli("identity", "release", p.rows("identity", "list")[0]["block"])
    p.cli("policy", "set", "watch.probe", "off")
    with p.client() as c:
        for _ in range(10):
            assert try_to_send(p, c, message=probe) is None
    assert p.rows("identity", "list") == []
    p.cli("policy", "set", "watch.probe", "slow 1h")
    with p.client() as c:
        answers = [try_to_send(p, c, message=probe) for _ in range(20)]
    assert "[rate:credential]" in {a and a[1].split()[1] for a in answers}
    assert answers.count(None) <= 12


def test_many_dead_addresses_are_a_sign(relay):
    def behave(session, step, argument):
        dead = step == "rcpt" and argument.startswith("dead")
        return "550 5.1.1 no such user" if dead else None
    p, s = relay(behave=behave)
    p.cli("policy", "set", "watch.bounces", "block 1h")
    for i in range(30):
        p.send(f"dead{i}@far.test")
        if p.rows("identity", "list"):
            break
    p.wait_event("identity.blocked")
    with p.client() as c:
        assert try_to_send(p, c)[1].startswith("5.7.1 [identity_blocked]")
    assert "do not exist" in p.rows("identity", "list")[0]["evidence"]
