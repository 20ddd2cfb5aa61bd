# SPDX-License-Identifier: BSD-2-Clause
"""The other door: DNS, sources, replies, retries, notifications."""
import email
import smtplib
import threading
import time

import pytest

from conftest import server_tls, wait_until
from sink import Drop, Silent

SOURCES = {"main": {"sources": [{"address": "127.0.0.11",
                                 "helo": "out1.relay.test"}]}}


@pytest.fixture
def world(posthorn, sink, names):
    """A daemon that finds its way by DNS to sinks on 127.0.1.x."""
    def make(zones, hosts=("127.0.1.1",), behave=None, sink_options=None,
             policy_zones=None, **changes):
        s = sink(hosts=hosts, behave=behave, **(sink_options or {}))
        n = names(dict({"test": []}, **zones))
        delivery = {"port": s.port,
                    "private_networks_allowed": ["127.0.0.0/8"]}
        delivery.update(changes.pop("delivery", {}))
        p = posthorn(zones=policy_zones or SOURCES, delivery=delivery,
                     dns={"servers": [f"127.0.0.1@{n.port}"],
                          "timeout": "5s"}, **changes)
        p.start().add_account()
        return p, s
    return make


MX = {"far.test": ["@ MX 10 mx1", "mx1 A 127.0.1.1"]}


def test_mx_source_and_helo(world):
    p, s = world(MX)
    p.send("b@far.test")
    row, _ = s.wait(1)[0]
    assert (row["peer"], row["local"]) == ("127.0.0.11", "127.0.1.1")
    assert row["helo"] == "out1.relay.test"
    event = p.wait_event("delivered")[0]
    assert event["source"] == "127.0.0.11"
    assert event["mx"] == "mx1.far.test"
    assert event["mx_group"] == "far.test"
    assert event["code"] == 250 and event["zone"] == "main"


def test_mx_order_and_fallback_to_the_next_host(world):
    p, s = world({"far.test": ["@ MX 10 dead", "@ MX 20 alive",
                               "dead A 127.0.1.9", "alive A 127.0.1.1"]})
    p.send("b@far.test")
    row, _ = s.wait(1)[0]
    assert row["local"] == "127.0.1.1"
    assert p.wait_event("delivered")[0]["mx"] == "alive.far.test"


def test_no_mx_means_the_domain_itself(world):
    p, s = world({"far.test": ["@ A 127.0.1.1"]})
    p.send("b@far.test")
    assert s.wait(1)[0][0]["local"] == "127.0.1.1"


def dsn_of(s, count=1):
    """The notification among what the sink got."""
    for row, data in s.wait(count):
        if row["from"] == "":
            return row, email.message_from_bytes(data)
    raise AssertionError("no notification")


@pytest.mark.parametrize("name,zone,status,words", [
    ("null MX", ["@ MX 0 ."], "5.1.10", "takes no mail"),
    ("MX to ourselves", ["@ MX 10 relay.test."], "5.4.6", "loops back"),
    ("MX without address", ["@ MX 10 nowhere"], "5.4.4", "no address"),
])
def test_dns_says_never(world, name, zone, status, words):
    p, s = world({"far.test": zone,
                  "sender.test": ["@ MX 10 mx", "mx A 127.0.1.1"]})
    p.send("b@far.test")
    row, report = dsn_of(s)
    assert row["to"] == ["a@sender.test"]
    assert report.get_content_type() == "multipart/report"
    parts = report.get_payload()
    assert [part.get_content_type() for part in parts] == [
        "text/plain", "message/delivery-status", "text/rfc822-headers"]
    fields = parts[1].get_payload()[1]
    assert fields["Final-Recipient"] == "rfc822; b@far.test"
    assert fields["Action"] == "failed"
    assert fields["Status"] == status
    assert words in fields["Diagnostic-Code"]
    assert "Subject: hi" in parts[2].get_payload()
    wait_until("the queue is empty", lambda: p.rows("queue") == [])


