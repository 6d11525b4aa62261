"""QUEUE: the queue directories."""

from maildoctor.api import (
    Chown,
    Evidence,
    Findings,
    MakeFolder,
    Move,
    Remount,
    Unknown,
    check,
    found,
    inspect,
    moved_away,
    restart,
    set_macro,
)
from maildoctor.api.host import Look, System, may
from maildoctor.api.sendmail import Queues, SendmailCf

_QUEUE = "[queue] /var/spool/mqueue\n"
_LOW = 1024
"""KiB: with less, the next message of a usual size does not fit."""


def _owner(cf: SendmailCf, system: System | Unknown) -> str:
    if isinstance(system, System) and system.family == "debian":
        return "smmta:smmsp"
    return f"{cf.trusted_user}:root"


@check(
    "QUEUE001",
    "queue-missing",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer"),
    witnesses=("QUEUE122", "PERM146"),
    fails=[
        {"queues": _QUEUE + "missing", "cf": "O QueueDirectory=/var/spool/mqueue"},
        {"queues": _QUEUE + "-rw-r--r-- root root /var/spool/mqueue", "cf": ""},
    ],
    passes=[{"queues": _QUEUE + "drwxr-s--- smmta smmsp /var/spool/mqueue", "cf": ""}],
    refs=("sendmail: sendmail/main.c: cannot chdir(/var/spool/mqueue)",),
)
def queue_missing(queues: Queues, cf: SendmailCf, system: System | Unknown) -> Findings:
    """A queue directory does not exist.

    Without its queue the daemon does not start; without the submission queue local programs cannot hand in mail.

    Advice: create the directory with the right owner and mode (reinstalling the package does it too).
    """
    for queue in queues.all:
        other = queue.look if queue.look and queue.look.kind != "d" else None
        if not queue.missing and not other:
            continue
        local = queue.purpose == "submission queue"
        owner, mode = (
            ("smmsp:smmsp", "2770" if not local else "770")
            if local
            else (_owner(cf, system), "2750" if _owner(cf, system) == "smmta:smmsp" else "700")
        )
        user, _, group = owner.partition(":")
        yield found(
            f"The {queue.purpose} {'directory' if queue.missing else 'path'} {queue.path} "
            + ("does not exist" if other is None else "is no directory"),
            evidence=[other.evidence if other else Evidence(f"ls -ld {queue.path}", "No such file or directory")],
            fix=[
                *([Move(queue.path, f"{queue.path}.old")] if other else []),
                MakeFolder(queue.path, user, group, mode),
                *([] if local else [restart()]),  # it ends where it has no queue
            ],
            severity="warning" if local else "error",
            path=queue.path,
        )


@check(
    "QUEUE002",
    "queue-owner",
    "error",
    rung="hand-over",
    role="cause",
    witnesses=("QUEUE122", "PERM146"),
    fails=[
        {"queues": _QUEUE + "drwx------ nobody nogroup /var/spool/mqueue", "cf": ""},
        {
            "queues": _QUEUE + "drwxr-s--- smmta smmsp /var/spool/mqueue",
            "cf": "O TrustedUser=root",
            "system": "ID=debian",
        },
        {"queues": _QUEUE + "drwx------ root root /var/spool/mqueue", "cf": "O RunAsUser=smmta:smmsp"},
        {"queues": _QUEUE + "d--------- smmta smmsp /var/spool/mqueue", "cf": "O TrustedUser=smmta"},
    ],
    passes=[
        {"queues": _QUEUE + "drwxr-s--- smmta smmsp /var/spool/mqueue", "cf": "O TrustedUser=smmta"},
        {"queues": _QUEUE + "drwx------ root root /var/spool/mqueue", "cf": ""},
    ],
    refs=(
        "sendmail: INSTALL; sendmail/SECURITY: mqueue belongs to root or TrustedUser, the submission queue to smmsp",
    ),
)
def queue_owner(queues: Queues, cf: SendmailCf, system: System | Unknown) -> Findings:
    """A queue directory is owned by a user that has no business there.

    Sendmail cannot write to it and answers "cannot write" or "451", after the login and after DATA.

    Advice: give the directory its owner back (chown) and the mode of the package.
    """
    for queue in queues.all:
        if queue.look is None and not queue.missing:
            yield Unknown(f"permission denied looking at {queue.path}", "run as root")
    for queue in queues.all:
        look = queue.look
        if look is None or look.kind != "d":
            continue
        local = queue.purpose == "submission queue"
        account = cf.run_as_user
        right = {"smmsp", "root"} if local else {"root", cf.trusted_user, *([account.user] if account else [])}
        owner = "smmsp:smmsp" if local else _owner(cf, system)
        mode = "770" if local else "2750" if owner == "smmta:smmsp" else "700"
        if look.owner not in right and not local and owner.startswith(f"{look.owner}:"):
            yield found(
                f"The {queue.purpose} directory {queue.path} is owned by {look.owner}, but TrustedUser is "
                f"{cf.trusted_user}: sendmail may not write there",
                evidence=[look.evidence, Evidence(cf.path, f"TrustedUser is {cf.trusted_user}")],
                fix=set_macro(cf.path, "confTRUSTED_USER", look.owner),
                path=queue.path,
            )
            continue
        if look.owner not in right:
            what = f"is owned by {look.owner}:{look.group}; it belongs to {owner}"
        elif local and (not look.mode & 0o020 or look.group != "smmsp"):
            what = f"cannot be written by the group smmsp (mode {look.octal}, owner {look.owner}:{look.group})"
        elif not local and _shut(look, cf):
            runs = account.user if account else "root"
            what = f"cannot be written by {runs}, as whom sendmail runs (mode {look.octal}, owner {look.owner})"
            owner = f"{runs}:{look.group}" if runs != "root" else f"{look.owner}:{look.group}"
        elif look.world_writable:
            what = f"is world-writable (mode {look.octal}, owner {look.owner})"
        else:
            continue
        yield found(
            f"The {queue.purpose} directory {queue.path} {what}",
            evidence=[look.evidence],
            fix=[Chown(owner, (queue.path,), f"{look.owner}:{look.group}", mode, look.octal)],
            severity="warning" if local else "error",
            path=queue.path,
        )


