"""RUN: content filters that Postfix hands mail to, before or after it is in the queue."""

import re

from maildoctor.api import (
    Evidence,
    Findings,
    Restart,
    UnsetPostfix,
    by_hand,
    check,
    found,
    inspect,
)
from maildoctor.api.host import Listeners
from maildoctor.api.postfix import NextHop, Postfix, Smtpd, confined

_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n{}"
_MASTER = (
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsubmission inet n - y - - smtpd\n{}"
    "smtp unix - - y - - smtp\n"
)
_AFTER = _MAIN.format("content_filter = smtp-amavis:[127.0.0.1]:10024\n") + _MASTER.format("")
_BEFORE = _MAIN.format("") + _MASTER.format(" -o smtpd_proxy_filter=127.0.0.1:10024\n")
_PORT = re.compile(r"(?:inet:)?(?:\[?([\w.:-]{0,255}?)\]?:)?(\d{1,5})")
_OWN = ("", "localhost", "::1")


def _of(smtpd: Smtpd, option: str) -> tuple[str, int]:
    """Host and port that an option names; port 0 where that is none of TCP."""
    value = smtpd.value(option)
    if option == "content_filter":
        hop = NextHop.parse(value.partition(":")[2])
        return (hop.host, hop.port) if hop else ("", 0)
    m = _PORT.fullmatch(value)
    return (m[1] or "", int(m[2])) if m else ("", 0)


@check(
    "RUN085",
    "postfix-content-filter-down",
    "error",
    rung="hand-over",
    role="cause",
    scope=("listener",),
    explains=("refused-after-login", "WIRE062", "WIRE040"),
    witnesses=("RUN511",),
    fails=[
        {"postfix": _AFTER, "listeners": "0.0.0.0 25 40 master"},
        {"postfix": _BEFORE, "listeners": "0.0.0.0 587 40 master"},
    ],
    passes=[
        {"postfix": _AFTER, "listeners": "127.0.0.1 10024 9 amavisd"},
        {"postfix": _AFTER.replace("127.0.0.1", "192.0.2.9"), "listeners": ""},
        {"postfix": _MAIN.format("content_filter = scan:dummy\n") + _MASTER.format(""), "listeners": ""},
        {"postfix": _BEFORE, "listeners": "127.0.0.1 10024 9 amavisd"},
    ],
    refs=("postfix: FILTER_README, SMTPD_PROXY_README; smtpd/smtpd_proxy.c: 451 4.3.0 queue file write error",),
)
def content_filter_down(postfix: Postfix, listeners: Listeners) -> Findings:
    """Nothing listens where Postfix hands mail to a content filter.

    With content_filter mail is accepted and waits in the queue ("connect to 127.0.0.1[127.0.0.1]:10024: Connection
    refused"); with smtpd_proxy_filter the client is answered "451 4.3.0 Error: queue file write error" as soon as it
    names a sender.

    Advice: start the filter (amavis, spamassassin, clamsmtp), or take the setting out meanwhile and reload Postfix;
    then `postqueue -f` sends what waits.
    """
    asked: dict[tuple[str, str], list[Smtpd]] = {}
    for smtpd in postfix.smtpd:
        for option in ("content_filter", "smtpd_proxy_filter"):
            host, port = _of(smtpd, option)
            own = host in _OWN or host.startswith("127.")
            if port and own and not listeners.on(port):
                asked.setdefault((option, smtpd.value(option)), []).append(smtpd)
    for (option, value), services in asked.items():
        first = services[0]
        port = _of(first, option)[1]
        comes = "mail is accepted and stays in the queue" if option == "content_filter" else "mail is refused with 451"
        yield found(
            f"{option} = {value[:120]}: nothing listens on port {port}, the content filter does not run: {comes}",
            evidence=[first.evidence(option), Evidence("ss -ltn", f"no listener on port {port}")],
            fix=[
                by_hand("start the content filter, which is to listen on port {port}; or else:", port=str(port)),
                *dict.fromkeys(UnsetPostfix(option, s.name if option in s.service.options else "") for s in services),
                Restart("postfix"),
                inspect("postqueue -p"),
            ],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )
