"""A mail log as a busy host writes it, the same on every machine: `python -m bench.logs 100 0.5 FILE`.

Sendmail, Postfix, Dovecot, Exim, saslauthd, sshd, cron and the kernel; four forms of stamps; users and addresses as
unevenly spread as in life. Of all lines a given share tells of failing logins. What was written is counted.
"""

import argparse
import random
import sys
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from time import gmtime, strftime
from typing import BinaryIO

START = 1_780_000_000
USERS, CLIENTS, ATTACKERS = 20_000, 50_000, 2_000
MIB = 1024 * 1024
_CHUNK = 2000

Say = Callable[["Host"], tuple[str, str]]
"""A program's name with its pid, and a message."""


class Zipf:
    """One of so many numbers, the small ones far more often."""

    def __init__(self, count: int, chance: random.Random) -> None:
        self._sums = list(accumulate(1 / (n + 1) for n in range(count)))
        self._chance = chance

    def __call__(self) -> int:
        """The next number."""
        return bisect(self._sums, self._chance.random() * self._sums[-1])


class Host:
    """What the lines are filled with."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._user = Zipf(USERS, self.chance)
        self._client = Zipf(CLIENTS, self.chance)
        self._attacker = Zipf(ATTACKERS, self.chance)

    def user(self) -> str:
        """A mailbox name."""
        return f"user{self._user()}"

    def client(self) -> str:
        """An address that means well."""
        n = self._client()
        return f"198.{18 + n // 65536}.{n // 256 % 256}.{n % 256}"

    def attacker(self) -> str:
        """An address that does not."""
        n = self._attacker()
        return f"203.0.{113 + n // 256}.{n % 256}"

    def pid(self) -> int:
        """A process."""
        return self.chance.randrange(1000, 60000)

    def queue(self) -> str:
        """Sendmail's queue id."""
        return f"5AM{self.chance.choice('0123456789ABCDEFGHIJKLMN')}{self.chance.randrange(1000, 9999)}{self.pid():06d}"

    def hexid(self) -> str:
        """Postfix's queue id."""
        return f"{self.chance.randrange(1 << 40, 1 << 44):X}"

    def number(self, most: int) -> int:
        """Any number below `most`."""
        return self.chance.randrange(most)


QUIET: Sequence[Say] = (
    lambda h: (f"postfix/smtpd[{h.pid()}]", f"connect from host{h.number(9999)}.example.net[{h.client()}]"),
    lambda h: (
        f"postfix/smtpd[{h.pid()}]",
        f"{h.hexid()}: client=host{h.number(9999)}.example.net[{h.client()}]",
    ),
    lambda h: (
        f"postfix/cleanup[{h.pid()}]",
        f"{h.hexid()}: message-id=<{h.number(1 << 40):x}.{h.number(1 << 30)}@mail{h.number(500)}.example.org>",
    ),
    lambda h: (
        f"postfix/qmgr[{h.pid()}]",
        f"{h.hexid()}: from=<{h.user()}@d{h.number(900)}.example>, size={h.number(90000)}, nrcpt=1 (queue active)",
    ),
    lambda h: (
        f"postfix/smtp[{h.pid()}]",
        f"{h.hexid()}: to=<{h.user()}@d{h.number(900)}.example>, relay=mx{h.number(9)}.d{h.number(900)}.example"
        f"[{h.client()}]:25, delay=0.{h.number(99)}, delays=0.01/0/0.1/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
    ),
    lambda h: (f"postfix/qmgr[{h.pid()}]", f"{h.hexid()}: removed"),
    lambda h: (
        f"postfix/smtpd[{h.pid()}]",
        f"disconnect from host{h.number(9999)}.example.net[{h.client()}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
    ),
    lambda h: (
        f"sendmail[{h.pid()}]",
        f"{h.queue()}: from=<{h.user()}@d{h.number(900)}.example>, size={h.number(90000)}, class=0, nrcpts=1, "
        f"msgid=<{h.number(1 << 40):x}@mail.example>, proto=ESMTPS, daemon=MTA, relay=host{h.number(9999)}.example.net "
        f"[{h.client()}]",
    ),
    lambda h: (
        f"sendmail[{h.pid()}]",
        f"{h.queue()}: to=<{h.user()}@d{h.number(900)}.example>, delay=00:00:0{h.number(9)}, xdelay=00:00:01, "
        f"mailer=esmtp, pri={h.number(90000)}, relay=mx.d{h.number(900)}.example. [{h.client()}], dsn=2.0.0, "
        "stat=Sent (ok)",
    ),
    lambda h: (
        f"dovecot: imap({h.user()})<{h.pid()}><{h.number(1 << 60):x}>",
        f"Disconnected: Logged out in={h.number(900)} out={h.number(90000)} deleted=0 expunged=0 trashed=0",
    ),
    lambda h: (
        f"dovecot: lmtp({h.user()})<{h.pid()}>",
        f"msgid=<{h.number(1 << 40):x}@x.example>: saved mail to INBOX",
    ),
    lambda h: (
        f"exim[{h.pid()}]",
        f"1tE{h.number(999):03d}-00{h.number(9999):04d}-AB <= {h.user()}@d{h.number(900)}.example H=host.example "
        f"[{h.client()}] P=esmtps S={h.number(90000)}",
    ),
    lambda h: (
        f"sshd[{h.pid()}]",
        f"Received disconnect from {h.attacker()} port {h.number(60000)}:11: Bye Bye [preauth]",
    ),
    lambda h: (f"sshd[{h.pid()}]", f"Connection closed by {h.attacker()} port {h.number(60000)} [preauth]"),
    lambda h: (f"CRON[{h.pid()}]", "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)"),
    lambda h: (
        "kernel",
        f"[{h.number(999999)}.{h.number(999999):06d}] [UFW BLOCK] IN=eth0 OUT= SRC={h.attacker()} DST=192.0.2.1 LEN=40 "
        f"TTL={h.number(255)} PROTO=TCP SPT={h.number(60000)} DPT=23",
    ),
    lambda h: ("systemd[1]", f"session-{h.number(99999)}.scope: Deactivated successfully."),
    lambda h: (
        f"postfix/anvil[{h.pid()}]",
        f"statistics: max connection rate {h.number(9)}/60s for (smtp:{h.client()}) at Nov 22 10:00:00",
    ),
)
"""What a healthy host says all day."""

