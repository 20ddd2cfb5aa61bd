# SPDX-License-Identifier: BSD-2-Clause
"""Whom mail may come from and go to: rules, suppressions, traps, domains."""
from conftest import wait_until
from test_operations import SPAM

GOOD = b"From: a@sender.test\r\nTo: b@far.test\r\nSubject: x\r\n\r\nhello\r\n"


def ask(p, sender="a@sender.test", to=("b@far.test",), message=GOOD):
    """The replies to MAIL, each RCPT and the data."""
    replies = []
    with p.client() as c:
        replies.append(c.mail(sender))
        replies += [c.rcpt(one) for one in to]
        if any(code == 250 for code, _ in replies[1:]) and \
                replies[0][0] == 250:
            replies.append(c.data(message))
    return [(code, text.decode()) for code, text in replies]


def test_suppressed_recipients_are_refused_at_rcpt(relay):
    p, s = relay()
    p.cli("account", "add", "other")
    p.cli("suppress", "add", "Gone@Far.test", "--account", "acme",
          "--reason", "bounce")
    p.cli("suppress", "add", "other@far.test", "--account", "other")
    p.cli("suppress", "add", "all@far.test")
    p.cli("suppress", "add", "old@far.test", "--expires", "1ms")
    replies = ask(p, to=["gone@far.test", "other@far.test", "all@far.test",
                         "GONE@FAR.TEST", "old@far.test"])
    assert [code for code, _ in replies] == [250, 550, 250, 550, 550, 250,
                                             250]
    assert replies[1][1].startswith("5.7.1 [suppressed:bounce] ")
    assert replies[3][1].startswith("5.7.1 [suppressed:manual] ")
    assert s.wait(1)[0][0]["to"] == ["other@far.test", "old@far.test"]
    told = p.wait_event("suppressed", count=3)
    assert {e["to"] for e in told} == {"gone@far.test", "all@far.test",
                                       "GONE@far.test"}
    rows = p.rows("suppress", "list", "--account", "acme")
    assert [(r["address"], r["reason"]) for r in rows] == [
        ("gone@far.test", "bounce")]
    p.cli("suppress", "remove", "gone@far.test", "--account", "acme")
    assert ask(p, to=["gone@far.test"])[1][0] == 250
    assert p.cli("suppress", "remove", "gone@far.test",
                 check=False).returncode == 4
    assert p.cli("suppress", "add", "no address",
                 check=False).returncode == 2


def test_many_suppressions_are_imported(relay):
    p, _ = relay()
    lines = "".join(f"u{i}@far.test,complaint\n" for i in range(12345))
    rows = p.rows("suppress", "import", "--account", "acme",
                  input=lines + "\nnonsense\n")
    assert sum(r["imported"] for r in rows) == 12345
    assert sum(r["no_address"] for r in rows) == 1
    assert len(p.rows("suppress", "list")) == 12345
    assert ask(p, to=["u12344@far.test"])[1][1].startswith(
        "5.7.1 [suppressed:complaint]")


def test_more_suppressed_recipients_than_errors_allowed(relay):
    p, s = relay(submission={"errors_max": 3})
    for i in range(10):
        p.cli("suppress", "add", f"u{i}@far.test")
    replies = ask(p, to=[f"u{i}@far.test" for i in range(12)])
    assert [code for code, _ in replies[1:]] == [550] * 10 + [250] * 3
    s.wait(1)


def test_rules_deny_and_allow(relay):
    p, s = relay()
    p.cli("rule", "add", "deny", "sender", "Bad@Sender.test",
          "--reason", "asked to stop")
    p.cli("rule", "add", "deny", "sender-domain", "evil.test")
    p.cli("rule", "add", "deny", "sender-prefix", "www-data@")
    p.cli("rule", "add", "deny", "recipient", "never@far.test")
    p.cli("rule", "add", "deny", "recipient-domain", "closed.test")
    p.cli("rule", "add", "allow", "sender", "www-data@good.test",
          "--account", "acme")
    for sender, code in (("bad@sender.test", 550), ("x@evil.test", 550),
                         ("x@sub.evil.test", 250), ("www-data@x.test", 550),
                         ("www-data@good.test", 250), ("a@sender.test", 250)):
        replies = ask(p, sender=sender)
        assert replies[0][0] == code, (sender, replies)
    assert "asked to stop" in ask(p, sender="bad@sender.test")[0][1]
    replies = ask(p, to=["never@far.test", "x@closed.test", "b@far.test"])
    assert [code for code, _ in replies[1:]] == [550, 550, 250, 250]
    wait_until("hits are counted", lambda: [
        r["hits"] for r in p.rows("rule", "list")] == [2, 1, 1, 1, 1, 1])
    refused = [e for e in p.events() if e["event"] == "rejected"]
    assert len(refused) == 6
    number = p.rows("rule", "list")[1]["rule"]
    p.cli("rule", "remove", number)
    assert ask(p, sender="x@evil.test")[0][0] == 250


