# SPDX-License-Identifier: BSD-2-Clause
"""The door: TLS, AUTH, the transaction, what is refused and how."""
import base64
import smtplib
import socket
import ssl
import subprocess

import pytest

from raw import Raw, secured

GOOD = b"From: a@sender.test\r\nTo: b@far.test\r\nSubject: x\r\n\r\nhello\r\n"


def test_what_ehlo_offers(relay):
    p, _ = relay()
    raw = Raw(p.port)
    before = raw.ask("EHLO localhost").splitlines()
    assert "250-STARTTLS" in before
    assert not any("AUTH" in line for line in before)
    raw.ask("STARTTLS")
    raw.tls(p.client_tls())
    after = raw.ask("EHLO [127.0.0.1]").splitlines()
    assert "250-AUTH PLAIN LOGIN SCRAM-SHA-256" in after
    assert "250-STARTTLS" not in after
    for word in ("250-PIPELINING", "250-8BITMIME", "250 ENHANCEDSTATUSCODES"):
        assert word in after


def test_tls_and_auth_are_required(relay):
    p, s = relay()
    raw = Raw(p.port)
    assert raw.ask("MAIL FROM:<a@b.test>").startswith("530 5.7.0 [tls_req")
    raw.ask("EHLO x")
    assert raw.ask("MAIL FROM:<a@b.test>").startswith("530 5.7.0 [tls_req")
    assert raw.ask("AUTH PLAIN AAAA").startswith("530 5.7.0 [tls_required]")
    raw = secured(p, login=False)
    reply = raw.ask("MAIL FROM:<a@b.test>")
    assert reply.startswith("530 5.7.0 [auth_required]")
    assert "127.0.0.1" in reply
    assert raw.ask("AUTH CRAM-MD5").startswith("504 5.5.4")
    assert s.received == []


@pytest.mark.parametrize("how", ["plain", "plain-dialogue", "login",
                                 "login-initial"])
def test_auth_mechanisms(relay, how):
    p, _ = relay()
    raw = secured(p, login=False)
    user = base64.b64encode(p.login.encode()).decode()
    secret = base64.b64encode(p.secret.encode()).decode()
    plain = base64.b64encode(f"\0{p.login}\0{p.secret}".encode()).decode()
    if how == "plain":
        reply = raw.ask("AUTH PLAIN " + plain)
    elif how == "plain-dialogue":
        assert raw.ask("auth plain") == "334"
        reply = raw.ask(plain)
    elif how == "login":
        assert raw.ask("AUTH LOGIN") == "334 VXNlcm5hbWU6"
        assert raw.ask(user) == "334 UGFzc3dvcmQ6"
        reply = raw.ask(secret)
    else:
        assert raw.ask("AUTH LOGIN " + user) == "334 UGFzc3dvcmQ6"
        reply = raw.ask(secret)
    assert reply.startswith("235 2.7.0")
    assert raw.ask("AUTH PLAIN " + plain).startswith("503 5.5.1")


def test_wrong_secret_and_unknown_login_look_alike(relay):
    p, _ = relay()
    raw = secured(p, login=False)
    replies = set()
    for login, secret in ((p.login, "wrong"), ("nobody", "wrong"), ("", "")):
        text = base64.b64encode(f"\0{login}\0{secret}".encode()).decode()
        replies.add(raw.ask("AUTH PLAIN " + text))
    assert len(replies) == 1
    assert replies.pop().startswith("535 5.7.8 [bad_credential]")
    assert raw.ask("AUTH PLAIN !!!").startswith("501 5.5.2")
    assert raw.ask("AUTH PLAIN") == "334"
    assert raw.ask("*").startswith("501 5.0.0")


def test_chosen_password_rotation_and_revocation(relay):
    p, s = relay()
    p.cli("credential", "add", "acme", "--login", "printer",
          "--password-stdin", input="correct horse battery\n")
    for _ in range(3):
        with smtplib.SMTP_SSL("localhost", p.port_tls,
                              context=p.client_tls()) as c:
            c.login("printer", "correct horse battery")
            p.transact(c, "a@sender.test", ["b@far.test"], GOOD)
    s.wait(3)
    new = p.rows("credential", "rotate", p.login, "--overlap",
                 "none")[0]["secret"]
    with p.client(login=False) as c:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            c.login(p.login, p.secret)
    with p.client(login=False) as c:
        c.login(p.login, new)
        p.cli("credential", "revoke", p.login)
    with p.client(login=False) as c:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            c.login(p.login, new)