def test_no_such_domain_bounces(world):
    p, s = world({"sender.test": ["@ MX 10 mx", "mx A 127.0.1.1"]})
    p.send("b@gone.test")
    _, report = dsn_of(s)
    assert report.get_payload()[1].get_payload()[1]["Status"] == "5.1.2"


def test_dns_trouble_defers(world):
    p, _ = world({})
    p.send("b@elsewhere.invalid-zone-nobody-serves.example")
    event = p.wait_event("deferred")[0]
    assert event["class"] == "dns" and event["code"] == 451


def test_private_addresses_are_refused(world):
    p, s = world(dict(MX, **{"sender.test": ["@ MX 10 mx",
                                             "mx A 127.0.1.1"]}),
                 delivery={"private_networks_allowed": []})
    p.send("b@far.test", sender="")
    event = p.wait_event("bounced")[0]
    assert event["enhanced"] == "5.4.4"
    assert "no public address" in event["text"]
    assert s.connections == 0


def test_greylisting_is_retried_from_the_same_source(world):
    tries = []

    def behave(session, step, argument):
        if step == "rcpt":
            tries.append((time.monotonic(), session.peer))
            if len(tries) == 1:
                return "451 4.7.1 Greylisted, try again"
        return None
    zones = {"main": {"sources": [{"address": f"127.0.0.{i}"}
                                  for i in range(11, 16)]}}
    p, s = world(MX, behave=behave, policy_zones=zones)
    ident = p.send("b@far.test")
    event = p.wait_event("deferred")[0]
    assert event["class"] == "greylisted" and event["attempt"] == 1
    shown = p.rows("queue", "show", ident)[0]["open"][0]
    assert "Greylisted" in shown["why_waiting"]
    s.wait(1)
    assert tries[0][1] == tries[1][1]
    assert 0.8 <= tries[1][0] - tries[0][0] <= 4
    assert p.wait_event("delivered")[0]["attempt"] == 2


def test_first_retry_is_60_to_90_s_by_default(world):
    def behave(session, step, argument):
        return "450 4.2.0 later" if step == "rcpt" else None
    p, _ = world(MX, behave=behave, delivery={"retry": ["75s", "5m"]})
    idents = [p.send("b@far.test") for _ in range(5)]
    p.wait_event("deferred", 5)
    for ident in idents:
        row = p.rows("queue", "show", ident)[0]
        one = row["open"][0]
        wait = (time.mktime(time.strptime(one["next_try"][:19],
                                          "%Y-%m-%dT%H:%M:%S")) -
                time.mktime(time.strptime(one["last_try"][:19],
                                          "%Y-%m-%dT%H:%M:%S")))
        assert 59 <= wait <= 91


def test_recipients_of_a_message_share_a_transaction(world):
    def behave(session, step, argument):
        if step == "rcpt" and argument == "bad@far.test":
            return "550 5.1.1 no such user"
        if step == "rcpt" and argument == "full@far.test":
            return "452 4.2.2 mailbox full"
        return None
    p, s = world(dict(MX, **{"sender.test": ["@ MX 10 mx",
                                             "mx A 127.0.1.1"]}),
                 behave=behave, delivery={"retry": ["1h"]})
    p.send(["a@far.test", "bad@far.test", "b@far.test", "full@far.test"])
    rows = s.wait(2)
    assert ["a@far.test", "b@far.test"] in [r["to"] for r, _ in rows]
    _, report = dsn_of(s, 2)
    assert "bad@far.test" in report.get_payload()[1].as_string()
    assert "full@far.test" not in report.as_string()
    bounced = p.wait_event("bounced")[0]
    assert bounced["class"] == "invalid_recipient"
    wait_until("one is left", lambda: [
        (r["to"], r["state"]) for r in p.rows("queue", "list")] == [
            ("full@far.test", "deferred")])


