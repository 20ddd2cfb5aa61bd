# SPDX-License-Identifier: BSD-2-Clause
"""What operators do: the queue, policy, zones, reload, the end."""
import json
import signal
import smtplib
import socket
import subprocess
import threading

import pytest

from conftest import BIN, wait_until

SPAM = (b"From: PayPal Security <x@evil.test>\r\nSubject: Your account is "
        b"suspended!!\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
        b"<form action='http://10.20.30.40/'><input type=password></form>"
        b"Please verify your account within 24 hours. "
        b"<a href='http://paypal.evil.test/'>www.paypal.com</a>\r\n")
CLEAN = (b"From: a@sender.test\r\nTo: b@far.test\r\nSubject: lunch\r\n\r\n"
         b"Shall we meet at noon?\r\n")


def refuse(p, message):
    with p.client() as c:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            p.transact(c, "a@sender.test", ["b@far.test"], message)
    return caught.value.smtp_code, caught.value.smtp_error.decode()


def test_spam_is_refused_with_reason_and_explained(relay):
    p, s = relay()
    code, text = refuse(p, SPAM)
    assert code == 550
    assert text.startswith("5.7.1 [content:phish] score ")
    ident = text.split("id ")[1].split(";")[0]
    shown = p.rows("queue", "show", ident)[0]
    assert shown["action"] == "refused"
    names = {f["symbol"] for f in shown["symbols"]}
    assert {"HTML_PASSWORD", "FROM_BRAND"} <= names
    assert abs(sum(f["points"] for f in shown["symbols"]) -
               shown["score"]) < 0.05
    assert [e["event"] for e in shown["events"]] == ["scored", "rejected"]
    person = p.cli("queue", "show", ident).stdout
    assert "HTML_PASSWORD" in person and "why this score" in person
    assert s.received == []


def test_policy_acts_on_the_next_message(relay):
    p, s = relay()
    with p.client() as c:
        p.cli("policy", "set", "reject", "0")
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        assert c.data(CLEAN)[0] == 550
        p.cli("policy", "set", "reject", "5", "--account", "acme")
        p.transact(c, "a@sender.test", ["b@far.test"], CLEAN)
        p.cli("policy", "undo")
        c.mail("a@sender.test")
        c.rcpt("b@far.test")
        assert c.data(CLEAN)[0] == 550
        p.cli("policy", "undo")
        p.transact(c, "a@sender.test", ["b@far.test"], CLEAN)
    assert p.cli("policy", "undo", check=False).returncode == 4
    history = p.rows("policy", "history")
    assert [h.get("undoes") for h in history] == [1, 2, None, None]
    s.wait(2)


def test_weights_and_bad_policy(relay):
    p, _ = relay()
    p.cli("policy", "set", "weight.HTML_PASSWORD", "50")
    _, text = refuse(p, SPAM)
    assert float(text.split("score ")[1].split()[0]) > 50
    for key, value in (("rejct", "5"), ("reject", "many"),
                       ("weight.NO_SUCH", "1"), ("band.nowhere", "3"),
                       ("first_retry", "1s")):
        done = p.cli("policy", "set", key, value, check=False)
        assert done.returncode == 2, (key, done.stderr)
        assert done.stderr.startswith("posthorn: ")
    assert p.cli("policy", "set", "reject", "9", "--account", "nobody",
                 check=False).returncode == 4


def test_bands_and_routes_choose_the_zone(posthorn, sink):
    good, poor, vip = sink(), sink(), sink()

    def zone(s, source):
        return {"sources": [{"address": source}],
                "next_hop": {"host": "127.0.0.1", "port": s.port,
                             "tls": "none"}}
    p = posthorn(zones={"good": zone(good, "127.0.0.21"),
                        "poor": zone(poor, "127.0.0.22"),
                        "vip": zone(vip, "127.0.0.23")},
                 default_zone="poor",
                 routes=[{"header": "X-Pool: vip", "zone": "vip"},
                         {"recipient_domain": "*.gov.test", "zone": "vip"}])
    p.start().add_account()
    p.cli("policy", "set", "band.good", "1")
    ident = p.send("b@far.test")
    assert good.wait(1)[0][0]["peer"] == "127.0.0.21"
    p.send("b@far.test", subject="URGENT OFFER FREE MONEY!!")
    assert poor.wait(1)[0][0]["peer"] == "127.0.0.22"
    p.send("b@far.test", headers="X-Pool: the vip pool\r\n")
    assert vip.wait(1)[0][0]["peer"] == "127.0.0.23"
    p.send(["x@far.test", "y@tax.gov.test"])
    assert vip.wait(2)[1][0]["to"] == ["y@tax.gov.test"]
    assert good.wait(2)[1][0]["to"] == ["x@far.test"]
    assert p.rows("queue", "show", ident)[0]["events"][1]["zone"] == "good"
    p.cli("zone", "drain", "good")
    ident = p.send("b@far.test")
    poor.wait(2)
    p.cli("zone", "resume", "good")
    p.send("b@far.test")
    good.wait(3)
    assert p.cli("zone", "drain", "poor", check=False).returncode == 1


