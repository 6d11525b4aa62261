"""RUN, CONF: entries of master.cf on the ports of mail programs that lead to another program than smtpd, or to none."""

from collections.abc import Iterator

from maildoctor.api import (
    Evidence,
    Findings,
    Restart,
    SetPostfix,
    StopAndStart,
    UnsetPostfix,
    check,
    edit,
    found,
)
from maildoctor.api.host import PortNames
from maildoctor.api.postfix import Postfix, Smtpd

_MAIN = "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n{}"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
_587 = _MASTER + "submission inet n - y - - smtpd\n"
_OF_MAIL = (25, 465, 587)
_FRONT = ("smtpd", "postscreen", "spawn", "tlsproxy", "qmqpd")
_EFFECTS = ("no-answer", "no-offer", "no-starttls", "CONF046", "CONF047")


def _inet(postfix: Postfix) -> Iterator[Smtpd]:
    """All entries that listen on TCP, whatever their program."""
    yield from (Smtpd(s.service, postfix) for s in postfix.services if s.service.kind == "inet")


@check(
    "RUN086",
    "postfix-service-runs-another-program",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    explains=_EFFECTS,
    fails=[
        {"postfix": _MAIN.format("") + _MASTER + "submission inet n - y - - smtp\n"},
        {"postfix": _MAIN.format("") + _MASTER + "465 inet n - y - - smptd -o smtpd_tls_wrappermode=yes\n"},
    ],
    passes=[
        {"postfix": _MAIN.format("") + _587},
        {"postfix": _MAIN.format("") + _587 + "628 inet n - y - - qmqpd\n127.0.0.1:10023 inet n - y - - smtp\n"},
    ],
    refs=("postfix: master(5), command name; smtpd(8) takes mail, smtp(8) sends it",),
)
def service_runs_another_program(postfix: Postfix) -> Findings:
    """The entry of a port for mail in master.cf starts another program than smtpd.

    smtp(8) sends mail and takes none; a program that does not exist lets master try again and again ("bad command
    startup"). Connections are accepted, and no greeting comes.

    Advice: write smtpd in the last column of the entry, then stop and start Postfix.
    """
    path = postfix.master.path if postfix.master else "master.cf"
    for entry in _inet(postfix):
        program = entry.service.program
        if entry.port in _OF_MAIL and program not in _FRONT and "/" not in program:
            yield found(
                f"{entry.name} (port {entry.port}) runs the program {program[:80]} in master.cf and not smtpd: "
                "connections are accepted, and nobody greets",
                evidence=[Evidence(f"{path}:{entry.service.line}", f"{entry.service.name} inet … {program[:80]}")],
                fix=[
                    edit(path, "line {line}: the command is smtpd", line=str(entry.service.line)),
                    StopAndStart("postfix"),
                ],
                service=entry.name,
                port=str(entry.port),
            )


_NAMES = "# path: /etc/services\nsmtp 25/tcp mail\nsubmission 587/tcp\nsubmissions 465/tcp ssmtp smtps urd\n"


@check(
    "RUN087",
    "postfix-port-name-unknown",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", *_EFFECTS),
    fails=[
        {"postfix": _MAIN.format("") + _MASTER + "msa inet n - y - - smtpd\n", "names": _NAMES},
        {
            "postfix": _MAIN.format("").replace("3.7.11", "3.5.25") + _MASTER + "submissions inet n - y - - smtpd\n",
            "names": _NAMES.replace("submissions", "urd"),
        },
        {
            "postfix": _MAIN.format("").replace("3.7.11", "3.5.25") + _587,
            "names": "missing: /etc/services",
        },
    ],
    passes=[
        {"postfix": _MAIN.format("") + _587, "names": "missing: /etc/services"},
        {
            "postfix": _MAIN.format("") + _MASTER + "urd inet n - y - - smtpd\n10.0.0.1:2525 inet n - y - - smtpd\n",
            "names": _NAMES,
        },
        {"postfix": _MAIN.format("") + _MASTER + "[::1]:urd inet n - y - - smtpd\n", "names": _NAMES},
    ],
    refs=("postfix: util/find_inet.c; known_tcp_ports (3.6); getaddrinfo(3): Servname not supported for ai_socktype",),
)
def port_name_unknown(postfix: Postfix, names: PortNames) -> Findings:
    """An entry of master.cf names its port by a word that is in no list of ports, and master does not start.

    From 3.6 on Postfix itself knows smtp, submission, submissions, smtps and lmtp; all else, and all names before that
    release, must stand in /etc/services ("Servname not supported for ai_socktype").

    Advice: write the number of the port (587, 465, 25) in the first column of the entry, then start Postfix.
    """
    path = postfix.master.path if postfix.master else "master.cf"
    own = {"smtp", "submission", "submissions", "smtps", "lmtp"} if postfix.version >= (3, 6) else set[str]()
    for entry in _inet(postfix):
        word = entry.listener.rpartition(":")[2]
        if not word or word.isdecimal() or word in own or word in names.ports or not postfix.version:
            continue
        why = f"{names.path} does not exist" if names.missing else f"{names.path} does not have it"
        yield found(
            f"{entry.name} in master.cf names the port {word[:60]}, which is unknown: {why}; Postfix does not start",
            evidence=[
                Evidence(f"{path}:{entry.service.line}", f"{entry.service.name} inet … {entry.service.program}"),
                Evidence(names.path, "No such file or directory" if names.missing else f"no {word[:60]} of tcp"),
            ],
            fix=[
                edit(path, "line {line}: the number of the port in the first column", line=str(entry.service.line)),
                StopAndStart("postfix"),
            ],
            service=entry.name,
        )