def test_connection_is_used_again(world):
    p, s = world(MX)
    with p.client() as c:
        for i in range(20):
            p.transact(c, "a@sender.test", [f"u{i}@far.test"],
                       b"Subject: x\r\n\r\nx\r\n")
    s.wait(20)
    assert s.connections < 20


def test_no_notification_for_the_null_sender(world):
    def behave(session, step, argument):
        return "550 5.1.1 no" if step == "rcpt" else None
    p, s = world(MX, behave=behave)
    p.send("b@far.test", sender="")
    p.wait_event("bounced")
    p.send("c@far.test", sender="", headers="Auto-Submitted: auto-replied\r\n")
    p.wait_event("bounced", 2)
    assert p.rows("queue", "list") == []
    assert [e for e in p.events() if e.get("text") == "notification"] == []


def test_expiry_tells_the_sender(world):
    def behave(session, step, argument):
        late = step == "rcpt" and argument == "b@far.test"
        return "450 4.2.0 later" if late else None
    p, s = world(dict(MX, **{"sender.test": ["@ MX 10 mx",
                                             "mx A 127.0.1.1"]}),
                 behave=behave, delivery={"lifetime": "3s"})
    p.send("b@far.test")
    _, report = dsn_of(s)
    fields = report.get_payload()[1].get_payload()[1]
    assert fields["Status"].startswith("5.")
    assert p.wait_event("expired")[0]["to"] == "b@far.test"
    assert len(p.wait_event("deferred")) >= 1


def test_expiry_while_held_and_paused(world):
    p, s = world(MX, delivery={"lifetime": "3s"})
    p.cli("zone", "pause", "main")
    p.send("paused@far.test", sender="")
    ident = p.send("held@far.test", sender="")
    p.cli("queue", "hold", ident)
    p.wait_event("expired", to="held@far.test")
    p.wait_event("expired", to="paused@far.test")
    assert s.received == []


@pytest.mark.parametrize("step", ["connect", "ehlo", "mail", "rcpt", "data",
                                  "line", "dot"])
def test_a_host_that_drops_us_is_tried_again(world, step):
    seen = []

    def behave(session, at, argument):
        if at == step:
            seen.append(at)
            if len(seen) == 1:
                raise Drop
        return None
    p, s = world(MX, behave=behave)
    p.send("b@far.test")
    rows = s.wait(1, 60)
    assert rows[0][0]["to"] == ["b@far.test"]
    p.wait_event("delivered")
    wait_until("the queue is empty", lambda: p.rows("queue") == [])


@pytest.mark.parametrize("step", ["connect", "mail", "dot"])
def test_a_host_that_says_nothing_times_out(world, step):
    seen = []

    def behave(session, at, argument):
        if at == step and not seen:
            seen.append(at)
            return Silent
        return None
    p, s = world(MX, behave=behave, delivery={
        "command_timeout": "1s", "data_timeout": "1s"})
    p.send("b@far.test")
    p.wait_event("deferred")
    s.wait(1, 60)


def test_421_in_the_greeting_and_554(world):
    said = []

    def behave(session, step, argument):
        if step == "connect" and len(said) < 2:
            said.append(1)
            return "421 busy" if len(said) == 1 else "554 5.7.1 not you"
        return None
    p, s = world(MX, behave=behave)
    p.send("b@far.test")
    s.wait(1, 90)
    assert p.wait_event("deferred")[0]["code"] in (421, 450)
    assert not [e for e in p.events() if e["event"] == "bounced"]


def test_opportunistic_tls_and_a_broken_one(world, certificate):
    p, s = world(MX, sink_options={"tls": server_tls(certificate)})
    p.send("b@far.test")
    assert s.wait(1)[0][0]["tls"]
    assert p.wait_event("delivered")[0]["tls"].startswith("TLSv1.3")


def test_tls_that_breaks_is_left_out_when_optional(world):
    p, s = world(MX, sink_options={"keywords": ["PIPELINING", "STARTTLS"]})
    p.send("b@far.test")
    assert not s.wait(1)[0][0]["tls"]