LOUD: Sequence[Say] = (
    lambda h: (
        f"postfix/smtpd[{h.pid()}]",
        f"warning: unknown[{h.attacker()}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username={h.user()}",
    ),
    lambda h: (
        f"postfix/submission/smtpd[{h.pid()}]",
        f"warning: unknown[{h.attacker()}]: SASL PLAIN authentication failed: authentication failure",
    ),
    lambda h: (
        f"sendmail[{h.pid()}]",
        f"{h.queue()}: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: "
        f"checkpass failed, user={h.user()}, relay=[{h.attacker()}]",
    ),
    lambda h: (
        f"sendmail[{h.pid()}]",
        f"{h.queue()}: AUTH failure (CRAM-MD5): user not found (-20) SASL(-13): user not found: user: {h.user()}@mail "
        f"property: userPassword not found in sasldb, user={h.user()}, relay=[{h.attacker()}]",
    ),
    lambda h: (
        "dovecot: auth",
        f"passwd-file({h.user()},{h.attacker()}): unknown user (SHA1 of given password: {h.number(1 << 24):06x})",
    ),
    lambda h: (
        "dovecot: imap-login",
        f"Disconnected: Connection closed (auth failed, 3 attempts in 12 secs): user=<{h.user()}>, method=PLAIN, "
        f"rip={h.attacker()}, lip=192.0.2.1, TLS, session=<{h.number(1 << 60):x}>",
    ),
    lambda h: (
        f"exim[{h.pid()}]",
        f"dovecot_login authenticator failed for (User) [{h.attacker()}]: 535 Incorrect authentication data "
        f"(set_id={h.user()})",
    ),
    lambda h: (
        f"saslauthd[{h.pid()}]",
        f"do_auth         : auth failure: [user={h.user()}] [service=smtp] [realm=] [mech=pam] [reason=PAM auth error]",
    ),
    lambda h: (
        f"postfix/smtpd[{h.pid()}]",
        "warning: SASL authentication failure: cannot connect to saslauthd server: No such file or directory",
    ),
    lambda h: (
        f"sendmail[{h.pid()}]",
        f"AUTH=server, relay=host{h.number(9999)}.example.net [{h.client()}], authid={h.user()}, mech=PLAIN, bits=256",
    ),
)
"""What a host says when logins fail, and of some that do not."""


def lines(seed: int, share: float) -> Iterator[tuple[bytes, bool]]:
    """Endless lines without their newline, and whether each is of the `share` that tells of logins."""
    host = Host(seed)
    chance = host.chance
    moment = float(START)
    while True:
        moment += chance.random() * 0.2
        loud = chance.random() < share
        program, message = chance.choice(LOUD if loud else QUIET)(host)
        yield _written(chance, moment, program, message).encode(), loud


def _written(chance: random.Random, moment: float, program: str, message: str) -> str:
    form = chance.random()
    when = gmtime(moment)
    if form < 0.86:
        return f"{strftime('%b %e %H:%M:%S', when)} mail {program}: {message}"
    if form < 0.92:
        return f"{strftime('%Y-%m-%dT%H:%M:%S', when)}.{int(moment % 1 * 1e6):06d}+00:00 mail {program}: {message}"
    if form < 0.97:
        name, _, pid = program.rstrip("]").partition("[")
        stamp = strftime("%Y-%m-%dT%H:%M:%S", when)
        return f"<22>1 {stamp}Z mail {name.split(':')[0]} {pid or '-'} - - {message}"
    return f"{strftime('%b %e %H:%M:%S', when)} mail {program}: [ID {chance.randrange(999999)} mail.info] {message}"


def write(file: BinaryIO, size: int, share: float, seed: int = 1) -> Counter[str]:
    """Write `size` bytes or a little more, and say how many lines, and how many of them tell of logins.

    After the first 32 MiB the same lines come again in another order, for making them takes longer than reading them.
    """
    counts: Counter[str] = Counter()
    source = lines(seed, share)
    kept: list[tuple[bytes, int]] = []
    written = 0
    while written < size and written < 32 * MIB:
        some = [next(source) for _ in range(_CHUNK)]
        chunk = b"".join(line + b"\n" for line, _ in some)
        kept.append((chunk, sum(loud for _, loud in some)))
        written += _put(file, kept[-1], counts)
    chance = random.Random(seed)
    while written < size:
        written += _put(file, chance.choice(kept), counts)
    return counts


def _put(file: BinaryIO, chunk: tuple[bytes, int], counts: Counter[str]) -> int:
    file.write(chunk[0])
    counts["lines"] += _CHUNK
    counts["hits"] += chunk[1]
    return len(chunk[0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.logs", description=__doc__)
    parser.add_argument("megabytes", type=int)
    parser.add_argument("percent", type=float, help="of all lines, those that tell of logins")
    parser.add_argument("file")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with open(asked.file, "wb") as file:
        counts = write(file, asked.megabytes * MIB, asked.percent / 100, asked.seed)
    sys.stdout.write(f"{counts['lines']} lines, {counts['hits']} of them tell of logins\n")


if __name__ == "__main__":
    main()
