"""The logs that this host writes, for when none was named: where its mail programs log, and where logins are noted."""

import re
from dataclasses import dataclass
from datetime import datetime

from maildoctor import filesystem
from maildoctor.host import Host, NoAnswer

_MAIL = ("/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/adm/maillog", "/var/log/mail/mail.log")
_SYSTEM = ("/var/log/syslog", "/var/log/messages", "/var/adm/messages", "/var/log/system.log")
_LOGINS = ("/var/log/auth.log", "/var/log/secure", "/var/log/authlog")
_PROGRAMS = (
    "/var/log/exim4/mainlog", "/var/log/exim4/paniclog", "/var/log/exim/main.log", "/var/log/exim/mainlog",
    "/var/log/exim/panic.log", "/var/log/exim_mainlog", "/var/log/dovecot.log",
)  # fmt: skip
_JOURNAL = ("/run/systemd/journal/stdout", "/run/systemd/journal/socket")

_POSTFIX = "/etc/postfix/main.cf"
_maillog_file = re.compile(r"^maillog_file[ \t]*=[ \t]*(/[^\s$]{1,4000})[ \t]*$", re.MULTILINE).findall

_STALE = 7 * 86400.0
"""Seconds that a mail log may be older than the system's log or the journal before that is read instead."""

_look = re.compile(
    r"(?P<kind>.)\S* +\d+ +\S+ +\S+ +(?P<size>\d+) "
    r"(?P<date>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)"
)


@dataclass(frozen=True, slots=True)
class OwnLogs:
    """`paths` to be read and, if `journal`, the journal. `unread`: a path and why it could not be, each."""

    paths: tuple[str, ...]
    journal: bool
    unread: tuple[tuple[str, str], ...]


def own_logs(host: Host) -> OwnLogs:
    """The log of mail, else the system's, else the journal; those of programs that write their own; that of logins.

    `host` is this machine: what it tells of a file is only weighed, and the right to read it tried here.
    One of a kind only: on many hosts a line of mail stands in three files and would be counted three times.
    """
    search = _Search(host)
    mail = search.newest((*search.maillog_files(), *_MAIL))
    system = search.newest(_SYSTEM)
    journal = any(not isinstance(host.ask("look", path), NoAnswer) for path in _JOURNAL)
    # A mail log of long ago beside a younger one of the system: syslogd was taught otherwise, or the journal came.
    if mail and system and search.age[system] - search.age[mail] > _STALE:
        mail = ""
    main = mail or system
    if main and journal and search.now() - search.age[main] > _STALE:
        main = ""
    chosen = [main, *search.all_of(_PROGRAMS), search.newest(_LOGINS)]
    return OwnLogs(tuple(dict.fromkeys(filter(None, chosen))), journal and not main, tuple(search.unread.items()))


class _Search:
    """`age`: when each log that can be read was last written, seconds since 1970."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.age: dict[str, float] = {}
        self.unread: dict[str, str] = {}

    def maillog_files(self) -> list[str]:
        """Where Postfix is told to log to a file of its own."""
        answer = self._host.ask("read", _POSTFIX)
        return [] if isinstance(answer, NoAnswer) else _maillog_file(answer)

    def newest(self, paths: tuple[str, ...]) -> str:
        """Of those that can be read and have something in them the one written last, the first of equals."""
        return max(self.all_of(paths), key=lambda path: self.age[path], default="")

    def all_of(self, paths: tuple[str, ...]) -> list[str]:
        """Those that can be read and have something in them."""
        return [path for path in paths if self._good(path)]

    def now(self) -> float:
        """Seconds since 1970 by the host's clock; 0 where it has none, as an unpacked image."""
        answer = self._host.ask("clock")
        try:
            return 0.0 if isinstance(answer, NoAnswer) else datetime.fromisoformat(answer.strip()).timestamp()
        except ValueError:
            return 0.0

    def _good(self, path: str) -> bool:
        real = self._host.ask("real", path)
        look = self._host.ask("look", path if isinstance(real, NoAnswer) else real.strip())
        if isinstance(look, NoAnswer):
            if look.why != "absent":
                self.unread[path] = look.reason
            return False
        match = _look.match(look)
        if match is None or match["kind"] != "-" or match["size"] == "0":
            return False
        if not filesystem.may_read(path):
            self.unread[path] = f"permission denied reading {path}"
            return False
        self.age[path] = datetime.fromisoformat(f"{match['date']}T{match['time']}+00:00").timestamp()
        return True
