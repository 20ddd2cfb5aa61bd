# SPDX-License-Identifier: BSD-2-Clause
"""What an idle session costs: authenticated, over TLS, doing nothing."""
import base64
import os
import resource

from raw import Raw
from conftest import wait_until

COUNT = int(os.environ.get("POSTHORN_IDLE", "300"))


def test_idle_authenticated_sessions_are_small(relay):
    resource.setrlimit(resource.RLIMIT_NOFILE, (
        max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], COUNT + 200),
        max(resource.getrlimit(resource.RLIMIT_NOFILE)[1], COUNT + 200)))
    p, _ = relay(submission={"sessions_max": 100000,
                             "sessions_per_ip_max": 100000})
    context = p.client_tls()

    def log_in():
        raw = Raw(p.port_tls, greet=False)
        raw.tls(context)
        assert raw.reply().startswith("220")
        raw.ask("EHLO client.test")
        text = base64.b64encode(f"\0{p.login}\0{p.secret}".encode()).decode()
        assert raw.ask("AUTH PLAIN " + text).startswith("235")
        return raw
    first = [log_in() for _ in range(50)]
    before = p.memory_kb()
    idle = [log_in() for _ in range(COUNT)]
    wait_until("all are there", lambda: p.rows("status")[0]["sessions"] >=
               COUNT + 50)
    each = (p.memory_kb() - before) / COUNT
    print(f"{COUNT} idle sessions, {each:.1f} KiB each")
    for raw in first + idle:
        raw.socket.close()
    # Sanitizers keep shadows and red zones.
    if "asan" not in str(os.environ.get("POSTHORN_BIN")) and \
            "tsan" not in str(os.environ.get("POSTHORN_BIN")):
        assert each < 60
