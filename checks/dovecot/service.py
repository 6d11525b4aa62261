"""Dovecot as the one who checks the logins of a mail server: whether it runs, and whether it could."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from maildoctor.api import (
    AddLine,
    CommentOut,
    Evidence,
    Findings,
    LoginService,
    Restart,
    SetInLine,
    Start,
    Step,
    Unknown,
    by_hand,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.dovecot import Dovecot, DovecotSockets, Problem, is_asked
from maildoctor.api.host import Listeners, Processes
from maildoctor.api.postfix import Postfix

_ASKED = "service: postfix /etc/postfix/main.cf\nprovider: dovecot\nwanted"
_LIBSASL = "service: postfix /etc/postfix/main.cf\nwanted"
_GOOD = (
    "version: 2.3.19.1\n==> /etc/dovecot/dovecot.conf <==\nauth_mechanisms = plain login\n"
    "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}"
)
_RUNS = "40 root 1000.00 /usr/sbin/dovecot /usr/sbin/dovecot -F"
_OTHERS = "7 root 1000.00 /usr/lib/postfix/sbin/master /usr/lib/postfix/sbin/master -w"
_UNKNOWN = f"{_GOOD}\nauth_mechanism = plain"
_NEW = "version: 2.4.1\n==> /etc/dovecot/dovecot.conf <==\ndovecot_config_version = 2.4.0\n"
_GOOD_NEW = f"{_NEW}dovecot_storage_version = 2.4.0\nauth_mechanisms = plain login"

_SOCKET = ">> socket: /run/a\nsrw-rw---- postfix postfix /run/a\n"


def _again(service: LoginService, running: bool) -> list[Step]:
    """What makes a change of Dovecot's configuration count; a mail server that could not ask it tries again."""
    own = Restart("dovecot") if running else Start("dovecot")
    return [own] if service.product == "dovecot" else [own, Restart(service.product)]


def _runs(processes: Processes | Unknown) -> bool:
    return isinstance(processes, Processes) and bool(processes.named("dovecot"))


@check(
    "RUN065",
    "dovecot-not-running",
    "error",
    rung="verifier",
    role="cause",
    explains=("no-answer", "no-offer", "no-starttls", "SASL065", "RUN066"),
    witnesses=("SASL500", "RUN500"),
    fails=[{"service": _ASKED, "dovecot": _GOOD, "processes": _OTHERS}],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "processes": _RUNS},
        {"service": _LIBSASL, "dovecot": _GOOD, "processes": _OTHERS},
    ],
    refs=("postfix: xsasl/xsasl_dovecot_server.c", "dovecot: master/main.c"),
)
def not_running(service: LoginService, dovecot: Dovecot, processes: Processes) -> Findings:
    """Dovecot does not run, and the mail server asks it about every login.

    smtpd of Postfix that cannot reach the socket ends at once, so that not even mail without a login comes in. Dovecot
    leaves its sockets behind when it stops: that a socket is there does not show that it runs.

    Advice: start Dovecot, see that it stays up, and let it start at boot; then let the mail server start anew what gave
    up meanwhile.
    """
    if not is_asked(service) or processes.named("dovecot"):
        return
    yield found(
        "Dovecot is not running"
        + (f", and {service.product} asks it about every login" if service.product != "dovecot" else ""),
        evidence=[Evidence("ps", "no process of dovecot"), Evidence(service.path, f"asks {service.provider}")],
        fix=[
            Start("dovecot", at_boot=True),
            inspect("doveadm log errors"),
            *([Restart(service.product)] if service.product != "dovecot" else []),
        ],
        program="dovecot",
    )