@check(
    "RUN088",
    "postfix-two-entries-for-one-port",
    "warning",
    rung="listener",
    role="cause",
    scope=("listener", "client"),
    fails=[
        {"postfix": _MAIN.format("") + _587 + "587 inet n - y - - smtpd -o smtpd_tls_auth_only=yes\n"},
        {"postfix": _MAIN.format("") + _MASTER + "smtps inet n - y - - smtpd\nsubmissions inet n - y - - smtpd\n"},
    ],
    passes=[
        {"postfix": _MAIN.format("") + _587},
        {"postfix": _MAIN.format("") + _587 + "127.0.0.1:10587 inet n - y - - smtpd\n"},
        {"postfix": _MAIN.format("inet_interfaces = 192.0.2.1\n") + _587 + "127.0.0.1:587 inet n - y - - smtpd\n"},
    ],
    refs=("postfix: util/inet_listen.c: SO_REUSEPORT since 3.6; before, bind(2) fails",),
)
def two_entries_for_one_port(postfix: Postfix) -> Findings:
    """Two entries of master.cf listen on the same port under different names, as submission and 587.

    Where the system lets both have it, chance decides which of them answers a client, with the options of the one or
    of the other; else master does not start ("Address already in use").

    Advice: leave one of them, with its options, in master.cf; then stop and start Postfix.
    """
    path = postfix.master.path if postfix.master else "master.cf"
    there: dict[tuple[str, int], list[Smtpd]] = {}
    for entry in _inet(postfix):
        if entry.port:
            there.setdefault((entry.address, entry.port), []).append(entry)
    for (_, port), entries in there.items():
        names = list(dict.fromkeys(e.name for e in entries))
        if len(names) > 1:
            yield found(
                f"Two entries of master.cf have the same port {port}: {' and '.join(names)}: chance decides which "
                "answers a client",
                evidence=[Evidence(f"{path}:{e.service.line}", f"{e.service.name} inet …") for e in entries[:4]],
                fix=[
                    edit(path, "leave one of them: {names}", names=" ".join(names)),
                    StopAndStart("postfix"),
                ],
                port=str(port),
                client="some",
            )


@check(
    "CONF086",
    "postfix-service-disabled",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    explains=_EFFECTS,
    fails=[
        {"postfix": _MAIN.format("master_service_disable = submission.inet\n") + _587},
        {"postfix": _MAIN.format("master_service_disable = inet\n") + _587},
    ],
    passes=[
        {"postfix": _MAIN.format("") + _587},
        {"postfix": _MAIN.format("master_service_disable = smtps.inet\n") + _587},
        {
            "postfix": _MAIN.format("master_service_disable = inet\n").replace("auth_enable = yes", "auth_enable = no")
            + _MASTER
        },
    ],
    refs=("postfix: master/master_conf.c; postconf(5), master_service_disable",),
)
def service_disabled(postfix: Postfix) -> Findings:
    """master_service_disable switches off a service in which users are to log in.

    The entry stands in master.cf as it should, and nothing listens on its port.

    Advice: take it out of master_service_disable; then stop and start Postfix.
    """
    option = "master_service_disable"
    if postfix.master is None:
        return
    off = [Smtpd(s, postfix) for s in postfix.master.smtpd if s.kind == "inet" and postfix.is_disabled(s)]
    off = [s for s in off if s.port in _OF_MAIL and s.is_yes("smtpd_sasl_auth_enable") and not s.is_loopback]
    if not off:
        return
    words = postfix.value(option).replace(",", " ").split()
    left = [w for w in words if w.lower().replace(".", "/") not in {s.name.lower() for s in off} | {"inet"}]
    yield found(
        f"{option} = {postfix.value(option)[:200]} switches off "
        f"{' and '.join(f'{s.name} (port {s.port})' for s in off)}: nothing listens there",
        evidence=[postfix.main.evidence(option), off[0].evidence_of_entry],
        fix=[SetPostfix(option, " ".join(left)) if left else UnsetPostfix(option, ""), StopAndStart("postfix")],
        option=option,
        port=",".join(str(s.port) for s in off),
    )