def test_allowed_mail_is_not_refused_for_its_content(relay):
    p, s = relay()
    p.cli("policy", "set", "reject", "3")
    assert ask(p, message=SPAM)[2][0] == 550
    p.cli("rule", "add", "allow", "recipient", "b@far.test")
    assert ask(p, message=SPAM)[2][0] == 250
    # Not where another recipient hides behind it.
    assert ask(p, to=["b@far.test", "c@far.test"], message=SPAM)[3][0] == 550
    p.cli("rule", "add", "allow", "sender", "a@sender.test", "--expires",
          "1h", "--account", "acme")
    assert ask(p, to=["c@far.test"], message=SPAM)[2][0] == 250
    s.wait(2)


def test_rule_errors_say_what_to_do(relay):
    p, _ = relay()
    for words, what in (
            (("block", "sender", "a@b.test"), "allow or deny"),
            (("deny", "from", "a@b.test"), "sender-domain"),
            (("deny", "sender", "b.test"), "no address"),
            (("deny", "sender-domain", "@b.test"), "no domain")):
        done = p.cli("rule", "add", *words, check=False)
        assert done.returncode == 2 and what in done.stderr, done.stderr
    done = p.cli("rule", "add", "deny", "sender", "a@b.test", "--account",
                 "nobody", check=False)
    assert done.returncode == 4 and "no account nobody" in done.stderr


def test_from_policy(relay):
    p, s = relay()
    p.cli("domain", "add", "acme", "shop.test")
    p.cli("policy", "set", "from_policy", "account", "--account", "acme")

    def sent(sender, header):
        message = (f"From: {header}\r\nTo: b@far.test\r\nSubject: x\r\n\r\n"
                   "hi\r\n").encode()
        replies = ask(p, sender=sender, message=message)
        return next((r for r in replies if r[0] != 250), (250, ""))
    for sender, header, code in (
            ("a@shop.test", "a@shop.test", 250),
            ("a@news.shop.test", "Shop <x@Mail.Shop.test>", 250),
            ("", "a@shop.test", 250),
            ("a@other.test", "a@shop.test", 550),
            ("a@shop.test", "a@other.test", 550),
            ("a@shop.test", "a@shop.test, b@other.test", 550),
            ("a@shop.test", "\"a@shop.test\" <b@other.test>", 550),
            ("a@xshop.test", "a@shop.test", 550),
            ("a@shop.test", "a@test", 550)):
        reply = sent(sender, header)
        assert reply[0] == code, (sender, header, reply)
        if code == 550:
            assert reply[1].startswith("5.7.1 [from_not_permitted] ")
    p.cli("policy", "set", "from_policy", "verified", "--account", "acme")
    assert sent("a@shop.test", "a@shop.test")[0] == 550
    p.cli("domain", "remove", "acme", "shop.test")
    p.cli("policy", "set", "from_policy", "any", "--account", "acme")
    assert sent("a@shop.test", "a@other.test")[0] == 250


def test_a_domain_is_proved_by_dns(posthorn, sink, names):
    s = sink()
    p = posthorn(zones={"main": {"next_hop": {
        "host": "127.0.0.1", "port": s.port, "tls": "none"}}})
    p.start().add_account()
    row = p.rows("domain", "add", "acme", "Shop.test")[0]
    assert row["verified"] == "no"
    again = p.rows("domain", "add", "acme", "shop.test")[0]
    assert again["txt_value"] == row["txt_value"]
    p.stop()
    assert row["txt_name"] == "_posthorn.shop.test"
    n = names({"test": [], "shop.test": [
        f'_posthorn TXT "{row["txt_value"]}"', '_posthorn TXT "other"'],
        "evil.test": ['_posthorn TXT "posthorn-verify=x"']})
    p.config["dns"] = {"servers": [f"127.0.0.1@{n.port}"], "timeout": "5s"}
    p.write_config()
    p.start()
    p.cli("policy", "set", "from_policy", "verified")
    assert ask(p, sender="a@shop.test")[0][0] == 550
    p.cli("domain", "add", "acme", "evil.test")
    done = p.cli("domain", "verify", "acme", "evil.test", check=False)
    assert done.returncode == 1
    assert "has no TXT record \"posthorn-verify=" in done.stderr
    assert p.cli("domain", "verify", "acme", "none.test",
                 check=False).returncode == 4
    assert p.rows("domain", "verify", "acme", "shop.test")[0][
        "verified"] != "no"
    message = GOOD.replace(b"a@sender.test", b"a@shop.test")
    replies = ask(p, sender="a@shop.test", message=message)
    assert [code for code, _ in replies] == [250, 250, 250]
