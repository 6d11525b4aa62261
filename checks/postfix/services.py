"""CONF, RUN: the smtpd services of Postfix: whether users find one that listens, speaks TLS as clients expect, and has
logins switched on."""

from collections.abc import Iterator, Sequence

from maildoctor.api import (
    AddPostfixService,
    Evidence,
    Findings,
    Restart,
    SetPostfix,
    SetPostfixOption,
    Start,
    StopAndStart,
    Unknown,
    check,
    found,
    inspect,
    shown,
)
from maildoctor.api.host import Listeners, LoginHistory, Processes
from maildoctor.api.postfix import Block, MasterRemarks, Postfix, Smtpd, confined, decide, set_postfix, tls_level

_SUBMISSION = (587, 465, 2525)
_FEW = 6
_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
_587 = _MASTER + "submission inet n - y - - smtpd\n -o smtpd_tls_security_level=encrypt\n"
_465 = _587 + "submissions inet n - y - - smtpd\n"
_AUTH = _MAIN + "smtpd_sasl_auth_enable = yes\n"
_RUNS = "40 root 1.0 /usr/lib/postfix/sbin/master /usr/lib/postfix/sbin/master -w"


def named(services: Sequence[Smtpd]) -> str:
    """Services in a message: `submission/inet (port 587)`."""
    some = [f"{s.name} (port {s.port})" if s.port else s.name for s in services[:_FEW]]
    more = [f"{len(services) - _FEW} more"] if len(services) > _FEW else []
    return " and ".join([*some, *more])


@check(
    "CONF045",
    "postfix-logins-switched-off",
    "error",
    rung="offer",
    role="cause",
    scope=("listener",),
    explains=("no-offer", "RUN045"),
    witnesses=("CONF507", "ABUSE504"),
    fails=[
        {"postfix": _MAIN + "smtpd_sasl_auth_enable = no\n" + _587},
        {"postfix": _MAIN + _587},
        {"postfix": _MAIN + "smtpd_sasl_auth_enable = no\nsmtpd_sasl_type = dovecot\n" + _MASTER},
        {"postfix": _AUTH + _587 + " -o smtpd_sasl_auth_enable=no\n"},
    ],
    passes=[
        {"postfix": _AUTH + _587},
        {"postfix": _MAIN + _587 + " -o smtpd_sasl_auth_enable=yes\n"},
        {"postfix": _MAIN + _MASTER},
        {"postfix": _MAIN + "cyrus_sasl_config_path = /etc/postfix/sasl\n" + _MASTER},
        {"postfix": _MAIN + "smtpd_sasl_auth_enable = no\n" + _587 + " -o smtpd_sasl_auth_enable=yes\n"},
        {"postfix": _MAIN + _MASTER + "127.0.0.1:587 inet n - y - - smtpd\n"},
        {"postfix": _MAIN + _MASTER + "2525 inet n - y - - smtpd\n"},
    ],
    refs=("postfix: smtpd/smtpd.c, ehlo_cmd(): AUTH is announced if smtpd_sasl_auth_enable; its default is no",),
)
def logins_switched_off(postfix: Postfix) -> Findings:
    """Logins are switched off in the service to which mail programs connect.

    EHLO shows no AUTH; a client that tries all the same gets "503 5.5.1 Error: authentication not enabled", and the
    log has nothing but `auth=0/1` at the end of the connection.

    Advice: set smtpd_sasl_auth_enable=yes in main.cf, or for the one service by -o in master.cf; then reload Postfix.
    """
    public = [s for s in postfix.smtpd if not s.is_loopback]
    # 2525 is nobody's port by a standard: a relay for one's own networks may listen there
    asked = [s for s in public if s.port in _SUBMISSION and (s.port != 2525 or postfix.meant_for_logins)]
    if not asked and postfix.meant_for_logins:
        asked = [s for s in public if s.port == 25]
    off = [s for s in asked if not s.is_yes("smtpd_sasl_auth_enable")]
    if not off:
        return
    every = not postfix.logins
    fix = [set_postfix(s, "smtpd_sasl_auth_enable", "yes") for s in off]
    if not every or "smtpd_sasl_auth_enable" not in postfix.main.parameters:
        fix = [SetPostfixOption(s.name, "smtpd_sasl_auth_enable", "yes") for s in off]
    yield found(
        f"smtpd_sasl_auth_enable is {off[0].value('smtpd_sasl_auth_enable') or 'no'} in {named(off)}: "
        "AUTH is not offered, so nobody can log in there",
        evidence=list(dict.fromkeys(s.evidence("smtpd_sasl_auth_enable") for s in off)),
        fix=[*dict.fromkeys(fix), Restart("postfix")],
        option="smtpd_sasl_auth_enable",
        **({} if every else confined(off, postfix.smtpd)),  # type: ignore[arg-type]
    )


