"""RUN: how a container is started."""

from maildoctor.api import Chmod, Evidence, Findings, by_hand, check, found
from maildoctor.api.host import Startup, leaves_at_once

_ENTRY = 'ENTRYPOINT ["/entrypoint.sh"]'


@check(
    "RUN023",
    "container-ends-at-once",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer"),
    fails=[
        {"start": 'CMD ["postfix", "start"]'},
        {"start": 'ENTRYPOINT ["/usr/bin/tini", "--"]\nCMD ["/usr/sbin/dovecot"]'},
        {"start": "CMD service postfix start"},
        {"start": f"{_ENTRY}\n==> /entrypoint.sh <==\n#!/bin/sh\npostconf -e myhostname=x\npostfix start\n"},
        {"start": 'CMD ["/usr/sbin/sendmail", "-bd", "-q15m"]'},
    ],
    passes=[
        {"start": 'CMD ["postfix", "start-fg"]'},
        {"start": 'CMD ["dovecot", "-F"]'},
        {"start": "CMD postfix start && tail -f /var/log/mail.log"},
        {"start": f"{_ENTRY}\n==> /entrypoint.sh <==\n#!/bin/sh\npostfix start\nexec tail -F /var/log/mail.log\n"},
        {"start": f'{_ENTRY}\nCMD ["postfix", "start"]\n==> /entrypoint.sh <==\n#!/bin/sh\nsleep infinity\n'},
        {"start": 'CMD ["/usr/sbin/sendmail", "-bD"]'},
        {"start": 'ENTRYPOINT ["/init"]\nCMD ["postfix", "start"]\nsupervisor: s6'},
    ],
    refs=("postfix(1): start-fg; dovecot(1): -F; sendmail: -bD; a container ends with its first process",),
)
def container_ends_at_once(start: Startup) -> Findings:
    """What the container starts goes into the background, and with its first process the container ends.

    postfix start, dovecot, sendmail -bd and service scripts start a daemon and return. In a container nothing is left
    then, and the daemon is killed with it.

    Advice: start it in the foreground: postfix start-fg, dovecot -F, sendmail -bD, saslauthd -d.
    """
    if (leaving := leaves_at_once(start)) is None:
        return
    command, instead, evidence = leaving
    yield found(
        f"The container ends as soon as `{command}` has started its daemon and returns",
        evidence=[evidence],
        fix=[by_hand("start it by {instead}", instead=instead.split())],
        command=command,
    )


@check(
    "RUN024",
    "start-program-cannot-run",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer"),
    fails=[
        {"start": f"{_ENTRY}\nmain: /entrypoint.sh missing"},
        {"start": f"{_ENTRY}\nmain: -rw-r--r-- root root /entrypoint.sh"},
        {"start": f"{_ENTRY}\nmain: -rwxr-xr-x root root /entrypoint.sh\ninterpreter: /bin/bash missing"},
        {"start": f"{_ENTRY}\nmain: -rwxr-xr-x root root /entrypoint.sh\ninterpreter: /bin/sh\\r missing"},
    ],
    passes=[
        {"start": f"{_ENTRY}\nmain: -rwxr-xr-x root root /entrypoint.sh"},
        {"start": 'CMD ["/bin/sh", "/start.sh"]\nmain: -rw-r--r-- root root /start.sh'},
    ],
    refs=("execve(2): ENOENT for a missing file and for the interpreter that its first line names; EACCES",),
)
def start_program_cannot_run(start: Startup) -> Findings:
    """The program that the container is to start is not there, is not executable, or names an interpreter that is not
    there.

    The engine says `exec /entrypoint.sh: no such file or directory` or `permission denied`, and nothing runs. An
    interpreter with a carriage return at its end comes from a script with Windows line ends.

    Advice: copy the script into the image with its execute bits (COPY --chmod=755) and Unix line ends, and install the
    interpreter that it names, or let it name /bin/sh.
    """
    if start.missing:
        yield found(
            f"{start.missing}, which the container is to start, is not there",
            evidence=[start.evidence, Evidence(f"ls -l {start.missing}", "No such file or directory")],
            fix=[by_hand("copy {path} into the image", path=start.missing)],
            path=start.missing,
        )
    elif start.main is not None and start.main.kind == "-" and not start.main.mode & 0o111 and start.executed:
        yield found(
            f"{start.main.path}, which the container is to start, is not executable (mode {start.main.octal})",
            evidence=[start.main.evidence],
            fix=[Chmod("755", (start.main.path,), (start.main.octal,))],
            path=start.main.path,
        )
    elif start.main is not None and start.interpreter and start.executed:
        gone = start.interpreter.removesuffix("\\r")
        ends = gone != start.interpreter
        yield found(
            f"{start.main.path} has Windows line ends: the kernel looks for {gone} with a carriage return in its name"
            if ends
            else f"{start.main.path}, which the container is to start, needs {gone}, which is not there",
            evidence=[Evidence(f"{start.main.path}:1", f"#!{start.interpreter}")],
            fix=[
                by_hand("take the carriage returns out of {path} (sed -i 's/\\r$//')", path=start.main.path)
                if ends
                else by_hand(
                    "install {program}, or let the first line of {path} name another shell",
                    program=gone,
                    path=start.main.path,
                )
            ],
            path=start.main.path,
        )
