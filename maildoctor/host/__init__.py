"""The one door to a host, read-only. Everything that is known comes through `Host.ask` as text in the host's own words.

A question is a verb and a subject; its answer is text, or a `NoAnswer` that says why there is none. Because that is
all, a recording is a table of questions and answers, and replaying it gives the same report.

    verb        subject     answer
    look        path        one line as `ls -ld --time-style=full-iso` prints it (lstat: a link is not followed)
    changed     path        when its contents, name, owner or mode last changed (ctime), as `stat -c %z` prints it
    real        path        the path with all its links followed
    acl         path        POSIX ACL as `getfacl -c` prints it, where the look line's mode ends in `+`
    list        directory   names, one a line, sorted
    read        path        the file's text; secrets that stand in it are struck out
    clear       path        `LINE NAME` of each credential in clear; `pairs PATH`: each line is a name and a password
    map         path        entries of a map, source or built: `key<TAB>tag[<TAB>shape]`
    accounts    ""          who could log in by a password of shadow: state and scheme of each, never a hash
    passwd-file path        users of a passwd-file of Dovecot: name, scheme and shape of the password, never it
    keytab      path        principals of a Kerberos keytab with kvno and enctype, never a key
    tally       path [uid]  failed logins as pam_faillock (a user's file) or pam_tally2 (with a uid) counts them
    sasldb      path        what `maildoctor.sasldb.listing` says of it
    elf         path        what `ldd -r` would say, by `maildoctor.linking`; `path program` in the program's scope
    cert        path        certificates in it: subject, issuer, names, dates, key
    key         path        the public half of the private key in it, as a digest
    source      ""          site.config.m4 of the source tree that was given
    logins      path        the lines about AUTH in the last mebibyte of a log
    recent      path        the lines about trouble in the last mebibyte of a log
    space       path        free space of its file system
    run         command     `exit N` and what it printed
    processes   ""          running programs that have to do with mail
    listeners   ""          listening TCP sockets
    routes      ""          routes that let nothing through, as `ip route` prints them: `unreachable 192.0.2.9`
    directory   question    what a directory says to it, as `maildoctor.host.directory` puts it
    kdc         question    what a KDC says to it, as `maildoctor.host.kdc` puts it
    imap        server      how an IMAP server greets and what it can, as `maildoctor.host.imap` puts it
    handshake   socket      what Dovecot's auth service says on a socket, a path or `ADDRESS:PORT`, before any login, as
                            `maildoctor.host.handshake` puts it
    addresses   ""          addresses that this host has, a line each; `nonlocal` where others may be bound to
    bound       path        `yes` or `no`: whether a process listens on the socket of this path
    probe       endpoints   conversations with these SMTP servers, `ADDRESS:PORT …`, as `maildoctor.smtp.session` writes
    announced   ""          what a domain announces to mail programs: SRV records as dig prints them, autoconfig files
    greets      port        how long a client unknown to /etc/hosts waits for the greeting on this port of 127.0.0.1:
                            `SECONDS BANNER`, `-` where none came
    dns         address     whether a name server at an address of the loopback interface answers
    hostname    ""          the node name
    build       path        release and compile flags that stand in a sendmail program
    release     path        release that stands in a libsasl, a program of Postfix or Dovecot, a libcrypto
    folders     path        where a libsasl looks, as is compiled into it: `configurations: DIR:DIR`, `plugins: DIR`
    elapsed     ""          seconds since the first look
    whoami      ""          `root`, or the number of the user who looks
    clock       ""          the time, ISO 8601 in UTC
    system      ""          what kind of system this is: os-release, machine
    start       ""          how a container is started, in the words of a Dockerfile: what its image names, or the
                            first process of a running one; of variables the names, and values that are paths
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from maildoctor.errors import DoctorError

Verb = Literal[
    "look", "changed", "real", "acl", "list", "read", "clear", "map", "accounts", "passwd-file", "keytab", "tally",
    "sasldb", "elf", "cert", "key", "source", "logins", "recent", "space", "run", "processes", "listeners", "routes",
    "addresses", "bound", "directory", "kdc", "imap", "handshake", "probe", "announced", "greets", "dns", "hostname",
    "build", "release", "folders", "elapsed", "whoami", "clock", "system", "start",
]  # fmt: skip
"""What can be asked, as in the table above."""

Why = Literal["absent", "refused", "unavailable", "lifeless", "directory", "too_large", "failed"]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer. `absent`: there is no such thing; `refused`: permission denied; `unavailable`: this kind of target
    cannot tell; `lifeless`: files alone have no such thing (no processes in an unpacked image); `directory`: it is
    one, where a file was asked for; `too_large`: more than is read safely; `failed`: it was tried and went wrong."""

    why: Why
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class NotYet(NoAnswer):
    """What these files do not hold because it is made when the container starts: neither missing nor hidden from us."""


Answer = str | NoAnswer


class Host(Protocol):
    """Whatever can be asked: this machine, an unpacked root, a recording."""

    kind: str
    """host, root, container, snapshot, endpoint or paste"""
    name: str
    """the node name, or the path of the root"""

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """The answer to one question; the same question is answered once and remembered."""
        ...

    @property
    def commands(self) -> tuple[str, ...]:
        """The programs that were run, each as an admin can repeat it."""
        ...


class HostError(DoctorError):
    """The target cannot be examined at all."""
