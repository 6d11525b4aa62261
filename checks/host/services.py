"""RUN: several mail servers on one host."""

from collections.abc import Iterator

from maildoctor.api import Disable, Evidence, Findings, Found, Manual, Step, Unknown, check, found, inspect, known
from maildoctor.api.host import Listener, Listeners, Processes, Services, counted_ports, named

_BOTH = "service: sendmail\nservice: postfix"
_WITH_EXIM = "service: postfix\nother: exim"
_OF_POSTFIX = "wants: postfix 25 /etc/postfix/master.cf\nwants: postfix 587 /etc/postfix/master.cf"
_AT_BOOT = "at boot: postfix /etc/systemd/system/multi-user.target.wants/postfix.service"
_SENDMAIL_AT_BOOT = "at boot: sendmail /etc/rc2.d/S01sendmail\nwants: sendmail 25 /etc/mail/sendmail.cf"
_WHO_LISTENS = "ss -ltnp 'sport = :25 or sport = :465 or sport = :587'"


@check(
    "RUN010",
    "two-mail-servers",
    "info",
    rung="none",
    role="note",
    fails=[
        {"services": _BOTH, "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 40 master"},
        {"services": _BOTH, "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 77 sendmail-mta"},
        {"services": _WITH_EXIM, "listeners": "127.0.0.1 25 40 exim4\n0.0.0.0 587 77 master"},
        {
            "services": "service: postfix\nother: opensmtpd",
            "listeners": "0.0.0.0 25 40 smtpd",
            "processes": "40 root 1700000000 /usr/sbin/smtpd /usr/sbin/smtpd",
        },
        {"services": f"{_BOTH}\n{_AT_BOOT}\nnot at boot: sendmail"},
    ],
    passes=[
        {"services": "service: postfix\nservice: cyrus-imapd", "listeners": "0.0.0.0 25 40 master"},
        {"services": _BOTH, "listeners": "0.0.0.0 143 40 dovecot"},
        {"services": "service: postfix\nleft: sendmail /etc/mail/sendmail.cf", "listeners": "0.0.0.0 25 40 master"},
    ],
    refs=("postfix: master/master.c; sendmail: sendmail/daemon.c: whoever binds a port first has it",),
)
def two_mail_servers(services: Services, listeners: Listeners | Unknown, processes: Processes | Unknown) -> Findings:
    """Two mail servers are installed; only the one that holds a port is asked there.

    What is found in the configuration of the other does not concern clients of that port.

    Advice: remove the one that is not used, or keep it from starting, so that nobody changes the wrong configuration.
    """
    sockets, running = known(listeners), known(processes)
    if len(services.smtp) < 2:
        return
    held = list(services.held(sockets, running)) if sockets else []
    idle = [p for p in services.smtp if services.idle(p, sockets, running)]
    if not held and not idle:
        return
    owners = {product for _, product, _ in held}
    silent = [p for p in services.smtp if p not in owners] if held else []
    whose = list(_whose(held)) or [services.idle(p, sockets, running) for p in idle]
    rest = f"; {_listed([*map(named, silent)])} listen{'s' if len(silent) == 1 else ''} on none" if silent else ""
    both = "both installed" if len(services.smtp) == _TWO else "installed"
    yield found(
        f"{_listed([*map(named, services.smtp)])} are {both}: {'; '.join(whose)}{rest}",
        evidence=[
            *(socket.evidence for _, _, socket in held),
            *(Evidence(path, f"starts {named(p)} at boot") for p, path in services.at_boot.items()),
            Evidence("installed", ", ".join(services.smtp)),
        ],
        fix=[*([inspect(_WHO_LISTENS)] if held else []), *(_left_over(p, services) for p in idle)],
        subject="services",
    )


def _whose(held: list[tuple[int, str, Listener]]) -> Iterator[str]:
    """The ports of each owner, with the address where only this host reaches one."""
    ports: dict[str, list[str]] = {}
    for port, product in dict.fromkeys((port, product) for port, product, _ in held):
        mine = [socket for at, owner, socket in held if (at, owner) == (port, product)]
        near = f" of {mine[0].address}" if all(socket.local_only for socket in mine) else ""
        ports.setdefault(product, []).append(f"{port}{near}")
    for product, mine_too in ports.items():
        yield f"{counted_ports(mine_too)} {'is' if len(mine_too) == 1 else 'are'} {named(product)}'s"


