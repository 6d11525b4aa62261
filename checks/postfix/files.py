"""PERM, QUEUE: the files and folders that Postfix works with."""

from maildoctor.api import (
    Chmod,
    Chown,
    Evidence,
    Findings,
    KeepCopy,
    MakeFolder,
    Restart,
    Step,
    StopAndStart,
    Unknown,
    Unmount,
    by_hand,
    check,
    found,
    inspect,
    moved_away,
)
from maildoctor.api.host import Look, System
from maildoctor.api.postfix import Postfix, PostfixFiles, Space

_MAIN = "==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n"
_MASTER = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
_QUEUE = "/var/spool/postfix"


@check(
    "QUEUE045",
    "postfix-queue-full",
    "error",
    rung="hand-over",
    role="cause",
    explains=("refused-after-login", "WIRE062", "WIRE040"),
    witnesses=("SYS120",),
    fails=[
        {"postfix": _MAIN, "files": f"space: {_QUEUE}/incoming 0 KiB free of 1024 KiB, 40 of 50 inodes free"},
        {
            "postfix": _MAIN,
            "files": f"space: {_QUEUE}/incoming 0 KiB free of 1024 KiB, 40 of 50 inodes free\n"
            f"stray: -rw------- 1 root root 900000 2026-06-01 00:00:00 {_QUEUE}/incoming/dump.sql\nroom: /root",
        },
        {"postfix": _MAIN, "files": f"space: {_QUEUE} 9000 KiB free of 10240 KiB, 0 of 50 inodes free"},
        {
            "postfix": _MAIN + "queue_minfree = 20480000\n",
            "files": f"space: {_QUEUE} 9000 KiB free of 102400 KiB, 40 of 50 inodes free",
        },
    ],
    passes=[
        {"postfix": _MAIN, "files": f"space: {_QUEUE} 90000 KiB free of 102400 KiB, 40 of 50 inodes free"},
        {"postfix": _MAIN, "files": f"space: {_QUEUE} 90000 KiB free of 102400 KiB, 0 of 0 inodes free"},
    ],
    refs=("postfix: smtpd/smtpd_check.c, smtpd_check_queue(): queue_minfree; cleanup: queue file write error",),
)
def queue_full(postfix: Postfix, files: PostfixFiles) -> Findings:
    """The file system of Postfix' queue is full, so no mail can be taken.

    Logins go well; the message is refused with "452 4.3.1 Insufficient system storage" or "451 4.3.0 queue file write
    error".

    Advice: free space: delete or move what fills the file system, or enlarge it.
    """
    least = postfix.value("queue_minfree")
    wanted = int(least[:15]) // 1024 if least.isdecimal() else 0
    reported: set[tuple[int, int]] = set()
    for space in files.spaces:
        no_inodes = bool(space.inodes) and space.free_inodes == 0
        if (space.free, space.size) in reported or not (
            space.free <= max(wanted, _LOW) or no_inodes or space.read_only
        ):
            continue
        reported.add((space.free, space.size))
        if space.read_only:
            what = "is mounted read-only"
        elif no_inodes:
            what = "is full: no free inodes"
        else:
            what = f"is full: {space.free} KiB free of {space.size} KiB"
            what += f", and queue_minfree demands {wanted} KiB" if space.free > _LOW else ""
        apart = _is_apart(space, files)
        yield found(
            f"The file system of {space.path} {what}",
            evidence=[
                Evidence(f"df -k {space.path}", f"{space.free} KiB free of {space.size} KiB"),
                *([_whole_queue(files)] if apart else []),
            ],
            fix=[
                inspect("du -xsk {path}/* | sort -n | tail", path=space.path),
                *(_joined(space) if apart else moved_away(files.strays)),
            ],
            path=space.path,
        )


_LOW = 64
"""KiB that no message with its bookkeeping fits into."""


def _is_apart(space: Space, files: PostfixFiles) -> bool:
    """Whether a folder of the queue is a file system of its own, told by its size."""
    whole = files.spaces[0]
    return space.path.startswith(f"{whole.path}/") and (space.size, space.inodes) != (whole.size, whole.inodes)


