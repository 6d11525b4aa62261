"""What an SMTP client meets at a lab host: the proof that a healthy one works and that a fault is real.

Run inside the host's network namespace: `python -m tests.lab.probe ROOT`; one complaint a line, none if all is well.
"""

import smtplib
import ssl
import sys
from dataclasses import dataclass

NAME, USER, PASSWORD = "mail.lab.example", "test", "right-horse"
BEFORE_TLS = ("DIGEST-MD5", "CRAM-MD5")
AFTER_TLS = ("DIGEST-MD5", "CRAM-MD5", "LOGIN", "PLAIN")
PORT = 587
CLIENT = "198.51.100.9"
"""Not 127.0.0.1: from there everything may be relayed without a login."""


@dataclass(frozen=True)
class Probe:
    """What was met; no complaints: everything works."""

    complaints: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.complaints) or "works"


class Stop(Exception):
    """The session cannot go on."""


def connect(ca: str, met: list[str]) -> smtplib.SMTP:
    """A session with TLS, ready for a login; what is missing on the way is noted in `met`."""
    try:
        client = smtplib.SMTP(CLIENT, PORT, "client.lab.example", timeout=20, source_address=(CLIENT, 0))
        client.ehlo_or_helo_if_needed()
    except smtplib.SMTPResponseException as refused:
        raise Stop(f"refused: {refused.smtp_code}") from None
    except OSError as closed:
        raise Stop(f"closed: {closed}") from None
    called = (client.ehlo_resp or client.helo_resp or b"?").split()[0].decode()
    if called != NAME:
        met.append(f"calls itself {called}")
    met += lacking("before TLS", client, BEFORE_TLS)
    if not client.has_extn("starttls"):
        code, why = client.docmd("STARTTLS")
        raise Stop(f"no STARTTLS: {code} {why.decode()}")
    client._host = NAME  # type: ignore[attr-defined]  # the name that the certificate has to be for
    try:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.ehlo()
    except ssl.SSLCertVerificationError as error:
        raise Stop(f"STARTTLS: {error.verify_message}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Stop(f"STARTTLS: {error}") from None
    met += lacking("after TLS", client, AFTER_TLS)
    return client


def lacking(when: str, client: smtplib.SMTP, wanted: tuple[str, ...]) -> list[str]:
    offered = client.esmtp_features.get("auth", "").split()
    if not offered:
        return [f"no AUTH {when}"]
    return [f"no {mech} {when}" for mech in wanted if mech not in offered]


def use(client: smtplib.SMTP, mech: str) -> str:
    """Logs in and asks for what only a known user may; empty if that works."""
    client.user, client.password = USER, PASSWORD
    if mech not in client.esmtp_features.get("auth", "").split():
        return ""
    try:
        client.auth(mech, client.auth_cram_md5 if mech == "CRAM-MD5" else client.auth_plain)
    except smtplib.SMTPAuthenticationError as refused:
        return f"{mech} login fails: {refused.smtp_code} {refused.smtp_error.decode()}"  # type: ignore[union-attr]
    for code, text in (client.mail(f"{USER}@{NAME}"), client.rcpt("someone@elsewhere.example")):
        if code != 250:
            return f"{mech}: no relaying: {code} {text.decode()}"
    # only the one for a user of the host itself is handed in: mail for elsewhere would leave errors in the log
    try:
        client.rset()
        client.sendmail(f"{USER}@{NAME}", [f"{USER}@{NAME}"], "Subject: probe\n\n")
    except smtplib.SMTPResponseException as refused:
        return f"message refused: {refused.smtp_code} {refused.smtp_error!r}"
    return ""


def complaints(root: str) -> list[str]:
    """One session a mechanism, as a mail program would have them."""
    met: list[str] = []
    for mech in ("CRAM-MD5", "PLAIN"):
        try:
            client = connect(f"{root}/root/ca/ca.pem", met)
        except Stop as stop:
            return [*dict.fromkeys(met), str(stop)]
        met.append(use(client, mech))
        client.close()
    return [complaint for complaint in dict.fromkeys(met) if complaint]


if __name__ == "__main__":
    for complaint in complaints(sys.argv[1]):
        sys.stdout.write(complaint + "\n")