def _left_over(product: str, services: Services) -> Step:
    """What to do about one that is not in use."""
    settings = services.changed.get(product, (0, ""))[1].rpartition("/")[0]
    words = "if {name} is not needed any more, remove its package; else keep it from starting"
    if settings:
        words += ", and change nothing in {settings}, which is not read"
    return Manual(words, (("name", product), ("settings", settings)))


@check(
    "RUN080",
    "command-of-unused-server",
    "warning",
    rung="none",
    role="risk",
    fails=[
        {
            "services": f"{_WITH_EXIM}\ncommand: sendmail postfix /usr/sbin/sendmail.postfix",
            "listeners": "0.0.0.0 25 40 exim4",
        },
        {
            "services": f"{_BOTH}\ncommand: sendmail sendmail /usr/sbin/sendmail.sendmail\n"
            "command: newaliases sendmail /usr/sbin/sendmail.sendmail",
            "listeners": "0.0.0.0 25 40 master",
        },
    ],
    passes=[
        {
            "services": f"{_WITH_EXIM}\ncommand: sendmail exim /usr/sbin/exim4",
            "listeners": "0.0.0.0 25 40 exim4",
        },
        {
            "services": f"{_WITH_EXIM}\ncommand: sendmail exim /usr/sbin/exim4",
            "listeners": "127.0.0.1 25 40 exim4\n0.0.0.0 587 77 master",
        },
        {"services": f"{_WITH_EXIM}\ncommand: sendmail postfix /usr/sbin/sendmail"},
    ],
    refs=(
        "postfix: postdrop/postdrop.c: mail waits in maildrop/ until pickup(8), which master(8) runs, takes it",
        "exim: it delivers what it is given itself; smtpctl(8) hands it to the smtpd that runs",
        "sendmail: submit.cf: it is handed to whoever listens on port 25 of this host",
    ),
)
def command_of_unused_server(
    services: Services, listeners: Listeners | Unknown, processes: Processes | Unknown
) -> Findings:
    """The commands sendmail, newaliases or mailq are those of a mail server that is installed and not in use.

    What cron, PHP and other programs send goes by the command sendmail. Postfix keeps it until its own daemons run;
    Exim delivers it by its own configuration; OpenSMTPD refuses it; Sendmail hands it to whoever listens on port 25.
    newaliases makes the aliases of that other server, mailq shows its queue: neither tells of the one in use.

    Advice: give the commands back to the mail server that runs: remove the package of the other, or choose with the
    system's alternatives.
    """
    sockets, running = known(listeners), known(processes)
    other = [c for c in services.commands if services.idle(c.product, sockets, running)]
    if not other or not sockets:
        return
    product = next((c.product for c in other if c.name == "sendmail"), other[0].product)
    names = [c.name for c in other if c.product == product]
    does = _DOES[product] if "sendmail" in names else "what it makes or shows is not what the mail server in use has"
    yield found(
        f"{_listed(names)} {'is' if len(names) == 1 else 'are'} {named(product)}'s, which is not in use here "
        f"({services.idle(product, sockets, running)}): {does}",
        evidence=[c.evidence for c in other],
        fix=[
            inspect("ls -l /usr/sbin/sendmail /usr/bin/newaliases /usr/bin/mailq"),
            Manual(
                "remove the package of {name}, or choose the other mail server: update-alternatives (Debian: "
                "sendmail-mta; Red Hat: mta)",
                (("name", product),),
            ),
        ],
        severity="info" if product == "sendmail" or "sendmail" not in names else None,
        subject=product,
    )


_DOES = {
    "postfix": "what programs of this host send by it waits in maildrop until Postfix runs",
    "exim": "what programs of this host send by it goes by the configuration of Exim",
    "opensmtpd": "programs of this host cannot send by it",
    "sendmail": "what programs of this host send by it goes to port 25, if submit.cf does not say otherwise",
}