def _whole_queue(files: PostfixFiles) -> Evidence:
    whole = files.spaces[0]
    return Evidence(f"df -k {whole.path}", f"another file system, {whole.size} KiB: mail cannot be moved between them")


def _joined(space: Space) -> list[Step]:
    """The folder is one of the queue's own file system again; what lay in it is kept."""
    kept = f"/root/{space.path.rpartition('/')[2]}.kept"
    return [
        inspect("findmnt {path}; ls -l {path}; grep {path} /etc/fstab", path=space.path),
        KeepCopy(space.path, kept),
        Unmount(space.path),
        StopAndStart("postfix"),
        by_hand("take the file system out of /etc/fstab; mail that waited lies in {kept}", kept=kept),
    ]


@check(
    "QUEUE970",
    "postfix-queue-on-two-file-systems",
    "error",
    rung="hand-over",
    role="cause",
    fails=[
        {
            "postfix": _MAIN,
            "files": f"space: {_QUEUE} 90000 KiB free of 102400 KiB, 40 of 50 inodes free\n"
            f"space: {_QUEUE}/incoming 9000 KiB free of 10240 KiB, 40 of 50 inodes free",
        }
    ],
    passes=[
        {
            "postfix": _MAIN,
            "files": f"space: {_QUEUE} 90000 KiB free of 102400 KiB, 40 of 50 inodes free\n"
            f"space: {_QUEUE}/incoming 89998 KiB free of 102400 KiB, 38 of 50 inodes free",
        },
        {"postfix": _MAIN, "files": f"space: {_QUEUE}/incoming 9000 KiB free of 10240 KiB, 40 of 50 inodes free"},
    ],
    refs=("postfix: qmgr/qmgr_active.c, qmgr_active_feed(); global/mail_queue.c, mail_queue_rename()",),
)
def queue_on_two_file_systems(postfix: Postfix, files: PostfixFiles) -> Findings:
    """A folder of Postfix' queue is a file system of its own, so no mail leaves it.

    The queue manager moves mail from incoming to active and deferred by rename(2), which works within one file system
    only. Mail is taken after a login and never delivered; the log says "Invalid cross-device link".

    Advice: mount one file system for the whole queue directory, or none.
    """
    for space in files.spaces:
        if _is_apart(space, files) and space.free > _LOW:
            yield found(
                f"{space.path} is a file system of its own: mail that Postfix takes cannot be moved on in its queue",
                evidence=[Evidence(f"df -k {space.path}", f"{space.size} KiB"), _whole_queue(files)],
                fix=_joined(space),
                path=space.path,
            )


def _rules(postfix: Postfix) -> tuple[tuple[str, str, str, int, bool], ...]:
    """Path, owner, group (empty: any), mode, and whether it is to be that exactly (conf/postfix-files)."""
    queue, owner = postfix.value("queue_directory").rstrip("/"), postfix.value("mail_owner")
    post = postfix.value("setgid_group") or "postdrop"
    programs = postfix.value("command_directory") or "/usr/sbin"
    own = [(f"{queue}/{name}", owner, "", 0o700, True) for name in ("incoming", "active", "deferred", "private")]
    return (
        (queue, "root", "", 0o755, False),
        (f"{queue}/pid", "root", "", 0o755, False),
        *own,
        (f"{queue}/public", owner, post, 0o710, True),
        (f"{queue}/maildrop", owner, post, 0o730, True),
        (postfix.value("data_directory") or "/var/lib/postfix", owner, "", 0o700, True),
        (f"{programs}/postdrop", "root", post, 0o2555, True),
        (f"{programs}/postqueue", "root", post, 0o2555, True),
    )


_OURS = "drwx------ postfix root /var/spool/postfix/incoming"