_BLOCK = (
    "#submission inet n - y - - smtpd\n#  -o syslog_name=postfix/submission\n#  -o smtpd_tls_security_level=encrypt"
)


@check(
    "CONF046",
    "postfix-no-submission-service",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    fails=[
        {"postfix": _AUTH + _MASTER, "remarks": _BLOCK},
        {"postfix": _AUTH + _MASTER},
    ],
    passes=[
        {"postfix": _AUTH + _587},
        {"postfix": _AUTH + _465},
        {"postfix": _MAIN + _MASTER, "remarks": _BLOCK},
        {"postfix": _AUTH + "==> /etc/postfix/master.cf <==\n10.0.0.1:587 inet n - y - - smtpd\n"},
    ],
    refs=("RFC 6409 section 3.1 and RFC 8314 section 3.3: mail programs hand in on ports 587 and 465",),
)
def no_submission_service(postfix: Postfix, remarks: MasterRemarks | Unknown) -> Findings:
    """No service for mail programs is switched on in master.cf: nothing listens on ports 587 and 465.

    Postfix comes with both entries behind `#`. Logins are switched on for port 25 alone, which most networks block for
    their users, and mail programs ask 587 or 465.

    Advice: take the `#` off the submission entry in master.cf and off its -o lines, then reload Postfix.
    """
    if postfix.master is None or any(s.port in _SUBMISSION for s in postfix.smtpd):
        return
    on_25 = next((s for s in postfix.smtpd if s.port == 25), None)
    if not postfix.logins and not postfix.is_yes("smtpd_sasl_auth_enable"):
        return
    block = remarks.of("submission", "587") if isinstance(remarks, MasterRemarks) else None
    path = postfix.master.path
    chroot = on_25.service.chroot if on_25 else "-"
    yield found(
        "Nothing listens on port 587 or 465: master.cf has no submission service"
        + (f", its entry is commented out (line {block.first})" if block else ""),
        evidence=[Evidence(f"{path}:{block.first}", block.head) if block else Evidence(path, "no submission entry")],
        fix=[
            AddPostfixService(
                "submission/inet",
                f"submission inet n - {chroot} - - smtpd",
                tuple(_options(postfix, block, on_25)),
            ),
            Restart("postfix"),
        ],
        port="587",
    )


def _options(postfix: Postfix, block: Block | None, like: Smtpd | None) -> Iterator[tuple[str, str]]:
    """Those behind `#`, except where they refer to what nobody defined; else what RFC 6409 and RFC 8314 ask for."""
    rows = [o.removeprefix("-o").strip().strip("{}").partition("=") for o in block.options] if block else []
    options = {n.strip(): v.strip() for n, _, v in rows if "$mua_" not in v and n.strip()}
    tls = like is None or tls_level(like) != "none"
    if not options:
        options = {"syslog_name": "postfix/submission", **({"smtpd_tls_security_level": "encrypt"} if tls else {})}
        options["smtpd_client_restrictions"] = "permit_sasl_authenticated,reject"
    yield from options.items()
    if not postfix.is_yes("smtpd_sasl_auth_enable") and "smtpd_sasl_auth_enable" not in options:
        yield "smtpd_sasl_auth_enable", "yes"


def _demands_login(smtpd: Smtpd) -> bool:
    """Whether mail is refused from whoever has not logged in, to this host's own users too."""
    ends = [decide(smtpd, stage, "stranger") for stage in ("client", "helo", "sender", "relay", "recipient")]
    return any(d.answer == "reject" and d.by is not None and d.by.name in ("reject", "defer") for d in ends)