_TWO = 2


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@check(
    "RUN081",
    "two-want-one-port",
    "error",
    rung="none",
    role="risk",
    witnesses=("NET620", "RUN121", "RUN122"),
    fails=[
        {
            "services": f"{_BOTH}\n{_OF_POSTFIX}\n{_AT_BOOT}",
            "listeners": "0.0.0.0 25 7 sendmail-mta\n0.0.0.0 587 7 sendmail-mta",
        },
        {"services": f"{_BOTH}\n{_OF_POSTFIX}\n{_AT_BOOT}\n{_SENDMAIL_AT_BOOT}"},
    ],
    passes=[
        {"services": f"{_BOTH}\n{_OF_POSTFIX}\nnot at boot: postfix", "listeners": "0.0.0.0 25 7 sendmail-mta"},
        {
            "services": f"{_BOTH}\n{_OF_POSTFIX}\n{_AT_BOOT}",
            "listeners": "0.0.0.0 587 7 master\n127.0.0.1 25 9 sendmail-mta",
        },
        {"services": f"{_BOTH}\n{_OF_POSTFIX}\n{_AT_BOOT}\nnot at boot: sendmail"},
    ],
    refs=("postfix: util/inet_listen.c: fatal: bind ADDRESS port PORT: Address already in use; sendmail: daemon.c",),
)
def two_want_one_port(services: Services, listeners: Listeners | Unknown, processes: Processes | Unknown) -> Findings:
    """Two mail servers are started at boot and want the same port, so one of them does not start.

    Whoever binds a port first has it; the other ends with "Address already in use". Which one it is can change with
    each boot, and then users log in at another mail server, with other users and other settings.

    Advice: decide for one, and keep the other from starting.
    """
    sockets, running = known(listeners), known(processes)
    if sockets and list(services.held(sockets, running)):
        for product, taken in _shut_out(services, sockets, running):
            if not _unserved(product, services, sockets):  # else RUN082 tells it
                yield _decide(product, taken, services, sockets)
        return
    both = [p for p in services.smtp if p in services.at_boot and services.wants.get(p)]
    common = sorted(set.intersection(*(set(services.claims(p)) for p in both))) if len(both) > 1 else []
    if common:
        yield found(
            f"{_listed([*map(named, both)])} are both started at boot, and both want "
            f"{counted_ports([*map(str, common)])}: the one that comes first has it",
            evidence=[Evidence(services.at_boot[p], f"starts {named(p)} at boot") for p in both],
            fix=[Manual("decide for one; the other: remove its package, or keep it from starting")],
            severity="warning",
            subject=" ".join(both),
        )


@check(
    "RUN082",
    "port-of-server-shut-out",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "not-started"),
    witnesses=("NET620", "RUN121", "RUN122"),
    fails=[{"services": f"{_WITH_EXIM}\n{_OF_POSTFIX}\n{_AT_BOOT}", "listeners": "0.0.0.0 25 7 exim4"}],
    passes=[
        {
            "services": f"{_WITH_EXIM}\n{_OF_POSTFIX}\n{_AT_BOOT}",
            "listeners": "0.0.0.0 25 7 exim4\n0.0.0.0 587 7 exim4",
        },
        {"services": f"{_WITH_EXIM}\n{_OF_POSTFIX}\nnot at boot: postfix", "listeners": "0.0.0.0 25 7 exim4"},
        {
            "services": f"{_WITH_EXIM}\n{_OF_POSTFIX}\n{_AT_BOOT}",
            "listeners": "0.0.0.0 587 7 master\n127.0.0.1 25 9 exim4",
        },
    ],
    refs=("postfix: master/master_listen.c, util/inet_listen.c: master(8) ends if it cannot have one of its ports",),
)
def port_of_server_shut_out(services: Services, listeners: Listeners, processes: Processes | Unknown) -> Findings:
    """A mail server cannot start because another one has one of its ports, and nobody serves its other ports.

    A mail server that cannot have one of its ports serves none of them. Clients of the others find nothing.

    Advice: decide which mail server is to have the port; give the other another address or port, or stop it.
    """
    running = known(processes)
    for product, taken in _shut_out(services, listeners, running):
        for port in _unserved(product, services, listeners):
            path = services.wants[product][port]
            (held, owner), *_ = taken.items()
            yield found(
                f"Nobody serves port {port}: {named(product)}, which is to, cannot start while {named(owner)} has port "
                f"{held}",
                evidence=[
                    Evidence(path, f"port {port}"),
                    Evidence("ss -ltn", f"no listener on port {port}"),
                    *(socket.evidence for socket in listeners.on(held)[:1]),
                ],
                fix=_one_of(owner, product),
                port=str(port),
            )


