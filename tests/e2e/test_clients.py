# SPDX-License-Identifier: BSD-2-Clause
"""Real clients, on their first try. What each negotiated is in
docs/clients.md; `pytest -s` prints it anew."""
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import tempfile

import pytest

MESSAGE = ("From: a@sender.test\nTo: b@far.test\nSubject: from {}\n"
           "Date: Mon, 23 Nov 2026 12:00:00 +0000\n"
           "Message-ID: <{}@client.test>\n\n.hello\n\nfrom {}\n")

NODE = """
const mailer = require('nodemailer');
const t = mailer.createTransport({
  pool: true, maxConnections: 3, host: '127.0.0.1', port: %(starttls)d,
  requireTLS: true, auth: {user: '%(login)s', pass: '%(secret)s'},
  tls: {ca: require('fs').readFileSync('%(ca)s')}});
Promise.all([...Array(10).keys()].map(i => t.sendMail({
  from: 'a@sender.test', to: 'b@far.test', subject: 'from nodemailer',
  text: '.hello\\n\\nfrom nodemailer ' + i}))).then(() => t.close(),
  error => { console.error(error); process.exit(1); });
"""

PHP = """<?php
require '/usr/share/php/libphp-phpmailer/autoload.php';
$m = new PHPMailer\\PHPMailer\\PHPMailer(true);
$m->isSMTP();
$m->Host = '127.0.0.1';
$m->Port = %(implicit)d;
$m->SMTPSecure = 'ssl';
$m->SMTPAuth = true;
$m->Username = '%(login)s';
$m->Password = '%(secret)s';
$m->SMTPOptions = ['ssl' => ['cafile' => '%(ca)s']];
$m->setFrom('a@sender.test');
$m->addAddress('b@far.test');
$m->Subject = 'from PHPMailer';
$m->Body = ".hello\\n\\nfrom PHPMailer";
$m->send();
"""

EXIM = """
primary_hostname = client.test
keep_environment =
spool_directory = {dir}/spool
log_file_path = {dir}/%slog
pid_file_path = {dir}/exim.pid
begin routers
smart:
  driver = manualroute
  route_list = * 127.0.0.1::{starttls}
  self = send
  transport = relay
begin transports
relay:
  driver = smtp
  hosts_require_auth = *
  hosts_require_tls = *
  tls_verify_certificates = {ca}
  hosts_try_chunking = *
begin retry
* * F,1h,10s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^{login}^{secret}
"""


class Client:
    """What a client is told, and how it is run."""

    def __init__(self, p, folder):
        self.values = {
            "login": p.login, "secret": p.secret, "dir": str(folder),
            "ca": str(p.certificate / "cert.pem"), "starttls": p.port,
            "implicit": p.port_tls, "plain": p.port_plain}
        self.folder = folder

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def run(self, *words, name, text=None, **more):
        text = MESSAGE.format(name, name, name) if text is None else text
        done = subprocess.run([str(w).format(**self.values) for w in words],
                              input=text, capture_output=True, text=True,
                              timeout=60, **more)
        assert done.returncode == 0, done.stdout + done.stderr


def swaks(*tls):
    def send(c):
        c.run("swaks", "--server", "localhost", "--from", "a@sender.test",
              "--to", "b@far.test", "--data", "-",
              *tls, "--tls-verify", "--tls-ca-path", "{ca}",
              "--auth-user", "{login}", "--auth-password", "{secret}",
              name="swaks")
    return send


def swaks_plain(c):
    c.run("swaks", "--server", "127.0.0.1", "--port", "{plain}", "--from",
          "a@sender.test", "--to", "b@far.test", "--data", "-", name="swaks")


def nodemailer(c):
    path = c.write("send.js", NODE % c.values)
    c.run("node", path, name="nodemailer",
          env=dict(os.environ, NODE_PATH="/usr/share/nodejs"))


def phpmailer(c):
    c.run("php", c.write("send.php", PHP % c.values), name="PHPMailer")


def msmtp(auth):
    def send(c):
        path = c.write("msmtprc", (
            "account default\nhost localhost\nport {starttls}\ntls on\n"
            "tls_trust_file {ca}\nauth " + auth + "\nuser {login}\n"
            "password {secret}\nfrom a@sender.test\n").format(**c.values))
        c.run("msmtp", "-C", path, "b@far.test", name="msmtp")
    return send