@check(
    "CONF047",
    "postfix-submission-without-its-options",
    "warning",
    rung="policy",
    role="risk",
    scope=("listener",),
    fails=[
        {
            "postfix": _AUTH + "smtpd_tls_security_level = may\n" + _MASTER + "submission inet n - y - - smtpd\n",
            "remarks": "submission inet n - y - - smtpd\n#  -o smtpd_tls_security_level=encrypt\n"
            "#  -o smtpd_client_restrictions=permit_sasl_authenticated,reject",
        }
    ],
    passes=[
        {"postfix": _AUTH + _587},
        {
            "postfix": _AUTH
            + _MASTER
            + "587 inet n - y - - smtpd\n -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
        },
    ],
    refs=("RFC 6409 section 4.3; postfix: conf/master.cf, the submission entry with its -o lines",),
)
def submission_without_options(postfix: Postfix, remarks: MasterRemarks | Unknown) -> Findings:
    """The submission service behaves as port 25: it does not demand TLS, nor a login.

    Its line in master.cf is switched on, but its -o lines are missing or still behind `#`. Passwords may go in clear,
    and anybody may hand in mail for this host's users there.

    Advice: take the `#` off the -o lines below the entry, too; then reload Postfix.
    """
    behind = {b.service: b for b in reversed(remarks.blocks) if b.live} if isinstance(remarks, MasterRemarks) else {}
    for smtpd in postfix.smtpd:
        if smtpd.port not in (587, 465) or not smtpd.is_yes("smtpd_sasl_auth_enable"):
            continue
        if tls_level(smtpd) == "encrypt" or smtpd.is_yes("smtpd_tls_wrappermode") or _demands_login(smtpd):
            continue
        left = behind.pop(smtpd.service.name, None)
        path = postfix.master.path if postfix.master else "master.cf"
        options = list(_options(postfix, left, smtpd))
        yield found(
            f"{smtpd.name} (port {smtpd.port}) does not demand TLS, and takes unauthenticated mail for local users: "
            + ("its -o options are still commented out" if left else "it has no -o options that ask for it"),
            evidence=[
                Evidence(f"{path}:{smtpd.service.line}", f"{smtpd.service.name} inet … smtpd"),
                *(Evidence(f"{path}:{left.first + 1}-{left.last}", "\n".join(left.options)) for left in [left] if left),
            ],
            fix=[*(SetPostfixOption(smtpd.name, n, v) for n, v in options), Restart("postfix")],
            port=str(smtpd.port),
        )


_WRAP = " -o smtpd_tls_wrappermode=yes\n"


@check(
    "CONF048",
    "postfix-tls-begins-otherwise",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-answer", "no-starttls", "no-offer", "WIRE020", "WIRE021"),
    witnesses=("TLS501",),
    fails=[
        {"postfix": _AUTH + _465},
        {"postfix": _AUTH + _587 + _WRAP},
        {"postfix": _AUTH + "smtpd_tls_wrappermode = yes\n" + _587},
    ],
    passes=[{"postfix": _AUTH + _465 + _WRAP}, {"postfix": _AUTH + _587}],
    refs=("postfix: conf/master.cf, smtpd_tls_wrappermode; RFC 8314 section 3.3: port 465 is TLS from the first byte",),
)
def tls_begins_otherwise(postfix: Postfix) -> Findings:
    """A port begins TLS in another way than its clients expect.

    On port 465 TLS begins with the first byte (smtpd_tls_wrappermode=yes), on 587 and 25 by STARTTLS. Otherwise each
    side waits for the other, and the client reports a time-out or a failed handshake.

    Advice: set smtpd_tls_wrappermode=yes for the service of port 465 alone; then reload Postfix.
    """
    unwrapped = [s for s in postfix.smtpd if s.port == 465 and "smtpd_tls_wrappermode" not in s.service.options][:_FEW]
    for smtpd in postfix.smtpd:
        wraps = smtpd.is_yes("smtpd_tls_wrappermode")
        if smtpd.port == 465 and not wraps:
            yield found(
                f"{smtpd.name} listens on port 465 without smtpd_tls_wrappermode: clients begin TLS at once there, "
                "and Postfix waits for SMTP",
                evidence=[smtpd.evidence("smtpd_tls_wrappermode")],
                fix=[SetPostfixOption(smtpd.name, "smtpd_tls_wrappermode", "yes"), Restart("postfix")],
                port="465",
            )
        elif wraps and smtpd.port in (25, 587):
            own = "smtpd_tls_wrappermode" in smtpd.service.options
            yield found(
                f"{smtpd.name} has smtpd_tls_wrappermode on port {smtpd.port}: clients wait for a greeting there, "
                "and Postfix for TLS",
                evidence=[smtpd.evidence("smtpd_tls_wrappermode")],
                fix=[
                    SetPostfixOption(smtpd.name, "smtpd_tls_wrappermode", "no")
                    if own
                    else SetPostfix("smtpd_tls_wrappermode", "no"),
                    *(SetPostfixOption(s.name, "smtpd_tls_wrappermode", "yes") for s in unwrapped if not own),
                    Restart("postfix"),
                ],
                port=str(smtpd.port),
            )