def test_tls_is_never_left_out_when_required(world):
    p, s = world(MX, delivery={"tls": "encrypt"})
    p.send("b@far.test")
    event = p.wait_event("deferred")[0]
    assert event["class"] == "tls"
    assert s.received == []


def test_without_pipelining_and_ehlo(world):
    def behave(session, step, argument):
        return "502 5.5.1 no" if step == "ehlo" else None
    p, s = world(MX, behave=behave)
    p.send(["a@far.test", "b@far.test"])
    row, _ = s.wait(1)[0]
    assert row["to"] == ["a@far.test", "b@far.test"]
    assert row["params"] == ""


def test_size_and_8bit_are_announced(world):
    p, s = world(MX)
    p.send("b@far.test", text="gr\u00fc\u00dfe")
    row, data = s.wait(1)[0]
    assert row["params"] == f"SIZE={len(data)} BODY=8BITMIME"


def test_address_literal(world):
    p, s = world({})
    p.send("b@[127.0.1.1]")
    assert s.wait(1)[0][0]["to"] == ["b@[127.0.1.1]"]


def test_next_hop_with_auth_over_verified_tls_only(posthorn, sink,
                                                   certificate):
    s = sink(tls=server_tls(certificate))
    p = posthorn(zones={"main": {"next_hop": {
        "host": "127.0.0.1", "port": s.port, "tls": "starttls",
        "auth": {"login": "me", "secret": "pw"}}}})
    p.start().add_account()
    p.send("b@far.test")
    # The test's certificate is no authority's: nothing may be said to it.
    event = p.wait_event("deferred")[0]
    assert event["class"] == "tls"
    assert not any(c.startswith(("AUTH", "MAIL"))
                   for session in s.sessions for c in session.commands)


def test_large_body_is_sent_from_disk_and_dot_stuffed(world):
    p, s = world(MX)
    lines = b"".join(b".%07d\r\n" % i for i in range(100000))
    with p.client() as c:
        p.transact(c, "a@sender.test", ["b@far.test"],
                   b"Subject: big\r\n\r\n" + lines)
    _, data = s.wait(1, 60)[0]
    assert data.endswith(b"\r\n\r\n" + lines)


def test_restart_delivers_what_waits(world):
    p, s = world(MX)
    p.cli("zone", "pause", "main")
    idents = [p.send(f"u{i}@far.test") for i in range(30)]
    p.stop()
    p.start()
    assert len(p.rows("queue", "list")) == 30
    p.cli("zone", "resume", "main")
    s.wait(30)
    wait_until("queue is empty", lambda: p.rows("queue", "list") == [])
    assert len(set(idents)) == 30


PLAIN = b"From: a@near.test\r\nTo: b@far.test\r\nSubject: x\r\n\r\nhello\r\n"
BOTH = {"far.test": ["@ MX 10 mx1", "mx1 A 127.0.1.1"],
        "near.test": ["@ MX 10 mx1", "mx1 A 127.0.1.2"]}


def send_with(p, options, rcpt_options, to="b@far.test", message=PLAIN):
    with p.client() as c:
        c.ehlo()
        return p.transact(c, "a@near.test", [to], message, options,
                          rcpt_options)