def curl(c):
    path = c.write("message", MESSAGE.format("curl", "curl", "curl").replace(
        "\n", "\r\n"))
    c.run("curl", "-sS", "--ssl-reqd", "smtp://localhost:{starttls}",
          "--cacert", "{ca}", "--user", "{login}:{secret}", "--mail-from",
          "a@sender.test", "--mail-rcpt", "b@far.test", "--upload-file",
          path, name="curl", text="")


def s_nail(c):
    c.run("s-nail", "-:/", "-S", "v15-compat", "-S",
          "mta=smtps://{login}:{secret}@localhost:{implicit}", "-S",
          "smtp-auth=plain", "-S", "tls-ca-file={ca}", "-S",
          "from=a@sender.test", "-s", "from s-nail", "b@far.test",
          name="s-nail", text=".hello\n\nfrom s-nail\n",
          env=dict(os.environ, MAILRC="/dev/null"))


def exim(c):
    # Exim gives root up: what it needs lies where its user can reach it.
    with tempfile.TemporaryDirectory(prefix="posthorn-exim-") as name:
        folder = pathlib.Path(name)
        shutil.copy(c.values["ca"], folder / "ca.pem")
        values = dict(c.values, dir=name, ca=folder / "ca.pem")
        (folder / "exim.conf").write_text(EXIM.format(**values))
        (folder / "spool").mkdir()
        for path in [folder, *folder.iterdir()]:
            shutil.chown(path, "Debian-exim", "Debian-exim")
        shutil.chown(folder / "exim.conf", "root", "root")
        c.run("exim4", "-C", folder / "exim.conf", "-odf", "-oi", "-f",
              "a@sender.test", "b@far.test", name="Exim")
        log = (folder / "mainlog").read_text()
        assert "C=\"250" in log and " K " in log, log


def smtp_lib(c):
    import ssl
    context = ssl.create_default_context(cafile=c.values["ca"])
    with smtplib.SMTP("localhost", c.values["starttls"]) as session:
        session.starttls(context=context)
        session.login(c.values["login"], c.values["secret"])
        session.sendmail("a@sender.test", ["b@far.test"],
                         MESSAGE.format(*["smtplib"] * 3))


CLIENTS = {
    "swaks, STARTTLS": (swaks("--tls", "--port", "{starttls}"), "LOGIN", 1),
    "swaks, implicit TLS": (swaks("--tls-on-connect", "--port", "{implicit}",
                                  "--auth", "PLAIN"), "PLAIN", 1),
    "swaks, no TLS, by address": (swaks_plain, "", 1),
    "Python smtplib": (smtp_lib, "PLAIN", 1),
    "nodemailer, pool": (nodemailer, "PLAIN", 10),
    "PHPMailer": (phpmailer, "LOGIN", 1),
    "msmtp": (msmtp("on"), None, 1),
    "msmtp, SCRAM": (msmtp("scram-sha-256"), "SCRAM-SHA-256", 1),
    "curl": (curl, None, 1),
    "s-nail": (s_nail, "PLAIN", 1),
    "Exim as smarthost": (exim, "PLAIN", 1),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_works_at_the_first_try(relay, tmp_path, name):
    send, auth, count = CLIENTS[name]
    p, s = relay()
    folder = tmp_path / "client"
    folder.mkdir()
    send(Client(p, folder))
    for _, data in s.wait(count):
        assert b"\r\n\r\n.hello\r\n\r\nfrom " in data, data
    assert len(s.received) == count
    lines = [line for line in p.log_text().splitlines()
             if "message.accepted" in line]
    assert len(lines) == count and "session.failed" not in p.log_text()
    said = dict(re.findall(r'(tls|auth|by)=("[^"]*"|\S*)', lines[0]))
    if auth is not None:
        assert said["auth"].strip('"') == auth, lines[0]
    if "Exim" in name:
        assert said["by"] == "BDAT"
    print(f"| {name} | {said['tls'].strip(chr(34)) or 'none'} | "
          f"{said['auth'].strip(chr(34)) or 'none'} | {said['by']} |")