def _places(problem: Problem, dovecot: Dovecot) -> Iterator[Step]:
    """How one problem is taken away: exactly where it is a setting in a line of its own."""
    # only a name of such characters means nothing else to sed
    is_setting = problem.kind == "unknown" and problem.line and re.fullmatch(r"[A-Za-z0-9_]{1,80}", problem.subject)
    if is_setting:
        known = ("auth_mechanisms", "auth_username_format", "auth_default_realm", "disable_plaintext_auth", "protocols")
        near = get_close_matches(problem.subject, known, 1, 0.85)
        if near:
            words = "correct line {line}: {name} is meant to be {near}; the command behind switches it off"
            yield edit(problem.path, words, line=str(problem.line), name=problem.subject, near=near[0])
        yield CommentOut(problem.path, problem.line, problem.subject)
    elif problem.kind == "no-match":
        words = "correct line {line}: no file matches {pattern}; or write !include_try"
        yield edit(problem.path, words, line=str(problem.line), pattern=problem.subject)
    elif problem.kind == "unclosed":
        yield edit(
            problem.path, "close the block that begins in line {line} by a line of its own", line=str(problem.line)
        )
    else:
        yield edit(problem.path, "correct line {line}", line=str(problem.line))
    yield inspect("doveconf -n")


@check(
    "CONF065",
    "dovecot-refuses-configuration",
    "error",
    rung="verifier",
    role="cause",
    explains=("RUN065", "SASL065", "RUN066", "no-answer", "no-offer", "no-starttls"),
    witnesses=("CONF661",),
    fails=[
        {"service": _ASKED, "dovecot": _UNKNOWN, "processes": _OTHERS},
        {"service": _ASKED, "dovecot": _UNKNOWN, "processes": _RUNS},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{", "processes": _OTHERS},
        {"service": _ASKED, "dovecot": f"{_GOOD}\n!include conf.d/*.conf"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nauth_debug = on"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD, "processes": _OTHERS},
        {"service": _LIBSASL, "dovecot": _UNKNOWN, "processes": _OTHERS},
        {
            "service": _ASKED,
            "dovecot": f"changed: 2026-01-01 10:00:00 +0000\n{_UNKNOWN}",
            "processes": _RUNS.replace("1000.00", "1900000000.00"),
        },
    ],
    refs=("dovecot: config/config-parser.c",),
)
def refuses_configuration(service: LoginService, dovecot: Dovecot, processes: Processes | Unknown) -> Findings:
    """Dovecot does not start on its configuration: a setting that it does not know, a block that is not closed, a value
    that cannot be meant.

    One such line is fatal for all of it. A Dovecot that runs keeps what it had read before until it is restarted.

    Advice: correct the line; `doveconf -n` reads the files as the start does and names the first that is wrong.
    """
    problem = next((p for p in dovecot.problems if p.kind not in ("generation", "version", "storage")), None)
    if not is_asked(service) or problem is None or problem is not dovecot.problems[0]:
        return
    running = processes.named("dovecot") if isinstance(processes, Processes) else ()
    if running and dovecot.changed and max(p.started for p in running) > dovecot.changed:
        return  # it was started on these very files
    where = f"{problem.path} line {problem.line}" if problem.line else problem.path
    later = "; the one that runs has not read it, the next start fails" if running else ""
    yield found(
        f"Dovecot does not start: error in {where}: {problem.text}{later}",
        evidence=[p.evidence for p in dovecot.problems[:3]],
        severity="warning" if running else None,
        fix=[*_places(problem, dovecot), *_again(service, bool(running))],
        path=problem.path,
        setting=problem.subject or problem.kind,
    )


@check(
    "CONF066",
    "dovecot-configuration-of-another-release",
    "error",
    rung="verifier",
    role="cause",
    explains=("CONF065", "RUN065", "SASL065", "RUN066", "no-answer", "no-offer", "no-starttls"),
    fails=[
        {"service": _ASKED, "dovecot": _GOOD.replace("2.3.19.1", "2.4.1"), "processes": _OTHERS},
        {"service": _ASKED, "dovecot": _GOOD_NEW.replace("version: 2.4.1", "version: 2.3.21.1"), "processes": _OTHERS},
        {"service": _ASKED, "dovecot": f"{_NEW}auth_mechanisms = plain", "processes": _OTHERS},
        {"service": _ASKED, "dovecot": f"{_GOOD_NEW}\ndisable_plaintext_auth = no"},
        {"service": _ASKED, "dovecot": f"{_GOOD_NEW}\npassdb {{\n  driver = pam\n}}"},
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD_NEW, "processes": _OTHERS},
        {"service": _ASKED, "dovecot": _GOOD, "processes": _OTHERS},
    ],
    refs=("dovecot: config/config-parser.c, config_parser_get_version()", "doc.dovecot.org: upgrading from 2.3 to 2.4"),
)
def of_another_release(service: LoginService, dovecot: Dovecot, processes: Processes | Unknown) -> Findings:
    """Dovecot's configuration is written for another release than the one that is installed.

    2.4 reads no file of 2.3 in which a passdb stands: the first setting must be dovecot_config_version, blocks have
    names, and settings were renamed. It is the first thing to see to after an upgrade from Debian 12 to 13. 2.3 knows
    none of the new settings.

    Advice: start from the files that the package of this release brings, and carry over your own settings by the table
    of the upgrade notes; the old file stays beside it. `doveconf -n` says what is still wrong.
    """
    problem = next((p for p in dovecot.problems if p.kind in ("generation", "version", "storage")), None)
    if not is_asked(service) or problem is None:
        return
    running = _runs(processes)
    fix: list[Step] = []
    if problem.kind == "storage":
        fix = [AddLine(dovecot.main, f"dovecot_storage_version = {'.'.join(map(str, dovecot.version[:3])) or '2.4.0'}")]
    else:
        fix = [by_hand(_CONVERT if dovecot.modern else _BACK), inspect("doveconf -n")]
    written = "2.3" if dovecot.modern and problem.kind != "storage" else "2.4" if not dovecot.modern else ""
    of = f" a configuration of {written}" if written else " its configuration"
    yield found(
        f"Dovecot {dovecot.release} cannot use{of}: {problem.text} ({problem.path}"
        + (f" line {problem.line})" if problem.line else ")"),
        evidence=[Evidence("dovecot --version", dovecot.release), *(p.evidence for p in dovecot.problems[:3])],
        severity="warning" if running else None,
        fix=[*fix, *_again(service, running)],
        path=problem.path,
        release=dovecot.release,
    )


_CONVERT = (
    "write the configuration for 2.4: first dovecot_config_version and dovecot_storage_version, then passdb NAME { } "
    "with passwd_file_path or passdb_pam_service_name for args, auth_allow_cleartext for disable_plaintext_auth"
)
_BACK = "write the configuration for 2.3, or install Dovecot 2.4: dovecot_config_version is a setting of 2.4"


@check(
    "RUN066",
    "dovecot-auth-does-not-answer",
    "error",
    rung="verifier",
    role="symptom",
    explains=("no-answer", "no-offer", "no-starttls"),
    witnesses=("RUN501", "RUN663", "RUN751"),
    fails=[
        {
            "service": _ASKED,
            "sockets": _SOCKET + "connect: ok\nend: closed",
        },
        {
            "service": _ASKED,
            "sockets": _SOCKET + "connect: Connection refused",
        },
        {
            "service": _ASKED,
            "sockets": _SOCKET + "connect: ok\nend: no answer",
        },
    ],
    passes=[
        {
            "service": _ASKED,
            "sockets": _SOCKET + "connect: ok\nVERSION 1 2\nMECH PLAIN plaintext\nSPID\nDONE",
        },
        {
            "service": _LIBSASL,
            "sockets": _SOCKET + "connect: ok\nend: closed",
        },
    ],
    refs=("dovecot: auth/auth-client-connection.c; master/service-process.c, throttling",),
)
def auth_does_not_answer(service: LoginService, sockets: DovecotSockets) -> Findings:
    """Dovecot's socket is there, but the auth service behind it says nothing or ends at once.

    The master holds the sockets, and starts the auth service when somebody connects. If that fails, as for a mechanism
    that it does not know or a database whose module is missing, each connection ends without a word, and the master
    waits longer before each next try. A refused connection means that nobody holds the socket any more.

    Advice: read what the auth service says when it starts, correct that, and reload Dovecot.
    """
    if not is_asked(service):
        return
    for socket in sockets.all.values():
        said = socket.handshake
        if said is None or said.ready or said.of_another_kind:
            continue
        what = (
            f"connecting fails: {said.connected}"
            if said.connected
            else "it closes the connection at once"
            if said.gone
            else "it speaks another protocol"
            if said.strange or (said.version and said.version[0] != 1)
            else "no answer within 2 s"
        )
        yield found(
            f"Dovecot's auth service does not answer at {socket.path}: {what}",
            evidence=[socket.evidence(what), socket.evidence()],
            fix=[inspect("doveadm log errors"), inspect("doveconf -n"), Restart("dovecot"), Restart(service.product)],
            path=socket.path,
        )


_CONNECTIONS = 100
"""default_process_limit of Postfix."""


def _most(postfix: Postfix | Unknown) -> int:
    """How many processes of smtpd may hold a connection at once, as far as a hundred."""
    if isinstance(postfix, Unknown):
        return _CONNECTIONS
    common = postfix.value("default_process_limit")
    limits = [common if s.service.limit == "-" else s.service.limit for s in postfix.logins]
    numbers = [int(x[:6]) if x.isdecimal() and int(x[:6]) else _CONNECTIONS for x in limits]
    return min(sum(numbers), _CONNECTIONS) if numbers else _CONNECTIONS


_MEMORY = re.compile(r"(\d{1,12}) {0,9}(?:[bB]?|([kKmMgGtT])[iI]?[bB]?)")
"""A size as settings_get_size() takes it."""
_SHIFT = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_ENOUGH = 64 << 20
"""Bytes that the auth process needs for its libraries and a few databases; vsz_limit is RLIMIT_AS."""


@check(
    "RUN067",
    "dovecot-auth-limits",
    "warning",
    rung="verifier",
    role="cause",
    scope=("client",),
    witnesses=("RUN501", "RUN663"),
    fails=[
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  client_limit = 10\n}}"},
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}\nservice auth {{\n  client_limit = 2\n}}",
            "sockets": _SOCKET + "connect: ok\nend: closed",
        },
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  service_count = 1\n}}"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\ndefault_client_limit = 20"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  vsz_limit = 20 M\n}}"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\ndefault_vsz_limit = 16MiB"},
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}\nservice auth {{\n  vsz_limit = 4M\n}}",
            "sockets": _SOCKET + "connect: ok\nend: no answer",
        },
    ],
    passes=[
        {"service": _ASKED, "dovecot": _GOOD},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  client_limit = 4000\n}}"},
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}\nservice auth {{\n  client_limit = 50\n}}",
            "postfix": "==> /etc/postfix/main.cf <==\nsmtpd_sasl_auth_enable = yes\ndefault_process_limit = 20\n"
            "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\nsubmission inet n - y - 10 smtpd\n",
        },
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  vsz_limit = 256 MiB\n}}"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  vsz_limit = 0\n}}"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice auth {{\n  vsz_limit = 1T\n}}"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\ndefault_vsz_limit = 8M\nservice auth {{\n  vsz_limit = 1G\n}}"},
        {"service": _ASKED, "dovecot": f"{_GOOD}\nservice imap {{\n  vsz_limit = 8M\n}}"},
    ],
    refs=(
        "dovecot: master/master-settings.c, master_settings_verify(); master/service-process.c: RLIMIT_AS; "
        "lib-settings/settings-parser.c, settings_get_size()",
    ),
)
def auth_limits(
    service: LoginService, dovecot: Dovecot, sockets: DovecotSockets | Unknown, postfix: Postfix | Unknown
) -> Findings:
    """The auth service is given too few connections, or too little memory, for a mail server that is busy.

    Each smtpd process keeps a connection of its own to it, and Postfix starts up to a hundred (default_process_limit);
    those of IMAP come on top. What is beyond client_limit is dropped ("client_limit reached, client connections are
    being dropped"): an smtpd that finds no list of mechanisms ends, and the client hears nothing. There is one process
    of this service only, so that service_count limits it likewise.

    Advice: raise client_limit of service auth above the sum of all processes that ask it; leave vsz_limit unset.
    """
    if not is_asked(service):
        return
    section, needed = dovecot.service("auth"), _most(postfix)
    dropped = [
        s for s in (() if isinstance(sockets, Unknown) else sockets.all.values()) if s.handshake and s.handshake.gone
    ]
    for name in ("client_limit", "service_count"):
        limit = (section.get(name) if section else None) or dovecot.get(f"default_{name}")
        number = limit.value if limit else ""
        if limit is None or not number.isdecimal() or not 0 < int(number[:10]) < needed:
            continue
        said = dropped[0].evidence("it closes the connection at once") if dropped else None
        setting = limit.written.partition("=")[0].strip() or name
        value = "0" if name == "service_count" else "1000"
        yield found(
            f"Dovecot's service auth takes {number} connections only ({name})"
            + (f" and drops more, as now at {dropped[0].path}" if dropped else "")
            + f"; Postfix alone may need {needed}",
            evidence=[limit.evidence, *([said] if said else [])],
            fix=[
                SetInLine(limit.path, limit.line, setting, value, number)
                if setting in (name, f"default_{name}")
                else edit(limit.path, f"{setting} = {value} in line {{line}}", line=str(limit.line)),
                Restart("dovecot"),
                *([Restart(service.product)] if dropped else []),
            ],
            severity="error" if dropped else None,
            setting=name,
            client="all" if dropped else "beyond the limit",
        )
    memory = (section.get("vsz_limit") if section else None) or dovecot.get("default_vsz_limit")
    size = _MEMORY.fullmatch(memory.value.strip()) if memory else None
    if memory is None or size is None or not 0 < int(size[1]) << _SHIFT[(size[2] or "").lower()] < _ENOUGH:
        return
    written = memory.written.partition("=")[0].strip() or "vsz_limit"
    silent = [
        x
        for x in (() if isinstance(sockets, Unknown) else sockets.all.values())
        if x.handshake and not x.handshake.connected and not x.handshake.version and not x.handshake.strange
    ]
    yield found(
        f"service auth is given {memory.value} of memory only ({written})"
        + (f", and nothing answers at {silent[0].path}: it may not suffice for its libraries" if silent else ""),
        evidence=[memory.evidence, *(x.evidence("connected, and no word comes") for x in silent[:1])],
        fix=[
            edit(memory.path, "take out line {line}, which sets {name}", line=str(memory.line), name=written),
            Restart("dovecot"),
            *([Restart(service.product)] if silent else []),
        ],
        severity="error" if silent else None,
        setting="vsz_limit",
        **({"client": "all"} if silent else {}),  # type: ignore[arg-type]
    )


