# SPDX-License-Identifier: BSD-2-Clause
"""Every verb in every state, every parameter, and chunks (RFC 3030)."""
import pytest

from raw import Raw, secured

STATES = ["fresh", "ehlo", "tls", "auth", "mail", "rcpt", "bdat"]


def session_in(p, state):
    if state in ("fresh", "ehlo"):
        raw = Raw(p.port)
        if state == "ehlo":
            raw.ask("EHLO client.test")
        return raw
    raw = secured(p, login=state != "tls")
    if state in ("mail", "rcpt", "bdat"):
        assert raw.ask("MAIL FROM:<a@sender.test>").startswith("250 2.1.0")
    if state in ("rcpt", "bdat"):
        assert raw.ask("RCPT TO:<b@far.test>").startswith("250 2.1.5")
    if state == "bdat":
        raw.send(b"BDAT 14\r\nSubject: x\r\n\r\n")
        assert raw.reply().startswith("250 2.0.0")
    return raw


# What each verb is answered, in the order of STATES.
VERBS = [
    ("EHLO client.test", "250 250 250 250 250 250 250"),
    ("EHLO", "501 501 501 501 501 501 501"),
    ("HELO client.test", "250 250 250 250 250 250 250"),
    ("HELO", "501 501 501 501 501 501 501"),
    ("STARTTLS", "220 220 503 503 503 503 503"),
    ("STARTTLS now", "501 501 503 503 503 503 503"),
    ("AUTH PLAIN", "530 530 334 503 503 503 503"),
    ("AUTH LOGIN", "530 530 334 503 503 503 503"),
    ("AUTH SCRAM-SHA-256", "530 530 334 503 503 503 503"),
    ("AUTH CRAM-MD5", "530 530 504 503 503 503 503"),
    ("AUTH", "530 530 504 503 503 503 503"),
    ("MAIL FROM:<c@sender.test>", "530 530 530 250 503 503 503"),
    ("MAIL", "530 530 530 501 503 503 503"),
    ("RCPT TO:<c@far.test>", "530 530 503 503 250 250 503"),
    ("RCPT", "530 530 503 503 501 501 503"),
    ("DATA", "530 530 503 503 503 354 503"),
    ("DATA x", "530 530 503 503 503 501 503"),
    ("BDAT 0", "530 530 530 503 503 250 250"),
    ("BDAT", "530 530 530 501 501 501 501"),
    ("BDAT x", "530 530 530 501 501 501 501"),
    ("BDAT 1 FIRST", "530 530 530 501 501 501 501"),
    ("RSET", "250 250 250 250 250 250 250"),
    ("NOOP", "250 250 250 250 250 250 250"),
    ("NOOP whatever", "250 250 250 250 250 250 250"),
    ("VRFY someone", "530 530 530 252 252 252 252"),
    ("VRFY", "530 530 530 501 501 501 501"),
    ("HELP", "214 214 214 214 214 214 214"),
    ("QUIT", "221 221 221 221 221 221 221"),
    ("EXPN list", "500 500 500 500 500 500 500"),
    ("XYZZY", "500 500 500 500 500 500 500"),
    ("", "500 500 500 500 500 500 500"),
    ("mail from:<c@sender.test>", "530 530 530 250 503 503 503"),
]
NO_ENHANCED = ("220", "250-", "334", "354")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory, certificate):
    from conftest import Posthorn
    p = Posthorn(tmp_path_factory.mktemp("conformance"), certificate,
                 submission={"errors_max": 1000})
    p.start().add_account()
    yield p
    p.stop()


@pytest.mark.parametrize("state", STATES)
def test_every_verb_in_every_state(daemon, state):
    for line, codes in VERBS:
        code = codes.split()[STATES.index(state)]
        raw = session_in(daemon, state)
        reply = raw.ask(line)
        assert reply[:3] == code, (state, line, reply)
        last = reply.splitlines()[-1]
        if code not in ("220", "334", "354") and not (
                code == "250" and line[:4] in ("EHLO", "HELO")):
            assert last[4:6] == code[0] + ".", (line, reply)
        if code[0] in "45" and "closing" not in reply:
            # A refusal leaves the session as it was.
            after = raw.ask("NOOP")
            assert after.startswith("250 2.0.0"), (state, line, after)
        raw.socket.close()