_LOOPBACK = frozenset({"loopback-only", "localhost", "127.0.0.1", "[127.0.0.1]", "::1", "[::1]"})


def _only_loopback(smtpd: Smtpd) -> bool:
    if smtpd.address:
        return smtpd.address.startswith("127.") or smtpd.address in ("::1", "localhost")
    words = smtpd.value("inet_interfaces").lower().replace(",", " ").split()
    return bool(words) and set(words) <= _LOOPBACK


@check(
    "CONF049",
    "postfix-listens-on-loopback-only",
    "error",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[
        {"postfix": _AUTH + "inet_interfaces = loopback-only\n" + _587},
        {"postfix": _AUTH + _587, "listeners": "127.0.0.1 25 4 master\n127.0.0.1 587 4 master"},
    ],
    passes=[
        {"postfix": _AUTH + _587, "listeners": "0.0.0.0 25 4 master\n0.0.0.0 587 4 master"},
        {"postfix": _MAIN + "inet_interfaces = loopback-only\n" + _MASTER},
        {"postfix": _AUTH + "inet_interfaces = localhost\n" + _587 + " -o smtpd_upstream_proxy_protocol=haproxy\n"},
        {
            "postfix": _AUTH + "inet_interfaces = loopback-only\n" + _587,
            "history": "# path: /var/log/mail.log\n# since: 2026-11-22T08:00:00Z\n"
            "Nov 22 09:00:01 mail postfix/smtpd[9]: 4AB1C00077: client=c[192.0.2.9], "
            "sasl_method=PLAIN, sasl_username=bob",
        },
    ],
    refs=("postfix: postconf(5), inet_interfaces: Postfix must be stopped and started when it changes",),
)
def listens_on_loopback_only(
    postfix: Postfix, listeners: Listeners | Unknown, history: LoginHistory | Unknown
) -> Findings:
    """Postfix listens on the loopback interface alone, so nobody can reach it from another machine.

    Logins are set up, and clients get "connection refused". Debian's configuration for local mail has
    inet_interfaces = loopback-only.

    Advice: set inet_interfaces=all, then stop and start Postfix: a reload does not open other sockets.
    """
    services = [s for s in postfix.logins if s.port]
    if not services or any(s.value("smtpd_upstream_proxy_protocol") for s in services):
        return
    if isinstance(history, LoginHistory) and history.clients:
        return  # a proxy, or a network address translation, stands before it
    by_files = all(map(_only_loopback, services))
    asked = {s.port for s in services}
    sockets = [x for x in listeners.all if x.port in asked] if isinstance(listeners, Listeners) else []
    by_sockets = bool(sockets) and all(x.local_only for x in sockets)
    if sockets and not by_sockets:
        return
    if not by_files and not by_sockets:
        return
    bound = [s for s in services if s.address]
    value = postfix.value("inet_interfaces")
    if by_files:
        why = "by its entries in master.cf" if bound else f"inet_interfaces = {value}"
    else:
        why = f"inet_interfaces is {value}, but it was started with another value and only reloaded"
    yield found(
        f"Postfix listens on the loopback interface only ({why}): other machines get connection refused",
        evidence=[
            services[0].evidence("inet_interfaces")
            if not bound
            else Evidence(postfix.master.path if postfix.master else "master.cf", bound[0].service.name),
            *(x.evidence for x in sockets[:3]),
        ],
        fix=[*([SetPostfix("inet_interfaces", "all")] if by_files and not bound else []), StopAndStart("postfix")]
        if not (by_files and bound)
        else [],
        option="inet_interfaces",
    )