def _shut(look: Look, cf: SendmailCf) -> bool:
    """Whether the mode keeps the user as whom sendmail runs from writing; other groups of that user are not known.
    Root counts as the owner of what is TrustedUser's (libsmutil/safefile.c)."""
    account = cf.run_as_user
    if account is None or account.user in ("root", "0"):
        return not any(may(look, user, {"root"}, 2) for user in {"root", cf.trusted_user})
    return not any(may(look, account.user, {group}, 2) for group in {account.group, look.group})


_BLOCK = 4
"""KiB of a file system block; MinFreeBlocks counts in them."""


def _least(cf: SendmailCf | Unknown) -> int:
    blocks = cf.value("MinFreeBlocks").partition("/")[0].strip() if isinstance(cf, SendmailCf) else ""
    return max(_LOW, int(blocks) * _BLOCK) if blocks.isdigit() and len(blocks) < 12 else _LOW


@check(
    "QUEUE003",
    "queue-full",
    "error",
    rung="listener",
    role="cause",
    explains=("stopped", "no-answer", "RUN006"),
    witnesses=("SYS120", "PERM146"),
    fails=[
        {"queues": _QUEUE + "drwxr-s--- smmta smmsp /var/spool/mqueue\n0 KiB free of 1024 KiB, 5 of 100 inodes free"},
        {
            "queues": _QUEUE
            + "drwxr-s--- smmta smmsp /var/spool/mqueue\n0 KiB free of 1024 KiB, 5 of 100 inodes free\n"
            + "stray: -rw-r--r-- 1 root root 900000 2026-06-01 00:00:00 /var/spool/mqueue/core\nroom: /root"
        },
        {
            "queues": _QUEUE
            + "drwxr-s--- smmta smmsp /var/spool/mqueue\n90000 KiB free of 102400 KiB, 0 of 100 inodes free"
        },
    ],
    passes=[
        {
            "queues": _QUEUE
            + "drwxr-s--- smmta smmsp /var/spool/mqueue\n90000 KiB free of 102400 KiB, 50 of 100 inodes free"
        }
    ],
    refs=("sendmail: sendmail/conf.c, enoughdiskspace(); doc/op, MinFreeBlocks",),
)
def queue_full(queues: Queues, cf: SendmailCf | Unknown) -> Findings:
    """The file system of a queue is full.

    Sendmail answers MAIL with "452 Insufficient disk space", after a login that went well.

    Advice: free space: delete or move what fills the file system, or enlarge it.
    """
    for queue in queues.all:
        if queue.free is None or queue.size is None:
            continue
        wanted = _least(cf)
        no_inodes = queue.inodes is not None and queue.inodes > 0 and queue.free_inodes == 0
        if queue.free < wanted or no_inodes:
            what = "no free inodes" if no_inodes else f"{queue.free} KiB free of {queue.size} KiB"
            demand = f", and MinFreeBlocks demands {wanted} KiB" if queue.free >= _LOW and not no_inodes else ""
            yield found(
                f"The file system of {queue.path} is {'too full for sendmail' if demand else 'full'}: {what}{demand}",
                evidence=[Evidence(f"df -k {queue.path}", what)],
                fix=[
                    inspect("du -xsk {path}/* | sort -n | tail", path=queue.path),
                    # the daemon looks for room again after a minute only (daemon.c, getrequests())
                    *([*moved_away(queue.strays), restart()] if queue.strays.room else []),
                ],
                path=queue.path,
            )


@check(
    "QUEUE004",
    "queue-read-only",
    "error",
    rung="hand-over",
    role="cause",
    fails=[
        {
            "queues": _QUEUE
            + "drwxr-s--- smmta smmsp /var/spool/mqueue\n9 KiB free of 9 KiB, 5 of 9 inodes free, read-only"
        }
    ],
    passes=[{"queues": _QUEUE + "drwxr-s--- smmta smmsp /var/spool/mqueue\n9 KiB free of 9 KiB, 5 of 9 inodes free"}],
    refs=("mount(8): errors=remount-ro", "sendmail: collect: Cannot write ./df…: Read-only file system"),
)
def queue_read_only(queues: Queues) -> Findings:
    """The file system of a queue is mounted read-only: no message can be taken.

    Logins go well, and each message ends in "421 … Read-only file system". Linux mounts a file system so after an
    error of the disk.

    Advice: see dmesg for errors of the disk, repair the file system, and mount it for writing.
    """
    for queue in queues.all:
        if queue.read_only:
            yield found(
                f"The file system of {queue.path} is mounted read-only: no message can be queued",
                evidence=[Evidence(f"findmnt -T {queue.path}", "read-only")],
                fix=[
                    inspect("findmnt -T {path}; dmesg | grep -i -e error -e remount | tail", path=queue.path),
                    Remount("MOUNTPOINT"),
                ],
                severity="warning" if queue.purpose == "submission queue" else None,
                path=queue.path,
            )