@check(
    "PERM045",
    "postfix-folder-permissions",
    "warning",
    rung="hand-over",
    role="cause",
    witnesses=("PERM622", "PERM623", "PERM624"),
    fails=[
        {"postfix": _MAIN, "files": "drwx------ root root /var/spool/postfix/incoming"},
        {"postfix": _MAIN, "files": "drwxrwxr-x root mail /var/spool/postfix"},
        {"postfix": _MAIN, "files": "-rwxr-xr-x root root /usr/sbin/postdrop"},
    ],
    passes=[
        {
            "postfix": _MAIN,
            "files": f"{_OURS}\ndrwxr-xr-x root root /var/spool/postfix\n-rwxr-sr-x root postdrop /usr/sbin/postdrop",
        },
        {"postfix": _MAIN, "files": "drwx--s--- postfix postdrop /var/spool/postfix/public"},
    ],
    refs=("postfix: conf/postfix-files, conf/postfix-script (check-warn)",),
)
def folder_permissions(postfix: Postfix, files: PostfixFiles) -> Findings:
    """A folder or program of Postfix has another owner or mode than it is installed with.

    `postfix check` warns of it at each start. Where the queue does not belong to the user postfix, mail cannot be
    taken ("queue file write error"); where postdrop lost its group, programs of this host cannot hand in mail.

    Advice: give it back owner and mode; `postfix set-permissions` does so for all files.
    """
    for path, owner, group, mode, exactly in _rules(postfix):
        look = files.look(path)
        if look is None or look.kind == "l":
            continue
        wrong_owner = look.owner != owner or (group and look.group != group)
        too_open = bool(look.mode & 0o022 & ~mode)
        lacks = exactly and (look.mode & mode) != mode
        if not wrong_owner and not too_open and not lacks:
            continue
        stops = look.owner != owner and path.rpartition("/")[2] in ("incoming", "active", "deferred", "private")
        yield found(
            f"{path} is {look.owner}:{look.group}, mode {look.octal}, and should be "
            f"{owner}:{group or look.group}, mode {mode:04o}",
            evidence=[look.evidence],
            fix=_put_right(look, owner, group, f"{mode:04o}", bool(wrong_owner)),
            severity="error" if stops else None,
            path=path,
        )


def _put_right(look: Look, owner: str, group: str, mode: str, owned: bool) -> list[Step]:
    if not owned:
        return [Chmod(mode, (look.path,), (look.octal,))]
    return [Chown(f"{owner}:{group or look.group}", (look.path,), f"{look.owner}:{look.group}", mode, look.octal)]


@check(
    "SYS045",
    "postfix-chroot-without-log-socket",
    "info",
    rung="none",
    role="note",
    fails=[{"postfix": _MAIN + _MASTER, "files": "missing: /var/spool/postfix/dev/log", "system": "syslog: rsyslogd"}],
    passes=[
        {
            "postfix": _MAIN + _MASTER,
            "files": "srw-rw-rw- root root /var/spool/postfix/dev/log",
            "system": "syslog: rsyslogd",
        },
        {
            "postfix": _MAIN + _MASTER.replace(" y ", " n "),
            "files": "missing: /var/spool/postfix/dev/log",
            "system": "syslog: rsyslogd",
        },
        {
            "postfix": _MAIN + "maillog_file = /var/log/mail.log\n" + _MASTER,
            "files": "missing: /var/spool/postfix/dev/log",
        },
    ],
    refs=("postfix: master/single_server.c: syslog is opened before the chroot, and again when syslogd is restarted",),
)
def chroot_without_log_socket(postfix: Postfix, files: PostfixFiles, system: System | Unknown) -> Findings:
    """The chroot of Postfix has no dev/log, so lines of smtpd get lost once the syslog daemon is restarted.

    Each process opens the log before it enters the chroot, and must open it anew inside when the daemon that writes it
    begins anew. Logins do not depend on it.

    Advice: let the syslog daemon make a socket there (rsyslog: $AddUnixListenSocket /var/spool/postfix/dev/log), or set
    maillog_file (3.4).
    """
    path = f"{postfix.value('queue_directory').rstrip('/')}/dev/log"
    if path not in files.missing or postfix.value("maillog_file") or not any(s.chrooted for s in postfix.smtpd):
        return
    daemon = system.syslog if isinstance(system, System) else None
    if not daemon or daemon == "systemd-journal":
        return
    yield found(
        f"{path} does not exist: lines of the chrooted smtpd are lost after the syslog daemon is restarted",
        evidence=[Evidence(f"ls -l {path}", "No such file or directory")],
        fix=[
            *(
                [MakeFolder(path.rpartition("/")[0], "root", "root", "755")]
                if path.rpartition("/")[0] in files.missing
                else []
            ),
            Restart("rsyslog"),
        ],
        path=path,
    )
