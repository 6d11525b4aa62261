"""RUN: how many processes a service of Postfix may have."""

from checks.postfix.services import confined, named
from maildoctor.api import Evidence, Findings, Restart, SetPostfix, Unknown, by_hand, check, found
from maildoctor.api.postfix import Postfix
from maildoctor.api.wire import Wire

_FILES = (
    "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n{}==> /etc/postfix/master.cf <==\n"
    "smtp inet n - y - - smtpd\nsubmission inet n - y - {} smtpd\n"
)
_MUTE = "=== connect 127.0.0.1:587 auto\n*** timeout banner: no answer within 5 s before its banner"
_FEW = 3


@check(
    "RUN056",
    "postfix-process-limit-too-small",
    "warning",
    rung="listener",
    role="cause",
    scope=("listener",),
    fails=[
        {"postfix": _FILES.format("", 1)},
        {"postfix": _FILES.format("", 1), "wire": _MUTE},
        {"postfix": _FILES.format("default_process_limit = 2\n", "-")},
    ],
    passes=[{"postfix": _FILES.format("", "-")}, {"postfix": _FILES.format("", 0), "wire": _MUTE}],
    refs=("postfix: master/master_avail.c; master(5), process limit; postconf(5), default_process_limit",),
)
def process_limit_too_small(postfix: Postfix, wire: Wire | Unknown) -> Findings:
    """A service that takes mail may have a process or two only: a single idle client holds each of them.

    Every further client is connected by the kernel and hears nothing: no greeting comes until a process is free.

    Advice: write - in the column maxproc of master.cf, which means default_process_limit, and leave that at 100; then
    reload Postfix.
    """
    mute = {
        c.port
        for c in (() if isinstance(wire, Unknown) else wire.per_endpoint)
        if c.trouble_kind == "timeout" and c.detail == "banner" and not c.replies
    }
    path = postfix.master.path if postfix.master else "master.cf"
    for smtpd in postfix.smtpd:
        own = smtpd.service.limit
        limit = smtpd.value("default_process_limit") if own == "-" else own
        if not limit.isdecimal() or not 0 < int(limit[:10]) <= _FEW:
            continue
        now = smtpd.port in mute
        yield found(
            f"{named([smtpd])} may have {limit} process{'es' if limit != '1' else ''} only (maxproc)"
            + (": it is taken, and no further client is greeted" if now else ": as many idle clients shut it"),
            evidence=[
                smtpd.evidence("default_process_limit")
                if own == "-"
                else Evidence(f"{path}:{smtpd.service.line}", f"{smtpd.service.name} inet … {own} smtpd")
            ],
            fix=[
                SetPostfix("default_process_limit", "100")
                if own == "-"
                else by_hand(
                    "in {path} line {line}, entry {name}: column maxproc (the seventh) gets - instead of {limit}",
                    path=path,
                    line=str(smtpd.service.line),
                    name=smtpd.service.name,
                    limit=limit,
                ),
                Restart("postfix"),
            ],
            severity="error" if now else None,
            service=smtpd.name,
            **confined(postfix, [smtpd]),  # type: ignore[arg-type]
        )
