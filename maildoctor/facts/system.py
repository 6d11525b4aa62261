"""What kind of system this is."""

import re
import shlex
from dataclasses import dataclass, field
from typing import Self

from maildoctor.facts.paths import Look


@dataclass(frozen=True, slots=True)
class System:
    """Text: lines of os-release, `triplet: x86_64-linux-gnu`, `user: root`, `/dev/log: missing` for devices that are
    not there, `keytab: /etc/krb5.keytab` with its `ls -ld` line or `keytab: missing`, `kerberos: /etc/krb5.conf`,
    `syslog: rsyslogd` for a running syslog daemon, `init: systemd` for the init system, `group NAME: members`,
    `primary group USER: NAME` for system accounts, `people: NAME …` of those of people, `users: NAME NAME …` where
    /etc/passwd is all there is, `program postfix: mta` for what a supervisor calls the program that runs Postfix."""

    distribution: str
    """ID of os-release, e.g. debian, fedora; empty where not known"""
    like: tuple[str, ...]
    version: str
    triplet: str
    user: str
    missing_devices: frozenset[str]
    seen_devices: frozenset[str]
    keytab: str | None
    """its path, empty where it is missing, None where we could not look"""
    keytab_file: Look | None
    kerberos: bool
    """this host is set up for Kerberos: there is a krb5.conf"""
    syslog: str | None
    """the syslog daemon that runs, empty where none does, None where we could not look"""
    init: str
    """what starts services: systemd, openrc, rc.d, sysv, rcctl, smf; in a container supervisord, s6, runit, or `none`
    where nothing does; `image` where none runs yet; empty where not known"""
    groups: dict[str, tuple[str, ...]]
    primary_groups: dict[str, str]
    """of system accounts, by their name"""
    users: frozenset[str] | None
    """all users, None where a directory service may have more"""
    people: frozenset[str] = frozenset()
    """accounts of /etc/passwd that are people's, by their user id"""
    programs: dict[str, str] = field(default_factory=dict)
    """by mail server, what the supervisor of a container calls the program that runs it"""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        release = {m[1]: _unquoted(m[2]) for m in re.finditer(r"(?m)^([A-Z_]+)=(.*)$", text)}
        words = {m[1]: m[2].strip() for m in re.finditer(r"(?m)^([a-z]+): ?(.*)$", text)}
        keytab = words.get("keytab")
        return cls(
            release.get("ID", ""),
            tuple(release.get("ID_LIKE", "").split()),
            release.get("VERSION_ID", ""),
            words.get("triplet", ""),
            words.get("user", ""),
            frozenset(re.findall(r"(?m)^(/dev/\S+): missing$", text)),
            frozenset(re.findall(r"(?m)^(/dev/\S+): there$", text)),
            "" if keytab == "missing" else keytab,
            next((x for x in map(Look.parse, text.splitlines()) if x and x.path == keytab), None),
            "kerberos" in words,
            words.get("syslog"),
            words.get("init", ""),
            {m[1]: tuple(m[2].split(",")) if m[2] else () for m in re.finditer(r"(?m)^group (\S+): ?(\S*)$", text)},
            {m[1]: m[2] for m in re.finditer(r"(?m)^primary group (\S+): (\S+)$", text)},
            frozenset(words["users"].split()) if "users" in words else None,
            frozenset(words.get("people", "").split()),
            {m[1]: m[2] for m in re.finditer(r"(?m)^program ([a-z-]{1,40}): ([\w.:@-]{1,100})$", text)},
        )

    def groups_of(self, user: str) -> tuple[str, ...]:
        """The groups that name this user among their members."""
        return tuple(group for group, members in self.groups.items() if user in members)

    @property
    def family(self) -> str:
        """The distribution whose packages and paths this one shares: debian, fedora, alpine, suse or its own id."""
        for known, words in _FAMILIES.items():
            if self.distribution in words or set(self.like) & words:
                return known
        return self.distribution


_FAMILIES: dict[str, frozenset[str]] = {
    "debian": frozenset({"debian", "ubuntu", "raspbian"}),
    "fedora": frozenset({"fedora", "rhel", "centos", "rocky", "almalinux"}),
    "alpine": frozenset({"alpine"}),
    "suse": frozenset({"suse", "opensuse", "sles", "opensuse-leap", "opensuse-tumbleweed"}),
    "freebsd": frozenset({"freebsd"}),
    "openbsd": frozenset({"openbsd"}),
    "solaris": frozenset({"solaris", "illumos", "omnios", "openindiana", "smartos", "tribblix"}),
}


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