def test_expired_credential_names_the_date(relay):
    p, _ = relay()
    row = p.rows("credential", "add", "acme", "--login", "old",
                 "--expires", "1ms")[0]
    raw = secured(p, login=False)
    text = base64.b64encode(f"\0old\0{row['secret']}".encode()).decode()
    reply = raw.ask("AUTH PLAIN " + text)
    assert reply.startswith("535 5.7.8 [credential_expired]")
    assert row["expires"][:10] in reply


def test_suspension_acts_on_an_open_session(relay):
    p, _ = relay()
    with p.client() as c:
        p.cli("account", "suspend", "acme", "--reason", "unpaid")
        code, text = c.mail("a@sender.test")
        assert (code, text[:26]) == (550, b"5.7.1 [account_suspended] ")
        p.cli("account", "resume", "acme")
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD)


def test_swaks_in_every_tls_mode(relay):
    p, s = relay()
    login = ["--auth-user", p.login, "--auth-password", p.secret]
    for mode in (["--port", p.port, "-tls"],
                 ["--port", p.port_tls, "--tls-on-connect"]):
        done = subprocess.run(
            ["swaks", "--server", "127.0.0.1", "--from", "a@sender.test",
             "--to", "b@far.test", *map(str, mode), *login],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(
        ["swaks", "--server", "127.0.0.1", "--from", "a@sender.test",
         "--to", "b@far.test", "--port", str(p.port_plain)],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(s.wait(3)) == 3


def test_headers_added_and_removed(relay):
    p, s = relay()
    p.send("b@far.test", headers="Bcc: secret@far.test\r\n"
           "Return-Path: <x@y.test>\r\nX-Posthorn-Zone: other\r\n"
           "X-Kept: as  it   is\r\n\tfolded \r\n", text="..dots\r\n.\r\n..")
    row, data = s.wait(1)[0]
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"secret@far.test" not in data
    assert b"Return-Path" not in head and b"X-Posthorn-Zone" not in head
    assert b"X-Kept: as  it   is\r\n\tfolded \r\n" in data
    assert body == b"..dots\r\n.\r\n..\r\n"
    assert head.startswith(b"Received: from ")
    assert b"with ESMTPSA id " in head
    for name in (b"\r\nDate: ", b"\r\nMessage-ID: <", b"\r\nX-Posthorn-ID: ",
                 b"\r\nFeedback-ID: "):
        assert head.count(name) == 1
    assert row["from"] == "a@sender.test"


def test_present_date_and_message_id_stay(relay):
    p, s = relay()
    p.send("b@far.test", headers="Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
           "Message-ID: <mine@sender.test>\r\n")
    _, data = s.wait(1)[0]
    assert data.count(b"\r\nDate: ") == 1
    assert b"\r\nMessage-ID: <mine@sender.test>\r\n" in data


def test_pipelined_group_is_answered_in_order(relay):
    p, s = relay()
    raw = secured(p)
    raw.send(b"MAIL FROM:<a@sender.test>\r\nRCPT TO:<b@far.test>\r\n"
             b"RCPT TO:<bad\r\nRCPT TO:<c@far.test>\r\nDATA\r\n")
    codes = [raw.reply()[:3] for _ in range(5)]
    assert codes == ["250", "250", "501", "250", "354"]
    raw.send(GOOD + b".\r\nMAIL FROM:<>\r\nRSET\r\nNOOP\r\nQUIT\r\n")
    codes = [raw.reply()[:3] for _ in range(5)]
    assert codes == ["250", "250", "250", "250", "221"]
    row, _ = s.wait(1)[0]
    assert sorted(row["to"]) == ["b@far.test", "c@far.test"]


SEQUENCES = [
    ("RCPT before MAIL", ["RCPT TO:<b@far.test>"], "503 5.5.1"),
    ("DATA before RCPT", ["MAIL FROM:<a@sender.test>", "DATA"], "503 5.5.1"),
    ("MAIL twice", ["MAIL FROM:<a@sender.test>", "MAIL FROM:<a@s.test>"],
     "503 5.5.1"),
    ("unknown verb", ["FROB"], "500 5.5.2"),
    ("bad parameter", ["MAIL FROM:<a@sender.test> FROB=1"], "555 5.5.4"),
    ("bad SIZE", ["MAIL FROM:<a@sender.test> SIZE=x"], "501 5.5.4"),
    ("too big by SIZE", ["MAIL FROM:<a@sender.test> SIZE=99999999999"],
     "552 5.3.4 [message_size]"),
    ("no address", ["MAIL FROM:"], "501 5.1.7"),
    ("no keyword", ["MAIL a@sender.test"], "501 5.5.4"),
    ("RCPT to the null path", ["MAIL FROM:<a@sender.test>", "RCPT TO:<>"],
     "501 5.1.3"),
    ("VRFY", ["VRFY root"], "252 2.5.0"),
    ("after RSET", ["MAIL FROM:<a@sender.test>", "RCPT TO:<b@far.test>",
                    "RSET", "DATA"], "503 5.5.1"),
    ("after EHLO", ["MAIL FROM:<a@sender.test>", "RCPT TO:<b@far.test>",
                    "EHLO again.test", "DATA"], "503 5.5.1"),
    ("EHLO without a name", ["EHLO"], "501 5.5.4"),
    ("NUL in a command", ["NOOP \0"], "500 5.5.2"),
]


def test_sequences(relay):
    p, _ = relay()
    for name, lines, want in SEQUENCES:
        raw = secured(p)
        for line in lines:
            reply = raw.ask(line)
        assert reply.startswith(want), name


@pytest.mark.parametrize("ending", [
    b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\n",
    b"\n\r.\r\n", b"\r\n\0.\r\n", b"\r.\r\n"])
def test_smuggling_is_refused_and_closed(relay, ending):
    p, s = relay()
    raw = secured(p)
    raw.ask("MAIL FROM:<a@sender.test>")
    raw.ask("RCPT TO:<b@far.test>")
    raw.ask("DATA")
    raw.send(b"Subject: x\r\n\r\nfirst" + ending + b"MAIL FROM:<e@evil.test>"
             b"\r\nRCPT TO:<v@far.test>\r\nDATA\r\nx\r\n.\r\n")
    assert raw.reply().startswith("554 5.6.0 [")
    assert raw.is_closed()
    p.send("ok@far.test")
    rows = s.wait(1)
    assert [r["to"] for r, _ in rows] == [["ok@far.test"]]


def test_starttls_drops_what_was_pipelined(relay):
    p, _ = relay()
    raw = Raw(p.port)
    raw.ask("EHLO x")
    raw.send(b"STARTTLS\r\nNOOP\r\nMAIL FROM:<e@evil.test>\r\n")
    assert raw.reply().startswith("220 ")
    try:
        raw.tls(p.client_tls())
    except (ssl.SSLError, OSError):
        return
    raw.send(b"EHLO y\r\n")
    assert raw.reply().startswith("250-relay.test")
    assert raw.ask("NOOP") == "250 2.0.0 Ok"


def test_over_size_data_is_refused_and_the_session_goes_on(relay):
    p, s = relay(submission={"message_size_max": "64k"})
    with p.client() as c:
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        code, text = c.data(GOOD + b"x" * 100 + b"\r\n" + b"y" * 100000)
        assert (code, text[:20]) == (552, b"5.3.4 [message_size]")
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD)
    assert len(s.wait(1)) == 1


def test_more_recipients_than_allowed_end_no_transaction(relay):
    p, s = relay(submission={"recipients_max": 2, "errors_max": 3})
    with p.client() as c:
        c.mail("a@sender.test")
        codes = [c.rcpt(f"u{i}@far.test")[0] for i in range(20)]
        assert codes == [250] * 2 + [452] * 18
        assert c.data(GOOD)[0] == 250
    assert s.wait(1)[0][0]["to"] == ["u0@far.test", "u1@far.test"]


SPAM = (b"Dear customer,\r\nYour account has been suspended. Verify your "
        b"account within 24 hours or it will be closed.\r\nUnusual activity "
        b"was found: confirm your password at http://192.0.2.1/login\r\n")


@pytest.mark.parametrize("between", [b"", b"no field here\r\n", b"\r\n"])
def test_text_right_behind_the_header_is_scored_as_it_is_sent(relay, between):
    p, s = relay()
    p.cli("policy", "set", "reject", "4")
    head = b"From: a@sender.test\r\nSubject: x\r\n"
    with p.client() as c:
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        code, text = c.data(head + between + SPAM + b"\r\nhello\r\n")
    assert code == 550 and b"[content:" in text


def test_missing_empty_line_is_put_in(relay):
    p, s = relay()
    with p.client() as c:
        p.transact(c, "a@sender.test", ["b@far.test"],
                   b"From: a@sender.test\r\nno field\r\nbody\r\n")
    header, _, body = s.wait(1)[0][1].partition(b"\r\n\r\n")
    assert header.endswith(b"\r\nFrom: a@sender.test")
    assert body == b"no field\r\nbody\r\n"


@pytest.mark.parametrize("cut", [b"Bc", b"Bcc: x", b"", b"a\r"])
def test_header_beyond_the_bound_is_refused(relay, cut):
    """Wherever the bound cuts it: nothing of it may end up in the body."""
    size = 4096
    p, _ = relay(submission={"header_size_max": size})
    line = b"X-Fill: " + b"x" * 50 + b"\r\n"
    head = b"From: a@sender.test\r\n"
    while len(head) + len(line) + 60 < size:
        head += line
    head += b"X: " + b"y" * (size - len(head) - len(cut) - 5) + b"\r\n" + cut
    assert len(head) == size
    with p.client() as c:
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        code, text = c.data(head + b"\nc: secret@far.test\r\n\r\nhi\r\n"
                            if cut.endswith(b"\r") else
                            head + b"c: secret@far.test\r\n\r\nhi\r\n")
    assert (code, text.split(b"]")[0]) == (554, b"5.6.0 [malformed:header_size")


def test_recipients_max(relay):
    p, _ = relay()
    p.cli("policy", "set", "recipients_max", "2", "--account", "acme")
    with p.client() as c:
        c.mail("a@sender.test")
        codes = [c.rcpt(f"u{i}@far.test") for i in range(4)]
        assert [code for code, _ in codes] == [250, 250, 452, 452]
        assert codes[2][1].startswith(b"4.5.3 [recipients_max]")


@pytest.mark.parametrize("twice", ["From", "Date", "Subject", "Message-ID"])
def test_duplicate_header_is_malformed(relay, twice):
    p, _ = relay()
    with p.client() as c:
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        code, text = c.data(f"{twice}: 1\r\n{twice}: 2\r\n\r\nx".encode())
    assert code == 554
    assert text.startswith(f"5.6.0 [malformed:duplicate-{twice.lower()}]"
                           .encode())


def test_loop_is_refused(relay):
    p, _ = relay()
    with p.client() as c:
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        code, text = c.data(b"Received: by x\r\n" * 60 + b"\r\nx")
    assert (code, text[:12]) == (554, b"5.4.6 [loop]")


def test_too_many_errors_end_the_session(relay):
    p, _ = relay(submission={"errors_max": 3})
    raw = Raw(p.port)
    for _ in range(2):
        assert raw.ask("FROB").startswith("500 ")
    assert raw.ask("FROB").startswith("500 ")
    assert raw.reply().startswith("421 4.7.0")
    assert raw.is_closed()


def test_idle_session_ends(relay):
    p, _ = relay(submission={"idle_timeout": "1s"})
    raw = Raw(p.port)
    assert raw.reply().startswith("421 4.4.2")
    assert raw.is_closed()


def test_sessions_per_address_are_bounded(relay):
    p, _ = relay(submission={"sessions_per_ip_max": 3})
    kept = [Raw(p.port) for _ in range(3)]
    raw = Raw(p.port, greet=False)
    assert raw.reply().startswith("421 4.3.2")
    kept[0].ask("QUIT")
    kept[0].is_closed()
    assert Raw(p.port).ask("NOOP").startswith("250")


def test_large_message_arrives_whole(relay):
    p, s = relay()
    body = b"".join(b"%08d %s\r\n" % (i, b"z" * 60) for i in range(60000))
    with p.client() as c:
        p.transact(c, "a@sender.test", ["b@far.test"], GOOD + body)
    _, data = s.wait(1, 60)[0]
    assert data.endswith(body)
    assert data.partition(b"\r\n\r\n")[2] == b"hello\r\n" + body


def test_message_without_header_or_body(relay):
    p, s = relay()
    with p.client() as c:
        for text in (b"just text, no header\r\n", b"Subject: only\r\n",
                     b"\r\n"):
            p.transact(c, "a@sender.test", ["b@far.test"], text)
    datas = [d for _, d in s.wait(3)]
    assert sum(b"\r\n\r\njust text, no header\r\n" in d for d in datas) == 1


def test_a_burst_of_small_tls_records(relay):
    """What TLS holds back beyond one reading is read without more coming."""
    p, s = relay()
    body = b"".join(b"%05d %s\r\n" % (i, b"x" * 1000) for i in range(200))
    raw = secured(p)
    raw.ask("MAIL FROM:<a@sender.test>")
    raw.ask("RCPT TO:<b@far.test>")
    assert raw.ask("DATA").startswith("354")
    whole = b"Subject: x\r\n\r\n" + body + b".\r\n"
    # All of it is in the socket's buffer before the daemon gets a turn.
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    for at in range(0, len(whole), 1300):
        raw.send(whole[at:at + 1300])
    assert raw.reply().startswith("250 2.0.0")
    assert s.wait(1)[0][1].endswith(body)