def test_hold_by_score_and_release(relay):
    p, s = relay()
    p.cli("policy", "set", "hold", "0")
    ident = p.send("b@far.test")
    assert p.wait_event("held")[0]["id"] == ident
    row = p.rows("queue", "list", "--state", "held")[0]
    assert row["id"] == ident
    assert "held" in p.rows("queue", "show", ident)[0]["open"][0][
        "why_waiting"]
    assert p.rows("queue", "retry", ident) == [{"changed": 0}]
    assert p.rows("queue", "release", ident) == [{"changed": 1}]
    s.wait(1)


def test_queue_acts(relay):
    p, s = relay()
    p.cli("zone", "pause", "main")
    ids = [p.send(f"u{i}@far.test", sender=f"s{i % 2}@sender.test",
                  text=f"body {i}") for i in range(6)]
    assert len(p.rows("queue")) == 6
    assert "paused" in p.rows("queue", "show", ids[0])[0]["open"][0][
        "why_waiting"]
    assert [r["id"] for r in p.rows("queue", "--to", "u3@far.test")] == [
        ids[3]]
    assert len(p.rows("queue", "list", "--from", "s1@sender.test")) == 3
    assert len(p.rows("queue", "list", "--domain", "far.test")) == 6
    assert p.rows("queue", "list", "--domain", "ar.test") == []
    assert p.rows("queue", "list", "--older", "1h") == []
    assert len(p.rows("queue", "list", "--limit", "2")) == 2
    assert p.cli("queue", "cat", ids[0]).stdout.endswith("body 0\n")
    assert p.rows("queue", "hold", "--from", "s1@sender.test") == [
        {"changed": 3}]
    assert p.rows("queue", "delete", ids[0]) == [{"changed": 1}]
    assert p.rows("queue", "bounce", ids[2]) == [{"changed": 1}]
    p.cli("zone", "resume", "main")
    got = s.wait(2)
    assert sorted(r["from"] for r, _ in got) == ["", "s0@sender.test"]
    assert {r["to"][0] for r, _ in got} == {"s0@sender.test", "u4@far.test"}
    assert p.rows("queue", "release", ids[1], ids[3]) == [{"changed": 2}]
    s.wait(4)
    wait_until("one is left", lambda: [
        r["id"] for r in p.rows("queue")] == [ids[5]])
    missing = p.cli("queue", "show", "0000000000000", check=False)
    assert missing.returncode == 4
    assert p.cli("queue", "delete", check=False).returncode == 2
    assert p.cli("queue", "hold", "nonsense", check=False).returncode == 2


def test_queue_acts_on_many_pages(relay):
    p, s = relay()
    p.cli("zone", "pause", "main")
    with p.client() as c:
        for i in range(4):
            p.transact(c, "a@sender.test",
                       [f"u{i}-{j}@far.test" for j in range(300)], CLEAN)
    assert p.rows("queue", "hold", "--account", "acme") == [{"changed": 1200}]
    # More than one buffer of answers.
    assert len([e for e in p.events() if e["event"] == "held"]) == 1200
    assert len(p.rows("queue", "list", "--limit", "5000")) == 1200
    assert p.rows("queue", "release", "--state", "held") == [
        {"changed": 1200}]
    p.cli("zone", "resume", "main")
    wait_until("all are out", lambda: sum(
        len(r["to"]) for r, _ in s.received) == 1200, 60)
    wait_until("the queue is empty", lambda: p.rows("queue") == [], 60)


def test_source_disable(posthorn, sink):
    s = sink()
    p = posthorn(zones={"main": {
        "sources": [{"address": "127.0.0.31"}, {"address": "127.0.0.32"}],
        "next_hop": {"host": "127.0.0.1", "port": s.port, "tls": "none"}}})
    p.start().add_account()
    p.cli("source", "disable", "127.0.0.31")
    for _ in range(10):
        p.send("b@far.test")
    assert {r["peer"] for r, _ in s.wait(10)} == {"127.0.0.32"}
    states = {r["address"]: r["state"] for r in p.rows("source", "list")}
    assert states == {"127.0.0.31": "disabled", "127.0.0.32": "enabled"}
    p.cli("source", "enable", "127.0.0.31")
    for _ in range(20):
        p.send("b@far.test")
    assert len({r["peer"] for r, _ in s.wait(30)}) == 2
    assert p.cli("source", "disable", "192.0.2.1",
                 check=False).returncode == 4


