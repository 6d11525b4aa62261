"""RUN: how many processes a service of Postfix may have."""

import re

from maildoctor.api import Evidence, Findings, Restart, SetPostfix, Unknown, by_hand, check, found
from maildoctor.api.host import Process, Processes
from maildoctor.api.postfix import Postfix, Smtpd
from maildoctor.api.wire import Wire

_FILES = (
    "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n{}"
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsubmission inet n - y - {} smtpd\n"
)
_MUTE = "=== connect 127.0.0.1:587 auto\n*** timeout banner: no answer within 5 s before its banner"
_ONE = "9 postfix 1000.00 /usr/lib/postfix/sbin/smtpd smtpd -l -n submission -t inet -u -c -o smtpd_tls_auth_only=yes"
_FEW = 3


def _all_in_use(smtpd: Smtpd, limit: int, processes: Processes) -> tuple[Process, ...]:
    """Its processes, where there are as many as it may have. master starts each with `-n SERVICE`
    (master/master_ent.c)."""
    mine = re.compile(rf"\S{{0,200}}smtpd(?: -[lvzd])*? -n {re.escape(smtpd.service.name)} -t inet(?: .*)?", re.DOTALL)
    there = tuple(p for p in processes.all if mine.fullmatch(p.command))
    return there if len(there) >= limit else ()


@check(
    "RUN056",
    "postfix-process-limit-too-small",
    "warning",
    rung="listener",
    role="cause",
    scope=("listener",),
    fails=[
        {"postfix": _FILES.format("", 1)},
        {"postfix": _FILES.format("", 1), "wire": _MUTE, "processes": _ONE},
        {"postfix": _FILES.format("", 1), "wire": _MUTE, "processes": ""},
        {"postfix": _FILES.format("default_process_limit = 2\n", "-")},
    ],
    passes=[
        {"postfix": _FILES.format("", "-")},
        {"postfix": _FILES.format("", 0), "wire": _MUTE},
        {"postfix": _FILES.format("", 10)},
        {"postfix": _FILES.format("", "- ").replace("submission", "127.0.0.1:10025").replace("-  smtpd", "1 smtpd")},
        {"postfix": _FILES.format("", "1").replace("smtpd\n", "smtpd\n -o smtpd_sasl_auth_enable=no\n")},
        {
            "postfix": _FILES.format("", "-").replace(
                "smtp inet n - y - - smtpd", "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd"
            )
        },
    ],
    refs=("postfix: master/master_avail.c; master(5), process limit; postconf(5), default_process_limit",),
)
def process_limit_too_small(postfix: Postfix, wire: Wire | Unknown, processes: Processes | Unknown) -> Findings:
    """A service in which users log in may have a process or two only: a single idle client holds each of them.

    Every further client is connected by the kernel and hears nothing: no greeting comes until a process is free. Limits
    of services that only this host reaches, as behind a content filter, are nobody's business here.

    Advice: write - in the column maxproc of master.cf, which means default_process_limit, and leave that at 100; then
    reload Postfix.
    """
    mute = {
        c.port
        for c in (() if isinstance(wire, Unknown) else wire.per_endpoint)
        if c.trouble_kind == "timeout" and c.detail == "banner" and not c.replies
    }
    path = postfix.master.path if postfix.master else "master.cf"
    for smtpd in postfix.logins:
        own = smtpd.service.limit
        limit = postfix.value("default_process_limit") if own == "-" else own
        if smtpd.is_loopback or smtpd.service.kind != "inet" or not limit.isdecimal():
            continue
        if not 0 < int(limit[:10]) <= _FEW:
            continue
        held = _all_in_use(smtpd, int(limit), processes) if isinstance(processes, Processes) else ()
        now = smtpd.port in mute and bool(held)
        yield found(
            f"{smtpd.name} (port {smtpd.port}) may have {limit} process{'es' if limit != '1' else ''} only (maxproc)"
            + (": it is taken, and no further client is greeted" if now else ": as many idle clients shut it"),
            evidence=[
                postfix.main.evidence("default_process_limit")
                if own == "-"
                else Evidence(f"{path}:{smtpd.service.line}", f"{smtpd.service.name} inet … {own} smtpd"),
                *(p.evidence for p in held[: _FEW if now else 0]),
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
            **({"port": str(smtpd.port)} if smtpd.port and len(postfix.smtpd) > 1 else {}),  # type: ignore[arg-type]
        )
