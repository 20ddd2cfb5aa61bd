# SPDX-License-Identifier: BSD-2-Clause
"""Logins: SCRAM, rotation, networks, expiry, guessing."""
import base64
import hashlib
import hmac
import smtplib
import ssl
import time

import pytest

from conftest import wait_until

GOOD = b"From: a@sender.test\r\nTo: b@far.test\r\nSubject: x\r\n\r\nhello\r\n"


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def scram(c, login, secret, flag="n"):
    """SCRAM-SHA-256 as RFC 7677 has it; (code, text) of the last reply."""
    bare = f"n={login},r=fyko+d2lbbFgONRv9qkxdawL"
    first = base64.b64encode(f"{flag},,{bare}".encode()).decode()
    code, challenge = c.docmd("AUTH SCRAM-SHA-256", first)
    if code != 334:
        return code, challenge
    challenge = base64.b64decode(challenge).decode()
    given = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(),
                                 base64.b64decode(given["s"]),
                                 int(given["i"]))
    binding = base64.b64encode(f"{flag},,".encode()).decode()
    without = f"c={binding},r={given['r']}"
    message = f"{bare},{challenge},{without}".encode()
    key = mac(salted, b"Client Key")
    signature = mac(hashlib.sha256(key).digest(), message)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))
    code, text = c.docmd(base64.b64encode(
        f"{without},p={proof.decode()}".encode()).decode())
    if code != 334:
        return code, text
    server = base64.b64encode(mac(mac(salted, b"Server Key"), message))
    assert base64.b64decode(text) == b"v=" + server
    return c.docmd("")


def can_login(p, secret, login=None, how="plain"):
    with p.client(login=False) as c:
        c.ehlo()
        if how == "scram":
            return scram(c, login or p.login, secret)[0] == 235
        try:
            c.login(login or p.login, secret)
        except smtplib.SMTPAuthenticationError:
            return False
        return True


def test_scram(relay):
    p, s = relay()
    with p.client(login=False) as c:
        c.ehlo()
        assert "SCRAM-SHA-256" in c.esmtp_features["auth"]
        assert scram(c, p.login, p.secret) == (
            235, b"2.7.0 Authentication successful")
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD)
    s.wait(1)
    assert can_login(p, p.secret, how="scram")
    assert not can_login(p, p.secret + "x", how="scram")
    assert not can_login(p, p.secret, login="nobody", how="scram")


def test_scram_of_a_chosen_password(relay):
    p, _ = relay()
    p.cli("credential", "add", "acme", "--login", "printer",
          "--password-stdin", input="correct horse battery\n")
    assert can_login(p, "correct horse battery", "printer", "scram")
    assert can_login(p, "correct horse battery", "printer")
    assert not can_login(p, "correct horse", "printer", "scram")


def test_an_unknown_login_is_shown_the_same_salt_each_time(relay):
    p, _ = relay()

    def salt(login):
        with p.client(login=False) as c:
            c.ehlo()
            first = base64.b64encode(f"n,,n={login},r=abc".encode()).decode()
            code, text = c.docmd("AUTH SCRAM-SHA-256", first)
            assert code == 334
            assert c.docmd("*")[0] == 501
            return base64.b64decode(text).decode().partition(",")[2]
    # Whichever worker answers, and after a restart too.
    seen = {salt("nobody") for _ in range(12)}
    p.stop()
    p.start()
    seen.add(salt("nobody"))
    assert len(seen) == 1
    shown, known = seen.pop(), salt(p.login)
    assert len(shown) == len(known)
    assert shown.split(",")[1] == known.split(",")[1]


@pytest.mark.parametrize("how", ["plain", "scram"])
def test_both_secrets_serve_while_one_is_replaced(relay, how):
    p, _ = relay()
    new = p.rows("credential", "rotate", p.login)[0]
    assert can_login(p, p.secret, how=how)
    assert can_login(p, new["secret"], how=how)
    rows = p.rows("credential", "list", "acme")
    assert [r["secret"] for r in rows] == [2, 1]
    assert rows[1]["expires"] == new["old_until"]
    last = p.rows("credential", "rotate", p.login, "--overlap", "none")[0]
    assert can_login(p, last["secret"], how=how)
    assert not can_login(p, new["secret"], how=how)
    assert not can_login(p, p.secret, how=how)