@check(
    "RUN045",
    "postfix-not-running",
    "error",
    rung="program",
    role="symptom",
    shows=("stopped",),
    explains=("no-answer",),
    fails=[{"postfix": _AUTH + _587, "processes": "", "listeners": ""}],
    passes=[
        {"postfix": _AUTH + _587, "processes": _RUNS, "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 40 master"},
        {"postfix": _AUTH + _587, "processes": "7 root 1.0 /usr/sbin/exim4 exim4", "listeners": "0.0.0.0 25 7 exim4"},
    ],
    refs=("postfix: master/master.c",),
)
def postfix_not_running(postfix: Postfix, processes: Processes, listeners: Listeners) -> Findings:
    """Postfix does not run: its master process is not there.

    Every client gets "connection refused".

    Advice: start Postfix; if it ends at once, the last lines of its log with "fatal:" say why.
    """
    asked = {s.port for s in postfix.smtpd} - {0}
    held = [x for x in listeners.all if x.port in asked]
    masters = [p for p in processes.named("master") if "postfix" in p.program or "postfix" in p.command]
    if masters:
        yield shown("Postfix runs", masters[0].evidence)
        return
    if held or not asked:
        return
    yield found(
        "Postfix is not running: there is no process master, and nothing listens on "
        + ", ".join(str(p) for p in sorted(asked)),
        evidence=[Evidence("ps", "no process /usr/lib/postfix/sbin/master")],
        fix=[Start("postfix", at_boot=True)],
        daemon="postfix",
    )


_OWN = ("?", "master", "smtpd", "postscreen", "init", "systemd")
"""Who may hold a port of Postfix: its own programs, who hands a socket over; `?` where we may not see."""


@check(
    "RUN084",
    "postfix-port-held-by-another-program",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "WIRE010", "WIRE011", "WIRE015", "WIRE030"),
    witnesses=("NET620",),
    fails=[{"postfix": _AUTH + _587, "processes": "", "listeners": "0.0.0.0 587 77 python3"}],
    passes=[
        {"postfix": _AUTH + _587, "processes": _RUNS, "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 40 master"},
        {"postfix": _AUTH + _587, "processes": "", "listeners": ""},
        {"postfix": _AUTH + _587, "processes": "", "listeners": "0.0.0.0 587 ? ?"},
        {"postfix": _AUTH + _587, "processes": _RUNS, "listeners": "0.0.0.0 25 40 master\n192.0.2.9 587 9 nginx"},
    ],
    refs=(
        "postfix: util/inet_listen.c: fatal: bind ADDRESS port PORT: Address already in use; master/master_listen.c",
    ),
)
def postfix_port_held_by_another_program(postfix: Postfix, processes: Processes, listeners: Listeners) -> Findings:
    """Another program listens on a port that master.cf gives to Postfix, which therefore does not start.

    master(8) opens all ports of master.cf at its start and ends if it cannot have one of them ("Address already in
    use"), so none of the others is served either.

    Advice: stop the other program, or give it another port; then start Postfix.
    """
    if any("postfix" in p.program or "postfix" in p.command for p in processes.named("master")):
        return
    for service in postfix.smtpd:
        there = listeners.on(service.port) if service.port else ()
        if there and not any(x.program.startswith(_OWN) for x in there):
            yield found(
                f"Port {service.port} is held by {there[0].program}, so Postfix does not start",
                evidence=[there[0].evidence, Evidence("ps", "no process /usr/lib/postfix/sbin/master")],
                fix=[inspect(f"ss -ltnp 'sport = :{service.port}'"), Start("postfix", at_boot=True)],
                port=str(service.port),
                daemon="postfix",
            )
