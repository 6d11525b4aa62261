"""A login as a mail program has it, by nothing but the settings that `maildoctor guide` gives.

Run inside the host's network namespace: `python -m tests.lab.login PORT TLS MECHANISM USER PASSWORD`; it prints the
server's reply. The certificate may be one that no authority vouches for.
"""

import smtplib
import ssl
import sys
from typing import Any

from tests.lab.probe import CLIENT


def reply(port: int, tls: str, mechanism: str, user: str, password: str) -> str:
    """What the server says to the login, `235 …` where it lets the user in. Raises OSError, SMTPException."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    client = smtplib.SMTP(CLIENT, port, "client.lab.example", timeout=20, source_address=(CLIENT, 0))
    client.ehlo()
    if tls == "STARTTLS":
        client.starttls(context=trusting)
        client.ehlo()
    client.user, client.password = user, password
    ways: dict[str, Any] = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login, "CRAM-MD5": client.auth_cram_md5}
    try:
        code, words = client.auth(mechanism, ways[mechanism], initial_response_ok=mechanism != "CRAM-MD5")
    except smtplib.SMTPAuthenticationError as refused:
        code, words = refused.smtp_code, refused.smtp_error  # type: ignore[assignment]
    client.close()
    return f"{code} {words.decode() if isinstance(words, bytes) else words}"


if __name__ == "__main__":
    port, *rest = sys.argv[1:]
    sys.stdout.write(reply(int(port), *rest) + "\n")