def test_dsn_parameters_go_on_to_who_knows_them(world):
    p, s = world(BOTH, sink_options={"keywords": ["PIPELINING", "DSN"]})
    send_with(p, ["RET=HDRS", "ENVID=QQ+2B1"],
              ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;B@far.test"])
    row, _ = s.wait(1)[0]
    assert row["params"] == "RET=HDRS ENVID=QQ+2B1"
    assert row["rcpt_params"] == [
        "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;B@far.test"]
    p.wait_event("delivered")
    # The next host answers for it now: nothing comes from us.
    assert not [e for e in p.events() if e.get("text") == "notification"]


def test_success_is_told_where_the_next_host_knows_no_dsn(world):
    p, s = world(BOTH, hosts=("127.0.1.1", "127.0.1.2"))
    send_with(p, ["ENVID=QQ1"], ["NOTIFY=SUCCESS",
                                 "ORCPT=rfc822;B@far.test"])
    told = s.wait(2)[1]
    assert (told[0]["from"], told[0]["to"]) == ("", ["a@near.test"])
    assert told[0]["rcpt_params"] == [""]
    for text in (b"Action: relayed", b"Status: 2.0.0",
                 b"Original-Envelope-Id: QQ1",
                 b"Original-Recipient: rfc822;B@far.test"):
        assert b"\r\n" + text + b"\r\n" in told[1], told[1]


@pytest.mark.parametrize("notify, is_told", [
    ("NOTIFY=NEVER", False), ("NOTIFY=SUCCESS,DELAY", False),
    ("NOTIFY=FAILURE", True)])
def test_failure_is_told_to_who_asked(world, notify, is_told):
    def behave(session, step, argument):
        return "550 5.1.1 nobody" if argument == "b@far.test" else None
    p, s = world(BOTH, hosts=("127.0.1.1", "127.0.1.2"), behave=behave)
    send_with(p, ["RET=FULL"], [notify])
    p.wait_event("bounced")
    if is_told:
        _, text = s.wait(1)[0]
        assert b"\r\nContent-Type: message/rfc822\r\n" in text
        assert b"\r\n\r\nhello\r\n" in text
    else:
        assert not [e for e in p.events() if e.get("text") == "notification"]


def test_delay_is_told_once(world):
    def behave(session, step, argument):
        return "450 4.2.1 later" if argument == "b@far.test" else None
    p, s = world(BOTH, hosts=("127.0.1.1", "127.0.1.2"), behave=behave,
                 delivery={"delay_notice": "1s", "retry": ["1s"]})
    send_with(p, [], ["NOTIFY=DELAY,FAILURE"])
    _, text = s.wait(1)[0]
    assert b"\r\nAction: delayed\r\n" in text
    assert b"\r\nWill-Retry-Until: " in text
    p.wait_event("deferred", count=5)
    assert len(s.received) == 1


def test_utf8_addresses_go_where_they_are_understood(world):
    p, s = world({"far.test": ["@ MX 10 mx1", "mx1 A 127.0.1.1"]},
                 sink_options={"keywords": ["SMTPUTF8", "8BITMIME"]})
    raw = f"From: ä@near.test\r\nTo: ö@far.test\r\n\r\nhi\r\n".encode()
    with p.client() as c:
        c.ehlo()
        c.command_encoding = "utf-8"
        p.transact(c, "ä@near.test", ["ö@far.test"], raw, ["SMTPUTF8"])
    row, _ = s.wait(1)[0]
    assert (row["from"], row["to"]) == ("ä@near.test", ["ö@far.test"])
    assert "SMTPUTF8" in row["params"]


def test_utf8_addresses_bounce_where_they_are_not(world):
    p, s = world(BOTH, hosts=("127.0.1.1", "127.0.1.2"))
    with p.client() as c:
        c.ehlo()
        c.command_encoding = "utf-8"
        p.transact(c, "a@near.test", ["ö@far.test", "b@far.test"], PLAIN,
                   ["SMTPUTF8", "BODY=8BITMIME"])
    rows = s.wait(2)
    plain = [r for r in rows if r[0]["from"] != ""]
    assert [r[0]["to"] for r in plain] == [["b@far.test"]]
    told = [r for r in rows if r[0]["from"] == ""]
    assert told[0][0]["to"] == ["a@near.test"]
    assert "Final-Recipient: utf-8; ö@far.test".encode() in told[0][1]
    assert p.wait_event("bounced")[0]["enhanced"] == "5.6.7"


@pytest.mark.parametrize("to_data", ["554 5.5.1 no valid recipients",
                                     "503 5.5.1 no", "354 go"])
def test_refused_recipients_do_no_harm_to_the_next_message(world, to_data):
    """Hosts that answer MAIL within a transaction with 503, as most do."""
    def behave(session, step, argument):
        if step == "rcpt" and argument.startswith("nobody"):
            return "550 5.1.1 no such user"
        if step == "data" and not session.recipients:
            return to_data
        return None
    p, s = world(MX, behave=behave, policy_zones={"main": {
        "sources": [{"address": "127.0.0.11"}], "lane_connections_max": 1}})
    for i in range(3):
        p.send(f"nobody{i}@far.test", sender="")
        p.send(f"b{i}@far.test", sender="")
    s.wait(3)
    p.wait_event("delivered", count=3)
    assert {e["to"] for e in p.wait_event("bounced", count=3)} == {
        "nobody0@far.test", "nobody1@far.test", "nobody2@far.test"}


@pytest.mark.parametrize("step, reply", [
    ("data", "250 2.0.0 thanks already"), ("rcpt", "354 go on"),
    ("starttls", "250 why not"),
    ("ehlo", "354 go on"), ("connect", "354 go on")])
def test_only_the_last_reply_is_a_delivery(world, certificate, step, reply):
    seen = []

    def behave(session, at, argument):
        if at == step and not seen:
            seen.append(at)
            return reply
        return None
    p, s = world(MX, behave=behave, delivery={"tls": "encrypt"},
                 sink_options={"tls": server_tls(certificate)})
    p.send("b@far.test")
    p.wait_event("deferred")
    s.wait(1)
    p.wait_event("delivered")
    names = [e["event"] for e in p.events() if e.get("to") == "b@far.test"]
    assert names.index("deferred") < names.index("delivered")
    assert names.count("delivered") == 1


def test_421_to_starttls_backs_off(world, certificate):
    seen = []

    def behave(session, at, argument):
        if at == "starttls":
            seen.append(at)
            return "421 4.3.2 not now"
        return None
    p, s = world(MX, behave=behave, delivery={
        "backoff": ["300ms"], "retry": ["1s"], "lifetime": "4s"},
        sink_options={"tls": server_tls(certificate)})
    p.send("b@far.test", sender="")
    p.wait_event("deferred", count=2)
    p.wait_event("expired")
    assert len(seen) < 15


def test_552_to_rcpt_waits_unless_a_mailbox_is_full(world):
    def behave(session, step, argument):
        if step == "rcpt" and argument == "full@far.test":
            return "552 5.2.2 mailbox full"
        if step == "rcpt" and len(session.recipients) == 2:
            return "552 too many recipients"
        return None
    p, s = world(MX, behave=behave)
    p.send(["a@far.test", "b@far.test", "full@far.test", "c@far.test"],
           sender="")
    assert sorted(to for row, _ in s.wait(2) for to in row["to"]) == [
        "a@far.test", "b@far.test", "c@far.test"]
    assert [e["to"] for e in p.wait_event("bounced")] == ["full@far.test"]


def test_a_bounce_by_the_operator_while_it_is_sent(world):
    """The row is due in the past when the try fails."""
    go = threading.Event()

    def behave(session, step, argument):
        if step == "dot":
            go.wait(20)
            return "450 4.2.0 later"
        return None
    p, s = world(MX, behave=behave, delivery={"retry": ["1h"]})
    ident = p.send("b@far.test", sender="")
    wait_until("it is being sent", lambda: s.sessions and
               "DATA" in s.sessions[0].commands)
    p.cli("queue", "bounce", ident)
    go.set()
    p.wait_event("expired")
    wait_until("the queue is empty", lambda: p.rows("queue") == [])


def test_each_command_has_its_own_time(world):
    def behave(session, step, argument):
        if step == "rcpt":
            time.sleep(0.4)
        return None
    p, s = world(MX, behave=behave, delivery={"command_timeout": "1s"})
    p.send([f"b{i}@far.test" for i in range(5)])
    assert len(s.wait(1)[0][0]["to"]) == 5


def test_unicode_domains_are_asked_for_as_dns_has_them(world):
    p, s = world({"xn--bcher-kva.test": ["@ MX 10 mx1", "mx1 A 127.0.1.1"]},
                 sink_options={"keywords": ["SMTPUTF8", "8BITMIME"]})
    with p.client() as c:
        c.ehlo()
        c.command_encoding = "utf-8"
        p.transact(c, "a@near.test", ["b@bücher.test"], PLAIN, ["SMTPUTF8"])
    assert s.wait(1)[0][0]["to"] == ["b@bücher.test"]


def test_requiretls_bounces_where_it_is_not_kept(world, certificate):
    p, s = world(BOTH, hosts=("127.0.1.1", "127.0.1.2"),
                 sink_options={"tls": server_tls(certificate),
                               "keywords": ["REQUIRETLS", "8BITMIME"]})
    send_with(p, ["REQUIRETLS"], [])
    assert p.wait_event("bounced")[0]["enhanced"] == "5.7.30"
    assert [row["from"] for row, _ in s.wait(1)] == [""]


def test_requiretls_goes_on_to_a_proven_host_that_keeps_it(
        posthorn, sink, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    s = sink(tls=server_tls(certificate), keywords=["REQUIRETLS"])
    p = posthorn(zones={"main": {"next_hop": {
        "host": "127.0.0.1", "port": s.port, "tls": "starttls"}}})
    p.start().add_account()
    send_with(p, ["REQUIRETLS"], [])
    assert "REQUIRETLS" in s.wait(1)[0][0]["params"].split()


def test_mail_for_later(world):
    p, s = world(MX)
    start = time.time()
    ident = p.send("later@far.test", headers="X-Posthorn-Send-At: 3s\r\n")
    p.send("now@far.test")
    assert s.wait(1)[0][0]["to"] == ["now@far.test"]
    row = p.rows("queue", "list")[0]
    assert (row["id"], row["state"]) == (ident, "queued")
    # It waits on disk, over a restart too.
    p.stop()
    p.start()
    row, data = s.wait(2)[1]
    assert row["to"] == ["later@far.test"] and row["time"] >= start + 3
    assert b"X-Posthorn-Send-At" not in data
    far = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + 86400))
    p.send("c@far.test", headers=f"X-Posthorn-Send-At: {far}\r\n")
    assert p.rows("queue", "list")[0]["due"][:19] == far[:19]