def test_events_are_gap_free_and_followed(relay):
    p, s = relay()
    follow = subprocess.Popen(
        [BIN / "posthorn", "--config", p.path, "--json", "events",
         "--follow"], stdout=subprocess.PIPE, text=True)
    for _ in range(5):
        p.send("b@far.test")
    s.wait(5)
    p.wait_event("delivered", 5)
    want = p.events()
    got = [json.loads(follow.stdout.readline()) for _ in want]
    follow.terminate()
    follow.wait(10)
    assert got == want
    assert [e["seq"] for e in want] == list(range(1, len(want) + 1))
    assert p.events("--since", str(want[-2]["seq"])) == want[-1:]
    assert len(p.events("--since", "1h", "--limit", "3")) == 3
    assert p.events("--since", "2099-01-01T00:00:00Z") == []
    p.cli("events", "--since", "nonsense", check=False).returncode == 2


def test_accounts(relay):
    p, _ = relay()
    assert p.cli("account", "add", "acme", check=False).returncode == 1
    assert p.cli("account", "add", "a b", check=False).returncode == 2
    assert p.cli("credential", "add", "nobody",
                 check=False).returncode == 4
    p.cli("account", "add", "other")
    assert [a["account"] for a in p.rows("account", "list")] == ["acme",
                                                                "other"]
    p.cli("account", "set", "other", "reject", "7")
    assert p.rows("account", "show", "other")[0]["reject"] == 7
    p.cli("account", "delete", "other")
    assert p.cli("account", "show", "other", check=False).returncode == 4
    short = p.cli("credential", "add", "acme", "--password-stdin",
                  input="short\n", check=False)
    assert short.returncode == 2


def test_reload_swaps_all_or_nothing(relay):
    p, s = relay()
    p.config["hostname"] = "new.test"
    p.config["submission"] = {"message_size_max": "1M"}
    p.write_config()
    p.cli("reload")
    with socket.create_connection(("127.0.0.1", p.port)) as raw:
        assert raw.recv(100).startswith(b"220 new.test ")
    p.config["zoness"] = {}
    p.config["hostname"] = "wrong.test"
    p.write_config()
    done = p.cli("reload", check=False)
    assert done.returncode == 1
    assert 'did you mean "zones"?' in done.stderr
    p.process.send_signal(signal.SIGHUP)
    wait_until("the refusal is logged",
               lambda: p.log_text().count("control.failed") == 1)
    del p.config["zoness"]
    p.config["data_dir"] = "/elsewhere"
    p.write_config()
    done = p.cli("reload", check=False)
    assert done.returncode in (1, 3) and "data_dir" in done.stderr
    p.config["data_dir"] = str(p.folder / "data")
    p.config["hostname"] = "third.test"
    p.write_config()
    p.process.send_signal(signal.SIGHUP)
    wait_until("the reload is logged",
               lambda: p.log_text().count("config.reloaded") == 2)
    p.send("b@far.test")
    s.wait(1)


def test_reload_binds_new_listeners(relay):
    p, _ = relay()
    from conftest import free_port
    port = free_port()
    p.config["listeners"].append({"address": "127.0.0.1", "port": port})
    p.write_config()
    p.cli("reload")
    with socket.create_connection(("127.0.0.1", port)) as raw:
        assert raw.recv(100).startswith(b"220 ")


def test_zone_taken_out_of_the_configuration(posthorn, sink):
    s = sink()
    hop = {"next_hop": {"host": "127.0.0.1", "port": s.port, "tls": "none"}}
    p = posthorn(zones={"main": hop, "old": hop},
                 routes=[{"account": "acme", "zone": "old"}])
    p.start().add_account()
    p.cli("zone", "pause", "old")
    for _ in range(3):
        p.send("b@far.test")
    p.stop()
    del p.config["zones"]["old"]
    p.config["routes"] = []
    p.write_config()
    p.start()
    s.wait(3)


def test_terminate_drains(relay):
    held = threading.Event()

    def behave(session, step, argument):
        if step == "dot":
            held.wait(10)
        return None
    p, s = relay(behave=behave)
    p.send("b@far.test")
    wait_until("it is under way", lambda: s.connections == 1)
    with socket.create_connection(("127.0.0.1", p.port)) as raw:
        file = raw.makefile("rb")
        assert file.readline().startswith(b"220 ")
        p.process.send_signal(signal.SIGTERM)
        assert file.readline().startswith(b"421 4.3.2")
    def refuses():
        try:
            socket.create_connection(("127.0.0.1", p.port)).close()
        except OSError:
            return True
        return False
    wait_until("nobody listens any more", refuses)
    held.set()
    assert p.process.wait(30) == 0
    s.wait(1)
    p.start()
    assert p.rows("queue") == []