MAILS = [
    ("<a@sender.test>", "250"), (" <a@sender.test>", "250"), ("<>", "250"),
    ("a@sender.test", "250"), ("<@x.test,@y.test:a@sender.test>", "250"),
    ("<\"a b\"@sender.test>", "250"), ("<a@[127.0.0.1]>", "250"),
    ("<a@[IPv6:::1]>", "250"),
    ("<a>", "501"), ("<a@>", "501"), ("<@sender.test>", "501"),
    ("<a@b@c.test>", "501"), ("<a b@sender.test>", "501"), ("", "501"),
    ("<a@-x.test>", "501"), ("<a@x..test>", "501"), ("<a@sender.test", "501"),
    ("<a@sender.test>x", "501"), ("<" + "a" * 300 + "@sender.test>", "501"),
    ("<a@" + "a" * 300 + ".test>", "501"),
    ("<a@sender.test> SIZE=100", "250"), ("<a@sender.test> SIZE=x", "501"),
    ("<a@sender.test> SIZE=99999999999", "552"),
    ("<a@sender.test> BODY=8BITMIME", "250"),
    ("<a@sender.test> BODY=BINARYMIME", "501"),
    ("<a@sender.test> SMTPUTF8", "250"), ("<ä@sender.test>", "553"),
    ("<ä@sender.test> SMTPUTF8", "250"),
    ("<a@sender.test> SMTPUTF8=1", "501"),
    ("<a@sender.test> RET=FULL ENVID=x", "250"),
    ("<a@sender.test> RET=SOME", "501"), ("<a@sender.test> ENVID=a=b", "501"),
    ("<a@sender.test> AUTH=<>", "250"), ("<a@sender.test> AUTH", "501"),
    ("<a@sender.test> NOTIFY=NEVER", "555"), ("<a@sender.test> X=1", "555"),
    ("<a@sender.test> SIZE=1 SIZE=1", "501"),
    ("<a@sender.test> =1", "501"), ("<a@sender.test> SIZE=", "501"),
    ("<a@sender.test> REQUIRETLS", "250"),
    ("<a@sender.test> " + " ".join(f"X{i}=1" for i in range(30)), "501"),
]
RCPTS = [
    ("<b@far.test>", "250"), ("<Postmaster>", "250"), ("<>", "501"),
    ("<b>", "501"), ("<b@far.test> NOTIFY=NEVER", "250"),
    ("<b@far.test> NOTIFY=SUCCESS,FAILURE,DELAY", "250"),
    ("<b@far.test> NOTIFY=NEVER,DELAY", "501"),
    ("<b@far.test> NOTIFY=", "501"), ("<b@far.test> NOTIFY", "501"),
    ("<b@far.test> ORCPT=rfc822;b@far.test", "250"),
    ("<b@far.test> ORCPT=b@far.test", "501"),
    ("<b@far.test> SIZE=1", "555"), ("<ö@far.test>", "553"),
    ("<b@far.test> NOTIFY=DELAY NOTIFY=DELAY", "501"),
]


def test_every_parameter(daemon):
    raw = secured(daemon)
    for text, code in MAILS:
        reply = raw.ask("MAIL FROM:" + text)
        assert reply[:3] == code, (text, reply)
        raw.ask("RSET")
    for text, code in RCPTS:
        raw.ask("MAIL FROM:<a@sender.test>")
        reply = raw.ask("RCPT TO:" + text)
        assert reply[:3] == code, (text, reply)
        raw.ask("RSET")


def start_transaction(raw):
    raw.ask("MAIL FROM:<a@sender.test>")
    raw.ask("RCPT TO:<b@far.test>")