def test_mail_that_must_not_be_late(world):
    p, s = world(MX, behave=lambda session, step, argument:
                 "450 later" if step == "rcpt" else None)
    p.send("b@far.test", sender="",
           headers="X-Posthorn-Deliver-By: 2s\r\n")
    p.wait_event("expired")


@pytest.mark.parametrize("field", [
    "Send-At: soon", "Send-At: 2126-01-01T00:00:00Z", "Send-At: 31d",
    "Deliver-By: 2020-01-01T00:00:00Z", "Deliver-By: x"])
def test_wishes_that_cannot_be_met(world, field):
    p, _ = world(MX)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        p.send("b@far.test", headers=f"X-Posthorn-{field}\r\n")
    token = field.split(":")[0].lower()
    assert caught.value.smtp_error.startswith(
        f"5.6.0 [malformed:x-posthorn-{token}]".encode())


def test_a_client_names_the_zone_where_policy_lets_it(world):
    zones = {"main": SOURCES["main"],
             "other": {"sources": [{"address": "127.0.0.21"}]}}
    p, s = world(MX, policy_zones=zones)
    field = "X-Posthorn-Zone: other\r\n"
    p.send("b@far.test", headers=field)
    p.cli("policy", "set", "zone_header", "on", "--account", "acme")
    p.send("b@far.test", headers=field)
    p.send("b@far.test", headers="X-Posthorn-Zone: none\r\n")
    rows = s.wait(3)
    assert sorted(row["peer"] for row, _ in rows) == [
        "127.0.0.11", "127.0.0.11", "127.0.0.21"]
    assert not any(b"X-Posthorn-Zone" in data for _, data in rows)