def test_drain_is_bounded(relay):
    def behave(session, step, argument):
        from sink import Silent
        return Silent if step == "dot" else None
    p, s = relay(behave=behave, limits={"drain_timeout": "1s"})
    ident = p.send("b@far.test")
    wait_until("it is under way", lambda: s.sessions and any(
        c == "DATA" for c in s.sessions[0].commands))
    p.process.send_signal(signal.SIGTERM)
    assert p.process.wait(30) == 0
    p.start()
    assert [r["id"] for r in p.rows("queue")] == [ident]


def test_bad_configuration_does_not_start(posthorn):
    p = posthorn()
    p.config["submission"] = {"idle_timout": "5m"}
    p.write_config()
    for words in (["posthornd", "-c", p.path, "--check"],
                  ["posthornd", "-c", p.path],
                  ["posthorn", "--config", p.path, "config", "check"]):
        done = subprocess.run([BIN / words[0], *words[1:]],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 1
        assert 'did you mean "idle_timeout"?' in done.stderr
        assert "posthorn.jsonc:" in done.stderr
    assert p.cli("status", check=False).returncode in (1, 3)


def test_cli_usage(relay):
    p, _ = relay()
    assert p.cli("frobnicate", check=False).returncode == 2
    assert p.cli("queue", "list", "--frob", check=False).returncode == 2
    assert "queue hold" in p.cli("help").stdout
    assert "--older" in p.cli("help", "queue", "hold").stdout
    assert "delivery.retry" in p.cli("config", "reference").stdout
    shown = p.rows("config", "show")[0]
    assert shown["zones"]["main"]["next_hop"]["host"] == "127.0.0.1"
    p.stop()
    assert p.cli("status", check=False).returncode == 3


def test_score_without_a_daemon(tmp_path):
    spam, clean = tmp_path / "spam.eml", tmp_path / "clean.eml"
    spam.write_bytes(SPAM)
    clean.write_bytes(CLEAN)
    posthorn = [BIN / "posthorn", "--config", tmp_path / "none"]
    out = subprocess.run([*posthorn, "score", spam, clean],
                         capture_output=True, text=True, check=True).stdout
    assert "HTML_PASSWORD" in out and f"{clean}: score 0.0" in out
    out = subprocess.run([*posthorn, "score", "--tsv"], check=True, text=True,
                         input=f"{spam}\n{clean}\n",
                         capture_output=True).stdout
    lines = [line.split("\t") for line in out.splitlines()]
    assert [line[0] for line in lines] == [str(spam), str(clean)]
    assert float(lines[0][1]) > 10 > float(lines[1][1])
    done = subprocess.run([*posthorn, "score", tmp_path / "no"],
                          capture_output=True, text=True)
    assert done.returncode == 4


def test_control_socket_survives_nonsense(relay):
    p, _ = relay()
    path = str(p.folder / "run" / "control.sock")
    for junk in (b"nonsense\n", b"[" * 50000 + b"\n", b"\0\xff\n", b"{}\n",
                 b'{"op":"queue.list","args":{"zone":5}}\n',
                 b'{"op":"queue.show","args":{"id":"\\u0000"}}\n'):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(path)
            raw.sendall(junk)
            assert b'"error"' in raw.recv(4096), junk
    assert p.is_up()


def test_a_second_daemon_on_one_queue_is_refused(posthorn):
    p = posthorn()
    p.start()
    done = subprocess.run([BIN / "posthornd", "-c", p.path],
                          capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "another posthornd uses" in done.stderr
    # The first one is none the worse for it.
    assert p.cli("status").returncode == 0


def test_mail_of_a_zone_that_a_reload_takes_away(relay):
    p, s = relay()
    p.config["zones"]["other"] = {"next_hop": {
        "host": "127.0.0.1", "port": s.port, "tls": "none"}}
    p.config["routes"] = [{"recipient_domain": "far.test", "zone": "other"}]
    p.write_config()
    p.cli("reload")
    p.cli("zone", "pause", "other")
    p.send("b@far.test")
    del p.config["zones"]["other"]
    del p.config["routes"]
    p.write_config()
    p.cli("reload")
    assert s.wait(1)[0][0]["to"] == ["b@far.test"]
    assert p.wait_event("rerouted")[0]["zone"] == "main"


def test_requests_sent_in_one_go(posthorn):
    p = posthorn()
    p.start()
    with socket.socket(socket.AF_UNIX) as c:
        c.settimeout(20)
        c.connect(str(p.path.parent / "run" / "control.sock"))
        ask = {"op": "status", "args": {}}
        c.sendall((json.dumps(ask) + "\n").encode() * 3)
        file = c.makefile("rb")
        ends = 0
        while ends < 3:
            ends += "done" in json.loads(file.readline())