def test_a_login_bound_to_networks(relay):
    p, _ = relay()
    row = p.rows("credential", "add", "acme", "--login", "shop", "--from",
                 "192.0.2.0/24,2001:db8::/32")[0]
    for how in ("plain", "scram"):
        assert not can_login(p, row["secret"], "shop", how)
    p.cli("credential", "set", "shop", "--from", "192.0.2.1,127.0.0.0/8")
    for how in ("plain", "scram"):
        assert can_login(p, row["secret"], "shop", how)
    p.cli("credential", "set", "shop", "--from", "192.0.2.1")
    assert not can_login(p, row["secret"], "shop")
    p.cli("credential", "set", "shop", "--from", "any")
    assert can_login(p, row["secret"], "shop")
    assert p.cli("credential", "set", "shop", "--from", "192.0.2.0/33",
                 check=False).returncode == 2


def test_a_session_ends_with_its_login(relay):
    p, _ = relay()
    with p.client() as c:
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD)
        p.cli("account", "suspend", "acme")
        code, text = c.mail("a@sender.test")
        assert (code, text.split()[1]) == (550, b"[account_suspended]")
        p.cli("account", "resume", "acme")
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD)
        p.cli("credential", "revoke", p.login)
        assert c.mail("a@sender.test")[0] == 421


def test_a_login_expires_in_a_session_and_at_the_door(relay):
    p, _ = relay()
    row = p.rows("credential", "add", "acme", "--login", "short",
                 "--expires", "2s")[0]
    with smtplib.SMTP_SSL("localhost", p.port_tls,
                          context=p.client_tls()) as c:
        c.login("short", row["secret"])
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD)

        def ended():
            code, text = c.mail("a@sender.test")
            c.rset()
            return text if code == 421 else None
        try:
            assert b"[credential_expired]" in wait_until("it ended", ended)
        except smtplib.SMTPServerDisconnected:
            pass
    with p.client(login=False) as c:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            c.login("short", row["secret"])
    assert caught.value.smtp_error.startswith(
        b"5.7.8 [credential_expired] expired " +
        row["expires"][:10].encode())
    told = [e["event"] for e in p.wait_event("credential.expired",
                                             credential="short")]
    assert told == ["credential.expired"]
    assert p.wait_event("credential.expiring", credential="short")


def test_guessing_is_slowed_and_locked(relay):
    p, _ = relay(submission={"auth_failures_max": 3, "auth_delay": "200ms"})
    p.cli("credential", "add", "acme", "--login", "other")
    took = {}
    for login in (p.login, "nobody"):
        for i in range(3):
            with p.client(login=False) as c:
                c.ehlo()
                start = time.monotonic()
                code, text = c.docmd("AUTH PLAIN", base64.b64encode(
                    f"\0{login}\0wrong".encode()).decode())
                took[login, i] = time.monotonic() - start
                assert (code, text) == (
                    535, b"5.7.8 [bad_credential] Wrong login or secret")
        with p.client(login=False) as c:
            c.ehlo()
            code, text = c.docmd("AUTH PLAIN", base64.b64encode(
                f"\0{login}\0{p.secret}".encode()).decode())
            assert (code, text.split()[1]) == (421, b"[auth_throttled]")
        # Later each time, and alike for a login that does not exist.
        for i in range(3):
            assert took[login, i] >= 0.19 * 2 ** i
    # It is the pair that is locked.
    row = p.rows("credential", "rotate", "other")[0]
    assert can_login(p, row["secret"], "other")


def test_a_client_that_leaves_while_its_secret_is_checked(relay):
    p, _ = relay()
    p.cli("credential", "add", "acme", "--login", "printer",
          "--password-stdin", input="correct horse battery\n")
    wrong = base64.b64encode(b"\0printer\0wrong wrong wrong").decode()
    for _ in range(20):
        c = smtplib.SMTP_SSL("localhost", p.port_tls, context=p.client_tls())
        c.ehlo()
        c.send(f"AUTH PLAIN {wrong}\r\n")
        try:
            c.sock.unwrap()
        except (ssl.SSLError, OSError):
            pass
        c.close()
    # The checks of those that left are not carried out: this one is next.
    assert can_login(p, p.secret)


def test_more_checks_than_may_wait(relay):
    p, _ = relay(submission={"auth_queue_max": 1})
    p.cli("credential", "add", "acme", "--login", "printer",
          "--password-stdin", input="correct horse battery\n")
    wrong = base64.b64encode(b"\0printer\0wrong wrong wrong").decode()
    clients = []
    for _ in range(8):
        c = smtplib.SMTP_SSL("localhost", p.port_tls, context=p.client_tls())
        c.ehlo()
        c.send(f"AUTH PLAIN {wrong}\r\n")
        clients.append(c)
    codes = sorted(c.getreply()[0] for c in clients)
    assert codes[0] == 454 and codes[-1] == 535
    for c in clients:
        c.close()