def _shut_out(
    services: Services, listeners: Listeners, processes: Processes | None
) -> Iterator[tuple[str, dict[int, str]]]:
    """Those that are started at boot and have none of their ports, since others have them: which, and whose."""
    for product in services.at_boot:
        if services.idle(product, listeners, processes):
            held = services.held(listeners, processes)
            yield product, {port: owner for port, owner, _ in held if port in services.claims(product)}


def _unserved(product: str, services: Services, listeners: Listeners) -> list[int]:
    return [p for p in services.wants.get(product, ()) if p in (25, 465, 587) and not listeners.on(p)]


def _decide(product: str, taken: dict[int, str], services: Services, listeners: Listeners) -> Found:
    owner = next(iter(taken.values()))
    ports = counted_ports([str(p) for p in taken])
    sure = owner not in services.not_at_boot
    again = "" if sure else f"; {named(owner)} is not started at boot: after the next one {named(product)} has them"
    return found(
        f"{named(product)} is started at boot and cannot have {ports}, which {named(owner)} has{again}",
        evidence=[
            Evidence(services.at_boot[product], f"starts {named(product)} at boot"),
            *(socket.evidence for port in taken for socket in listeners.on(port)[:1]),
            *(Evidence(path, f"port {p}") for p, path in services.wants.get(product, {}).items() if p in taken),
        ],
        fix=_one_of(product, owner),
        subject=product,
    )


def _one_of(product: str, owner: str) -> list[Step]:
    return [
        inspect(_WHO_LISTENS),
        Disable(product, effect=f"{named(owner)} stays"),
        Manual(
            "or, if {name} is the one that is meant: keep {other} from starting instead, and start {name}",
            (("name", product), ("other", owner)),
        ),
    ]


@check(
    "RUN083",
    "changed-what-is-not-read",
    "warning",
    rung="none",
    role="note",
    fails=[
        {
            "services": f"{_WITH_EXIM}\nchanged: postfix 1700009000 /etc/postfix/main.cf\n"
            "changed: exim 1700000000 /etc/exim4/exim4.conf",
            "listeners": "0.0.0.0 25 40 exim4",
        },
        {
            "services": "service: postfix\nleft: sendmail /etc/mail/sendmail.cf\n"
            "changed: sendmail 1700009000 /etc/mail/access\nchanged: postfix 1700000000 /etc/postfix/main.cf",
            "listeners": "0.0.0.0 25 40 master",
        },
    ],
    passes=[
        {
            "services": f"{_WITH_EXIM}\nchanged: postfix 1700000000 /etc/postfix/main.cf\n"
            "changed: exim 1700009000 /etc/exim4/exim4.conf",
            "listeners": "0.0.0.0 25 40 exim4",
        },
        {
            "services": f"{_BOTH}\nchanged: postfix 1700009000 /etc/postfix/main.cf\n"
            "changed: sendmail 1700000000 /etc/mail/sendmail.cf",
            "listeners": "0.0.0.0 25 40 master\n0.0.0.0 587 41 sendmail-mta",
        },
    ],
    refs=("postfix: postconf(5); sendmail: doc/op: each mail server reads its own files and none of another's",),
)
def changed_what_is_not_read(services: Services, listeners: Listeners, processes: Processes | Unknown) -> Findings:
    """The configuration that was changed last is that of a mail server that is not in use here.

    The mail server that listens reads none of it: whoever made the change waits for an effect that cannot come.

    Advice: make the change in the files of the mail server that is in use, or switch over to the other one.
    """
    running = known(processes)
    owners = list(dict.fromkeys(owner for _, owner, _ in services.held(listeners, running)))
    reads = [services.changed[p] for p in owners if p in services.changed]
    if not owners or len(reads) < len(owners):
        return
    for product, (when, path) in services.changed.items():
        unread = product in services.left or services.idle(product, listeners, running)
        if unread and when > max(last for last, _ in reads) + _AT_ONCE:
            theirs = max(reads)[1]
            yield found(
                f"{path} was changed last, and is not read: {_listed([*map(named, owners)])} "
                f"{'is' if len(owners) == 1 else 'are'} in use here, {named(product)} is not",
                evidence=[
                    Evidence(f"ls -ld {path}", f"changed after {theirs}"),
                    *(s.evidence for s in listeners.on(25)[:1]),
                ],
                fix=[
                    Manual("what was meant by it goes into {path}, or a file beside it", (("path", theirs),)),
                    _left_over(product, services),
                ],
                path=path,
            )


_AT_ONCE = 60
"""Seconds within which two files were changed together."""