@check(
    "RUN068",
    "submission-port-of-dovecot",
    "error",
    rung="listener",
    role="cause",
    scope=("listener",),
    fails=[
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}\nprotocols = imap submission",
            "listeners": "0.0.0.0 25 7 master\n0.0.0.0 587 40 dovecot",
        }
    ],
    passes=[
        {"service": _ASKED, "dovecot": f"{_GOOD}\nprotocols = imap submission", "listeners": "0.0.0.0 587 7 master"},
        {
            "service": _ASKED,
            "dovecot": f"{_GOOD}\nprotocols = imap submission\nsubmission_relay_host = 127.0.0.1",
            "listeners": "0.0.0.0 25 7 master\n0.0.0.0 587 40 dovecot",
        },
    ],
    refs=("dovecot: submission-login, submission/submission-client.c",),
)
def submission_port(service: LoginService, dovecot: Dovecot, listeners: Listeners) -> Findings:
    """Port 587 is Dovecot's own submission service, which hands mail on to no server: submission_relay_host is not set.

    On Debian the package dovecot-submissiond switches it on. After the login every message is answered 451, and the
    settings of the mail server's own submission service do not count, as whoever binds a port first has it.

    Advice: remove dovecot-submissiond, or take submission out of protocols, so that the mail server gets the port; or
    set submission_relay_host to the mail server.
    """
    if not is_asked(service) or "submission" not in dovecot.protocols or dovecot.value("submission_relay_host"):
        return
    holder = next((x for x in listeners.on(587) if x.program.startswith("dovecot")), None)
    if holder is None:
        return
    yield found(
        "port 587 is held by Dovecot's submission service, which has no submission_relay_host",
        evidence=[holder.evidence, dovecot.evidence("protocols"), dovecot.evidence("submission_relay_host")],
        fix=[
            by_hand("take submission out of protocols, or remove the package dovecot-submissiond"),
            Restart("dovecot"),
            Restart(service.product),
        ],
        port="587",
    )