_SCREEN = "==> /etc/postfix/master.cf <==\n{} inet n - y - 1 postscreen\n"
_HANDED = "smtpd pass - - y - - smtpd\n"


@check(
    "CONF087",
    "postfix-postscreen-before-users",
    "error",
    rung="offer",
    role="cause",
    scope=("listener",),
    explains=_EFFECTS,
    witnesses=("ABUSE511", "RUN510"),
    fails=[
        {"postfix": _MAIN.format("") + _SCREEN.format("submission") + _HANDED},
        {"postfix": _MAIN.format("") + _SCREEN.format("smtp")},
    ],
    passes=[
        {"postfix": _MAIN.format("") + _SCREEN.format("smtp") + _HANDED},
        {"postfix": _MAIN.format("") + _587},
        {"postfix": _MAIN.format("").replace("= yes", "= no") + _SCREEN.format("smtp") + _HANDED},
    ],
    refs=(
        "postfix: POSTSCREEN_README: postscreen has no AUTH, and is for port 25 alone; postscreen/postscreen_send.c: "
        "connect to private/smtpd",
    ),
)
def postscreen_before_users(postfix: Postfix) -> Findings:
    """postscreen stands on a port where users log in, or has no smtpd that it could hand clients over to.

    postscreen sorts out spammers on port 25. It knows no AUTH: mail programs on port 587 or 465 are refused, or let
    wait, by tests that are made for mail servers. Whom it lets pass it hands to the service `smtpd pass`; without that
    entry each client is answered "421 4.3.2 All server ports are busy".

    Advice: smtpd, not postscreen, in the entries submission and submissions of master.cf; beside postscreen on port 25
    an entry `smtpd pass - - n - - smtpd`. Then reload Postfix.
    """
    path = postfix.master.path if postfix.master else "master.cf"
    screens = [e for e in _inet(postfix) if e.service.program == "postscreen"]
    handed = any(s.service.kind == "pass" and s.service.name == "smtpd" for s in postfix.services)
    wanted = postfix.meant_for_logins or bool(postfix.logins)
    for entry in screens:
        at = Evidence(f"{path}:{entry.service.line}", f"{entry.service.name} inet … postscreen")
        if entry.port in (465, 587) and (wanted or entry.is_yes("smtpd_sasl_auth_enable")):
            yield found(
                f"{entry.name} (port {entry.port}) is served by postscreen, which has no AUTH and is made for mail "
                "servers: mail programs cannot log in there",
                evidence=[at],
                fix=[
                    edit(path, "line {line}: the command is smtpd, maxproc is -", line=str(entry.service.line)),
                    Restart("postfix"),
                ],
                port=str(entry.port),
            )
        elif not handed and entry.port:
            yield found(
                f"postscreen on port {entry.port} has no service smtpd of type pass in master.cf to hand clients over "
                "to: each is answered 421 All server ports are busy",
                evidence=[at, Evidence(path, "no entry smtpd pass")],
                fix=[edit(path, "add a line: smtpd pass - - n - - smtpd"), Restart("postfix")],
                port=str(entry.port),
            )


_IPV6 = "inet_protocols = ipv6\n"


@check(
    "RUN089",
    "postfix-without-ipv4",
    "error",
    rung="listener",
    role="cause",
    explains=("no-answer",),
    fails=[{"postfix": _MAIN.format(_IPV6) + _587}],
    passes=[
        {"postfix": _MAIN.format("inet_protocols = all\n") + _587},
        {"postfix": _MAIN.format("inet_protocols = ipv4\n") + _587},
        {"postfix": _MAIN.format(_IPV6).replace("auth_enable = yes", "auth_enable = no") + _MASTER},
    ],
    refs=("postfix: postconf(5), inet_protocols: Postfix must be stopped and started when it changes",),
)
def without_ipv4(postfix: Postfix) -> Findings:
    """Postfix does not speak IPv4: inet_protocols has IPv6 alone, and most mail programs get "connection refused".

    Advice: set inet_protocols = all, then stop and start Postfix: a reload does not open other sockets.
    """
    words = postfix.value("inet_protocols").lower().replace(",", " ").split()
    if postfix.logins and words and set(words) == {"ipv6"}:
        yield found(
            "inet_protocols = ipv6: Postfix listens on IPv6 alone, and clients with IPv4 get connection refused",
            evidence=[postfix.main.evidence("inet_protocols")],
            fix=[SetPostfix("inet_protocols", "all"), StopAndStart("postfix")],
            option="inet_protocols",
        )