def test_chunks_make_a_message(relay):
    p, s = relay()
    raw = secured(p)
    assert "250-CHUNKING" in raw.ask("EHLO x").splitlines()
    start_transaction(raw)
    # Cut where it hurts, a dot at a line's start, commands as text.
    parts = [b"From: a@sender.test\r", b"\nSubject: x\r\n\r\n", b"",
             b".\r\n.\r\nMAIL FROM:<x@y.test>\r\n", b"..end\r\n"]
    for part in parts[:-1]:
        raw.send(b"BDAT %d\r\n" % len(part) + part)
        assert raw.reply().startswith(f"250 2.0.0 {len(part)} octets")
    raw.send(b"BDAT %d LAST\r\n" % len(parts[-1]) + parts[-1])
    assert raw.reply().startswith("250 2.0.0 Ok: queued as ")
    assert s.wait(1)[0][1].endswith(b"".join(parts[2:]))
    assert len(s.received) == 1


def test_a_single_chunk_pipelined_with_its_envelope(relay):
    p, s = relay()
    raw = secured(p)
    text = b"From: a@sender.test\r\n\r\nhi\r\n"
    for _ in range(3):
        raw.send(b"MAIL FROM:<a@sender.test>\r\nRCPT TO:<b@far.test>\r\n"
                 b"BDAT %d LAST\r\n" % len(text) + text)
    for _ in range(3):
        assert [raw.reply()[:3] for _ in range(3)] == ["250"] * 3
    s.wait(3)


def test_chunks_out_of_turn_are_swallowed(relay):
    p, s = relay()
    raw = secured(p)
    evil = b"MAIL FROM:<x@y.test>\r\nRSET\r\n"
    raw.send(b"BDAT %d LAST\r\n" % len(evil) + evil)
    assert raw.reply().startswith("503 5.5.1")
    raw.ask("MAIL FROM:<a@sender.test>")
    raw.send(b"BDAT %d LAST\r\n" % len(evil) + evil)
    assert raw.reply().startswith("503 5.5.1")
    assert raw.ask("RCPT TO:<b@far.test>").startswith("250")
    # Refused recipients, and the client pipelined its chunks regardless.
    raw.ask("RSET")
    raw.send(b"MAIL FROM:<a@sender.test>\r\nRCPT TO:<no address>\r\n"
             b"BDAT 5\r\nhelloBDAT 7 LAST\r\nworld\r\nNOOP\r\n")
    assert [raw.reply()[:3] for _ in range(5)] == [
        "250", "501", "503", "503", "250"]
    assert s.received == []


@pytest.mark.parametrize("text", [
    b"a\rb\r\n", b"a\nb\r\n", b"a\r", b"\r\n.\n", b"\n.\r\n", b"a\0\r\n"])
def test_bare_newlines_in_chunks_end_the_session(relay, text):
    p, s = relay()
    raw = secured(p)
    start_transaction(raw)
    whole = b"Subject: x\r\n\r\n" + text
    raw.send(b"BDAT %d LAST\r\n" % len(whole) + whole)
    assert raw.reply().startswith("554 5.6.0 [")
    assert raw.is_closed()
    assert s.received == []


def test_too_big_by_chunks(relay):
    p, s = relay(submission={"message_size_max": "64k"})
    raw = secured(p)
    start_transaction(raw)
    part = b"x" * 998 + b"\r\n"
    raw.send(b"BDAT 60000\r\n" + part * 60)
    assert raw.reply().startswith("250")
    raw.send(b"BDAT 10000\r\n" + part * 10 + b"BDAT 1000 LAST\r\n" + part)
    assert raw.reply().startswith("552 5.3.4 [message_size]")
    assert raw.reply().startswith("503")
    assert raw.ask("NOOP").startswith("250")
    start_transaction(raw)
    assert raw.ask("BDAT 99999999").startswith("552 5.3.4 [message_size]")
    assert raw.is_closed()
    assert s.received == []
