"""The smaller facts: what a host says and what is made of it. Those with a test file of their own are not here."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maildoctor.auth.mechanisms import mechanisms, uses_sasldb
from maildoctor.auth.sendmail import login_service
from maildoctor.auth.service import LoginService
from maildoctor.collect import COLLECTORS
from maildoctor.facts import Absent
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.mechanism_flags import lacks
from maildoctor.facts.cyrus.plugins import Plugins
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb
from maildoctor.facts.cyrus.shipped import Shipped
from maildoctor.facts.names import Names, own_name, server_realm
from maildoctor.facts.openssl_conf import OpensslConf
from maildoctor.facts.paths import LINKS, FilePurpose, Look, Paths, Trail, walk
from maildoctor.facts.processes import Listeners, Processes
from maildoctor.facts.safety import may, refusals, unsafe_folder
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.mail_maps import MailMaps, authinfo_mechanisms, built_path
from maildoctor.facts.sendmail.program import SendmailProgram
from maildoctor.facts.sendmail.queues import Queues
from maildoctor.facts.system import System
from maildoctor.facts.tls import Tls
from maildoctor.facts.wrappers import TcpWrappers
from maildoctor.library import load_library

# ---- no text is too strange


def _samples() -> dict[type[Any], list[str]]:
    """Lines that each fact knows, from the samples of the checks that ask for it."""
    lines: dict[type[Any], list[str]] = {fact: [] for fact in COLLECTORS}
    for check in load_library().checks:
        for p in check.parameters:
            for sample in (*check.fails, *check.passes):
                lines.setdefault(p.fact, []).extend(sample.get(p.name, "").splitlines())
    return {fact: sorted(set(known)) or [""] for fact, known in lines.items()}


KNOWN = _samples()
NASTY = (
    "",
    "²",
    "٣",
    "9" * 5000,
    "-1",
    "1e999",
    "\0",
    "\x85",
    "\u2028",
    "\x1b[2J",
    "'",
    '"',
    "\\",
    "[",
    "(",
    "%",
    "=",
    ":",
    "/",
    "0001-01-01",
    "9999-12-31",
    "+1400",
    "0001-01-01T00:00:00",
    "/../..",
    "$w",
    "ſ",
    "İ",
    "\U0010ffff",
    "#",
    ",",
    "\t",
)


@st.composite
def hostile(draw: st.DrawFn, known: Sequence[str]) -> str:
    """Lines that the parser knows, one word of each put wrong, among lines that nobody knows."""
    out = []
    for _ in range(draw(st.integers(1, 5))):
        words = re.split(r"(\W+)", draw(st.sampled_from(known) | st.text(max_size=30)))
        if draw(st.booleans()):
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NASTY) | st.text(max_size=5))
        out.append("".join(words))
    return draw(st.sampled_from(("\n", "\n\n", "\r\n", "\r"))).join(out)


@pytest.mark.parametrize("fact", COLLECTORS, ids=lambda f: f.__name__)
@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_any_text_is_read(fact: type[Any], data: st.DataObject) -> None:
    read = fact.parse(data.draw(hostile(KNOWN[fact])))
    assert isinstance(read, fact)
    for name, member in vars(fact).items():
        if isinstance(member, property):
            getattr(read, name)


ROW = "-rw-r--r-- 1 root root"


@pytest.mark.parametrize(
    ("fact", "text"),
    [
        (Paths, f"{ROW} {'9' * 5000} 2026-01-01 00:00:00 +0000 /x"),
        (Paths, f"{ROW} 1 0001-01-01 00:00:00 +1400 /x"),
        (Paths, f"{ROW} 1 9999-12-31 23:59:59 -1400 /x"),
        (Paths, f"{ROW} 1 2026-13-45 99:99:99 +9999 /x"),
        (Processes, f"{'9' * 5000} root 1 /x y"),
        (Listeners, "127.0.0.1 ² 1 sendmail"),
        (Listeners, f"127.0.0.1 {'9' * 5000} 1 sendmail"),
        (Queues, f"[queue] /q\n{'9' * 5000} KiB free of 1 KiB"),
        (SendmailProgram, f"/etc/mail/sendmail.cf: line {'9' * 5000}: bad"),
        (Tls, "now: 0001-01-01T00:00:00+14:00"),
        (SendmailCf, f"V{'9' * 400}/Berkeley\nO LogLevel=²"),
        (Saslauthd, 'MECHANISMS="'),
        (System, "ID='"),
    ],
)
def test_texts_that_once_broke_a_parser_or_would_have(fact: type[Any], text: str) -> None:
    assert isinstance(fact.parse(text), fact)


@pytest.mark.parametrize(
    ("fact", "unit"),
    [
        (Paths, "/a"),
        (Paths, "drwxr-xr-x root root /a\n"),
        (TcpWrappers, "\\\n"),
        (TcpWrappers, "a:[b"),
        (Saslauthd, "A"),
        (MailMaps, "[map a] hash /x\n"),
        (Tls, "[key] /x\n"),
        (Names, "127.0.0.1 a "),
        (Processes, "1 "),
        (System, "A"),
        (SendmailProgram, "\t\ta"),
        (SaslFiles, "found: /"),
        (Queues, "1 KiB free of 1"),
    ],
)
def test_long_texts_are_read_in_bearable_time(fact: type[Any], unit: str) -> None:
    import time

    began = time.process_time()
    fact.parse(unit * (60_000 // len(unit)))
    assert time.process_time() - began < 2


# ---- names


HOSTS = "127.0.0.1 localhost\n192.0.2.1 mx mx.example.net mail # a comment with mx2\n192.0.2.9 mx.other.example mx"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("hostname: mx\n" + HOSTS, "mx.example.net"),  # the first line that knows the name, the first name with a dot
        ("hostname: MX\n" + HOSTS, "mx.example.net"),
        ("hostname: mail\n" + HOSTS, "mx.example.net"),
        ("hostname: mx2\n" + HOSTS, "mx2"),  # a comment names nobody
        ("hostname: mx.example.org\n" + HOSTS, "mx.example.org"),
        ("hostname: localhost\n" + HOSTS, "localhost"),
        ("hostname: a\nfe80::1%eth0 a.example a\n", "a.example"),
        ("hostname: a\n", "a"),
        ("", ""),
    ],
)
def test_the_name_that_files_give_the_host(text: str, canonical: str) -> None:
    assert Names.parse(text).canonical == canonical


def test_a_line_of_hosts_keeps_its_number() -> None:
    own = Names.parse("hostname: mx\n" + HOSTS).own_line
    assert own is not None and (own.number, own.address) == (2, "192.0.2.1")


@pytest.mark.parametrize(
    ("cf", "said", "name", "realm"),
    [
        ("", None, "mx.example.net", "mx.example.net"),
        ("O AuthRealm=example.org", None, "mx.example.net", "example.org"),
        ("", "$j = mx.example.com", "mx.example.com", "mx.example.com"),
        ("Djmail.example.org", None, "mail.example.org", "mail.example.org"),
        ("Dj$w.example.org", None, "mx.example.net.example.org", "mx.example.net.example.org"),
        ("Dj$w.$m", None, "mx.example.net", "mx.example.net"),
        ("Djmail.example.org.", None, "mail.example.org", "mail.example.org"),
        ("Djmail.example.org", "$j = mx.example.com", "mx.example.com", "mx.example.com"),  # the program knows best
    ],
)
def test_the_realm_of_the_server(cf: str, said: str | None, name: str, realm: str) -> None:
    names, program = Names.parse("hostname: mx\n" + HOSTS), SendmailProgram.parse(said) if said else None
    assert own_name(SendmailCf.parse(cf), names, program) == name
    assert server_realm(SendmailCf.parse(cf), names, program) == realm


# ---- paths


@pytest.mark.parametrize(
    ("line", "kind", "mode", "owner", "size", "path"),
    [
        (
            "drwxr-xr-x 2 root mail 4096 2026-11-22 06:00:00.000000000 +0000 /etc/mail",
            "d",
            0o755,
            "root",
            4096,
            "/etc/mail",
        ),
        ("-rw-r----- 1 root smmsp 120 Nov 22 06:00 /etc/mail/authinfo", "-", 0o640, "root", 120, "/etc/mail/authinfo"),
        ("-rw-r----- 1 root smmsp 120 Jan  1  2002 /etc/mail/a b", "-", 0o640, "root", 120, "/etc/mail/a b"),
        ("drwxrwxrwt root root /tmp", "d", 0o1777, "root", 0, "/tmp"),  # noqa: S108
        ("drwxr-S--T root root /x", "d", 0o3740, "root", 0, "/x"),
        ("-r-sr-sr-x 1 root smmsp 8 Nov 22 06:00 /usr/sbin/sendmail", "-", 0o6555, "root", 8, "/usr/sbin/sendmail"),
        ("srwxrwxrwx 1 root 1000 0 Nov 22 06:00 /run/saslauthd/mux", "s", 0o777, "root", 0, "/run/saslauthd/mux"),
        ("crw-rw-rw- 1 4294967294 root 1 Nov 22 06:00 /dev/null", "c", 0o666, "4294967294", 1, "/dev/null"),
    ],
)
def test_a_line_of_ls(line: str, kind: str, mode: int, owner: str, size: int, path: str) -> None:
    look = Look.parse(line)
    assert look is not None
    assert (look.kind, look.mode, look.owner, look.size, look.path) == (kind, mode, owner, size, path)
    assert look.evidence.text == line


@pytest.mark.parametrize(
    "line",
    ["", "total 8", "ls: cannot access '/x'", "drwxr-xr-x", "drwxr-xr-x root root etc", "rwxr-xr-x root root /x"],
)
def test_what_is_no_line_of_ls(line: str) -> None:
    assert Look.parse(line) is None


@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        ("1970-01-01 00:00:10.500000000 +0000", 10.5),
        ("1970-01-01 02:00:10 +0200", 10.0),
        ("1969-12-31 19:00:10.000000000 -0500", 10.0),
        ("1970-01-01 00:01", 60.0),
    ],
)
def test_the_time_of_a_file(when: str, seconds: float) -> None:
    look = Look.parse(f"{ROW} 1 {when} /x")
    assert look is not None and look.mtime == seconds


def test_an_acl_and_a_link_are_seen() -> None:
    listed = Look.parse("-rw-r-----+ 1 root root 1 Nov 22 06:00 /x")
    link = Look.parse("lrwxrwxrwx 1 root root 1 Nov 22 06:00 /a -> b -> c")
    dotted = Look.parse("-rw-r--r--. 1 root root 1 Nov 22 06:00 /x")
    assert listed is not None and listed.has_acl
    assert dotted is not None and not dotted.has_acl  # SELinux
    assert link is not None and (link.path, link.target) == ("/a", "b -> c")


TREE = {
    "/": "d",
    "/etc": "d",
    "/etc/mail": "d",
    "/etc/mail/access": "-",
    "/etc/here": "l mail",
    "/etc/abs": "l /etc/mail",
    "/etc/up": "l ../etc/mail/access",
    "/etc/loop": "l loop",
    "/etc/gone": "l /nowhere",
    "/a": "l b",
    "/b": "l a",
}


def _tree(path: str) -> Look | None:
    kind, _, target = TREE.get(path, "").partition(" ")
    return Look("", path, kind, 0o755, "root", "root", 0, 0.0, target, False) if kind else None


@pytest.mark.parametrize(
    ("path", "elements", "complete"),
    [
        ("/etc/mail/access", "/ /etc /etc/mail /etc/mail/access", True),
        ("//etc/./mail//access/", "/ /etc /etc/mail /etc/mail/access", True),
        ("/etc/mail/../mail/access", "/ /etc /etc/mail /etc/mail/access", True),
        ("/../../etc", "/ /etc", True),
        ("/etc/here/access", "/ /etc /etc/here /etc/mail /etc/mail/access", True),
        ("/etc/abs/access", "/ /etc /etc/abs /etc/mail /etc/mail/access", True),
        ("/etc/up", "/ /etc /etc/up /etc/mail /etc/mail/access", True),
        ("/etc/loop", "/ /etc /etc/loop", False),
        ("/a/x", "/ /a /b", False),
        ("/etc/gone", "/ /etc /etc/gone", False),
        ("/etc/mail/nothing", "/ /etc /etc/mail", False),
    ],
)
def test_the_way_to_a_file(path: str, elements: str, complete: bool) -> None:
    found, reached = walk(path, _tree)
    assert ([e.path for e in found], reached) == (elements.split(), complete)


def test_a_chain_of_links_ends_where_the_kernel_ends_it() -> None:
    links = {f"/l{n}": f"/l{n + 1}" for n in range(LINKS + 5)}

    def look(path: str) -> Look:
        target = links.get(path, "")
        return Look("", path, "l" if target else "d", 0o755, "root", "root", 0, 0.0, target, False)

    assert walk("/l5", look)[1] and not walk("/l0", look)[1]


def test_the_file_at_the_end_of_a_trail() -> None:
    paths = Paths.parse(
        "drwxrwxr-x root mail /etc/mail\nlrwxrwxrwx 1 root root 6 Nov 22 06:00 /etc/mail/access.db -> real.db\n"
        "-rw-r----- root root /etc/mail/real.db\n[map] /etc/mail/access.db\n[map] /etc/mail/other.db\n"
        "/root/x: permission denied\ngroup mail: anna,bert"
    )
    one, other = paths.of("map")
    assert (
        one.file is not None and one.file.path == "/etc/mail/real.db" and [f.path for f in one.folders] == ["/etc/mail"]
    )
    assert other.file is None and not other.complete
    assert paths.gaps == {"/root/x": "permission denied"}
    assert paths.groups == {"mail": ("anna", "bert")}
    assert paths.of("key") == ()


# ---- sendmail's rules for safe files


def _trail(purpose: FilePurpose, *lines: str) -> Trail:
    elements = tuple(x for x in map(Look.parse, lines) if x)
    assert len(elements) == len(lines)
    return Trail(purpose, elements[-1].path, elements, True)


@pytest.mark.parametrize(
    ("mode", "excused", "reason"),
    [
        ("drwxr-xr-x", "", ""),
        ("drwxrwxr-x", "", "Group writable directory"),
        ("drwxrwsr-x", "", "Group writable directory"),
        ("drwxrwxr-x", "groupwritabledirpathsafe", ""),
        ("drwxrwxrwx", "", "World writable directory"),
        ("drwxr-xrwx", "groupwritabledirpathsafe", "World writable directory"),
        ("drwxrwxrwt", "", "World writable directory"),
        ("drwxrwxrwt", "truststickybit", ""),
        ("drwxrwxr-t", "truststickybit", ""),
        ("drwxrwxr-t", "", "Group writable directory"),
        ("drwxrwxrwx", "truststickybit groupwritabledirpathsafe", "World writable directory"),
    ],
)
def test_which_directories_are_unsafe(mode: str, excused: str, reason: str) -> None:
    folder = Look.parse(f"{mode} root mail /etc/mail")
    assert folder is not None and unsafe_folder(folder, excused.split()) == (reason or None)


@pytest.mark.parametrize("owner", ["root", "anna", "65534"])
def test_nobody_asks_who_owns_a_directory(owner: str) -> None:
    folder = Look.parse(f"drwxr-xr-x {owner} mail /etc/mail")
    assert folder is not None and unsafe_folder(folder, ()) is None


BAD_FOLDER = "drwxrwxr-x root mail /etc/mail"
GOOD_FOLDER = "drwxr-xr-x root mail /etc/mail"


@pytest.mark.parametrize(
    ("purpose", "excused", "refused"),
    [
        ("map", "", True),
        ("map", "mapinunsafedirpath", False),
        ("map", "classfileinunsafedirpath", True),
        ("class file", "", True),
        ("class file", "classfileinunsafedirpath", False),
        ("class file", "mapinunsafedirpath", True),
        ("certificate", "mapinunsafedirpath classfileinunsafedirpath", True),
        ("plug-in", "", True),
        ("SASL configuration", "", True),
        ("configuration", "", False),  # read by readcf() without SFF_SAFEDIRPATH
        ("sasldb", "", False),  # libsasl opens it, and has no such rules
        ("map source", "", False),
    ],
)
def test_what_excuses_an_unsafe_directory(purpose: FilePurpose, excused: str, refused: bool) -> None:
    trail = _trail(purpose, BAD_FOLDER, "-rw------- root root /etc/mail/x")
    assert bool([*refusals(trail, excused.split())]) is refused
    assert [*refusals(_trail(purpose, GOOD_FOLDER, "-rw------- root root /etc/mail/x"), ())] == []


@pytest.mark.parametrize(
    ("purpose", "file", "excused", "reason"),
    [
        ("key", "-rw------- root", "", None),
        ("key", "-r-------- root", "", None),
        ("key", "-rw-r----- root", "", "Group readable file"),
        ("key", "-rw-r----- root", "groupreadablekeyfile", None),
        ("key", "-rw-r--r-- root", "groupreadablekeyfile", "World readable file"),
        ("key", "-rw----r-- root", "", "World readable file"),
        ("key", "-rw-rw---- root", "groupreadablekeyfile", "Group writable file"),
        ("key", "-rw-----w- root", "", "World writable file"),
        ("key", "-rw------- anna", "", "Owned by another user"),
        ("key", "-rw------- anna", "certowner", None),
        ("key", "-rw------- trusty", "", None),
        ("certificate", "-rw-r--r-- root", "", None),
        ("certificate", "-rw-rw-r-- root", "", "Group writable file"),
        ("certificate", "-rw-r--rw- root", "", "World writable file"),
        ("certificate", "-rw-r--r-- anna", "", "Owned by another user"),
        ("CA", "-rw-r--r-- root", "", None),
        ("CA", "-rw-rw-r-- root", "", "Group writable file"),
        ("plug-in", "-rwxr-xr-x anna", "", None),
        ("plug-in", "-rwxrwxr-x root", "", None),
        ("plug-in", "-rwxrwxrwx root", "", "World writable file"),
        ("SASL configuration", "-rw-rw-rw- root", "", "World writable file"),
        ("map", "-rw-rw-rw- root", "", None),
    ],
)
def test_which_files_are_unsafe(purpose: FilePurpose, file: str, excused: str, reason: str | None) -> None:
    trail = _trail(purpose, GOOD_FOLDER, f"{file} root /etc/mail/x")
    assert [r.reason for r in refusals(trail, excused.split(), ("trusty",))] == ([reason] if reason else [])


def test_a_refusal_names_the_element_at_fault() -> None:
    (refusal,) = refusals(
        _trail("map", "drwxr-xr-x root root /", BAD_FOLDER, "-rw-r--r-- root root /etc/mail/access.db"), ()
    )
    assert (refusal.purpose, refusal.path, refusal.culprit.path) == ("map", "/etc/mail/access.db", "/etc/mail")


@pytest.mark.parametrize(
    ("user", "groups", "right", "allowed"),
    [
        ("smmsp", (), 4, True),  # the owner
        ("smmsp", (), 2, False),
        ("smmsp", ("mail",), 2, False),  # the owner's bits decide even where the group's would allow it
        ("anna", ("mail",), 2, True),
        ("anna", ("mail",), 4, False),
        ("anna", (), 1, True),
        ("anna", (), 4, False),
        ("root", (), 4, False),  # no superuser rights
    ],
)
def test_rights_by_mode_alone(user: str, groups: Sequence[str], right: int, allowed: bool) -> None:
    look = Look.parse("-r---w---x smmsp mail /x")
    assert look is not None and may(look, user, groups, right) is allowed


# ---- the program


SAID = """\
-rwxr-sr-x 1 root smmsp 900000 2026-01-01 00:00:00.0 +0000 /usr/libexec/sendmail/sendmail
\tlibsasl2.so.2 => /lib/x86_64-linux-gnu/libsasl2.so.2
exit 0
Version 8.17.1.9
 Compiled with: DNSMAP LOG SASLv2
\t\tSTARTTLS TCPWRAPPERS
/etc/mail/sendmail.cf: line 12: unknown option name AuthMechanism
Warning: /etc/mail/sendmail.cf: line 1: no
============ SYSTEM IDENTITY (after readcf) ============
      (short domain name) $w = mx
  (canonical domain name) $j = mx.example.net
"""


def test_what_sendmail_says_of_itself() -> None:
    program = SendmailProgram.parse(SAID)
    assert program.version == "8.17.1.9"
    assert program.flags == {"DNSMAP", "LOG", "SASLv2", "STARTTLS", "TCPWRAPPERS"}
    assert program.identity["j"] == "mx.example.net"
    first = program.complaints[0]
    assert (first.path, first.line, first.text) == (
        "/etc/mail/sendmail.cf",
        12,
        "unknown option name AuthMechanism",
    )
    assert (program.has_sasl, program.has_tls, program.asks_tcp_wrappers) == (True, True, True)
    assert program.look is not None and program.look.path == "/usr/libexec/sendmail/sendmail"


@pytest.mark.parametrize(
    ("text", "sasl", "tls"),
    [
        ("", None, None),
        ("Version unknown", None, None),
        (" Compiled with: LOG", False, False),
        (" Compiled with: SASL", True, False),
        ("\tlibsasl.so.7 => /usr/lib/libsasl.so.7", True, None),
        ("\tlibc.so.6 => /lib/libc.so.6", False, None),
    ],
)
def test_what_is_not_known_is_not_guessed(text: str, sasl: bool | None, tls: bool | None) -> None:
    program = SendmailProgram.parse(text)
    assert (program.has_sasl, program.has_tls) == (sasl, tls)


# ---- processes, sockets, queues


@pytest.mark.parametrize(
    ("command", "daemon"),
    [
        ("sendmail: MTA: accepting connections", True),
        ("sendmail: accepting connections", True),
        ("sendmail: MTA: rejecting connections: load average: 14", True),
        ("/usr/sbin/sendmail -bd -q15m", True),
        ("/usr/sbin/sendmail -bD", True),
        ("sendmail: Queue runner@00:10:00 for /var/spool/mqueue-client", False),
        ("/usr/sbin/sendmail -t -i", False),
        ("/usr/lib/postfix/sbin/master -w", False),
    ],
)
def test_which_process_takes_mail(command: str, daemon: bool) -> None:
    processes = Processes.parse(f"12 root 1000.50 /usr/libexec/sendmail/sendmail {command}")
    assert bool(processes.sendmail_daemons) is daemon


@pytest.mark.parametrize(
    ("row", "daemon"),
    [
        ("9 smmta 1.0 /usr/libexec/sendmail/sendmail sendmail: MTA: accepting connections", True),
        ("9 bob 1.0 /home/bob/sendmail sendmail: MTA: accepting connections", False),
        ("9 bob 1.0 /usr/bin/perl sendmail: accepting connections", False),
        ("9 bob 1.0 /usr/libexec/sendmail/sendmail /usr/sbin/sendmail -bd -ODaemonPortOptions=Port=2525", False),
        ("9 smmta 1.0 /tmp/sendmail#of:bob sendmail: accepting connections", False),
        ("9 smmta 1.0 /tmp/x#of:root#deleted#of:bob sendmail: accepting connections", False),
        ("9 bob 1.0 /opt/sendmail sendmail: accepting connections\nruns as: bob", True),
        ("9 bob 1.0 /opt/sendmail sendmail: accepting connections\nholds: 9", True),
        ("9 bob 1.0 /opt/sendmail sendmail: accepting connections\nholds: 19", False),
    ],
)
def test_a_name_makes_no_daemon(row: str, daemon: bool) -> None:
    """Any user may call a process of his sendmail; whose it is he cannot choose."""
    assert bool(Processes.parse(row).sendmail_daemons) is daemon


def test_a_strangers_saslauthd_is_none() -> None:
    folder = "drwx--x--- 2 {} sasl 4096 2026-11-22 06:00:00 +0000 /run/saslauthd"
    for user, owner, counts in (("root", "root", 1), ("bob", "root", 0), ("sasl", "root", 1), ("bob", "bob", 1)):
        text = f"7 {user} 1.0 /usr/sbin/saslauthd saslauthd -a pam\n{folder.format(owner)}"
        assert len(Saslauthd.parse(text).processes) == counts
    assert Saslauthd.parse("7 bob 1.0 /x saslauthd -a sasldb\nMECHANISMS=pam").mechanism == "pam"


def test_a_process_whose_file_was_replaced() -> None:
    (process,) = Processes.parse(
        "7 root 1000.50 /usr/sbin/saslauthd#deleted /usr/sbin/saslauthd -a pam\nrubbish"
    ).named("saslauthd")
    assert (process.pid, process.started, process.program, process.replaced) == (7, 1000.5, "/usr/sbin/saslauthd", True)
    assert Processes.parse("7 root 1 /usr/sbin/saslauthd x").named("exim") == ()


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.0.2.1", False),
    ],
)
def test_who_can_reach_a_socket(address: str, local: bool) -> None:
    listeners = Listeners.parse(f"{address} 587 40 sendmail\n{address} 25x 40 sendmail")
    assert [x.local_only for x in listeners.on(587)] == [local]
    assert listeners.on(25) == ()


def test_queues() -> None:
    there, gone = Queues.parse(
        "[queue] /var/spool/mqueue\ndrwx------ root smmsp /var/spool/mqueue\n"
        "812 KiB free of 1024 KiB, 40 of 50 inodes free\n"
        "[submission queue] /var/spool/mqueue-client\nmissing"
    ).all
    assert (there.purpose, there.missing, there.free, there.size, there.free_inodes, there.inodes) == (
        "queue",
        False,
        812,
        1024,
        40,
        50,
    )
    assert there.look is not None and there.look.mode == 0o700
    assert (gone.purpose, gone.missing, gone.look, gone.free) == ("submission queue", True, None, None)


# ---- tcp wrappers


def test_rules_of_tcp_wrappers() -> None:
    rules = TcpWrappers.parse(
        "# path: /etc/hosts.allow\n# sendmail: ALL\nsendmail, sshd: .example.net, [2001:db8::1] : allow\n"
        "# path: /etc/hosts.deny\n\nALL: \\\n  ALL\nsendmail@192.0.2.1: bad.example"
    )
    (allow,) = rules.allow
    assert (allow.path, allow.line, allow.daemons) == ("/etc/hosts.allow", 2, ("sendmail", "sshd"))
    assert allow.clients == (".example.net", "[2001:db8::1]")
    assert [r.clients for r in rules.deny] == [("ALL",), ("bad.example",)]
    assert [r.speaks_of("sendmail") for r in rules.deny] == [True, True] and not allow.speaks_of("exim")


# ---- saslauthd


@pytest.mark.parametrize(
    ("text", "mechanism"),
    [
        ('START=yes\nMECHANISMS="pam"', "pam"),
        ("MECHANISMS='shadow' # or pam", "shadow"),
        ('MECHANISMS="pam shadow"', "pam"),
        ("MECH=ldap", "ldap"),
        ('MECHANISMS="pam"\n9 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -a sasldb -c', "sasldb"),
        ("9 root 1.0 /usr/sbin/saslauthd /usr/sbin/saslauthd -m /run/x -apam", "pam"),
        ("", ""),
    ],
)
def test_whom_saslauthd_asks(text: str, mechanism: str) -> None:
    assert Saslauthd.parse(text).mechanism == mechanism


def test_the_socket_of_saslauthd() -> None:
    there = Saslauthd.parse("drwx--x--- root sasl /run/saslauthd\nsrwxrwxrwx root root /run/saslauthd/mux\ninstalled")
    gone = Saslauthd.parse("socket /run/saslauthd/mux: missing\npam /etc/pam.d/smtp: missing")
    assert (there.socket_path, there.socket_missing, there.installed, there.pam_missing) == (
        "/run/saslauthd/mux",
        False,
        True,
        "",
    )
    assert there.folder is not None and there.folder.group == "sasl"
    assert (gone.socket_path, gone.socket_missing, gone.socket, gone.pam_missing) == (
        "/run/saslauthd/mux",
        True,
        None,
        "/etc/pam.d/smtp",
    )


# ---- the system


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ('ID=debian\nVERSION_ID="13"', "debian"),
        ("ID=ubuntu\nID_LIKE=debian", "debian"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"', "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "fedora"),
        ("ID=alpine", "alpine"),
        ("ID='opensuse-leap'", "suse"),
        ("ID=plan9", "plan9"),
        ("", ""),
    ],
)
def test_the_family_of_a_system(release: str, family: str) -> None:
    assert System.parse(release).family == family


def test_what_could_not_be_looked_at_is_not_missing() -> None:
    system = System.parse("/dev/null: there\n/dev/log: missing\ngroup smmsp: anna,bert\ngroup mail: ")
    assert system.missing_devices == {"/dev/log"} and system.seen_devices == {"/dev/null"}
    assert (system.keytab, system.syslog) == (None, None)
    assert system.groups == {"smmsp": ("anna", "bert"), "mail": ()}
    reported = System.parse("keytab: missing\nsyslog: ")
    assert (reported.keytab, reported.syslog) == ("", "")
    assert System.parse("keytab: /etc/krb5.keytab").keytab == "/etc/krb5.keytab"


# ---- TLS


CERTIFICATES = """\
now: 1970-01-01T00:01:00Z
[certificate] /etc/mail/cert.pem
subject: CN=mx.example.net
issuer: CN=an authority
common name: old.example.net
name: mx.example.net
name: *.mail.example.net
not before: 1970-01-01T00:00:10Z
not after: 1970-01-01T00:00:20Z
public key: sha256:aa

subject: CN=an authority
issuer: CN=an authority
common name: an authority
not before: 1970-01-01T00:00:10Z
not after: rubbish
public key: sha256:bb
[key] /etc/mail/key.pem
public key: sha256:aa
[key] /etc/mail/locked.pem
encrypted: the key is protected by a passphrase
[CA] /etc/mail/ca.pem
missing
[CA folder] /etc/ssl/certs
refused: permission denied reading it
"""


def test_files_for_tls() -> None:
    tls = Tls.parse(CERTIFICATES)
    (certificate,) = tls.of("certificate")
    own, authority = certificate.certificates
    assert tls.now == 60.0
    assert (own.not_before, own.not_after, authority.not_after) == (10.0, 20.0, 0.0)
    assert (own.public_key, certificate.public_key) == ("sha256:aa", "sha256:aa")
    assert [(f.path.rpartition("/")[2], f.state) for f in tls.files] == [
        ("cert.pem", "ok"),
        ("key.pem", "ok"),
        ("locked.pem", "encrypted"),
        ("ca.pem", "missing"),
        ("certs", "refused"),
    ]
    assert tls.files[-1].reason == "permission denied reading it"


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("mx.example.net", True),
        ("MX.example.net.", True),
        ("a.mail.example.net", True),
        ("a.b.mail.example.net", False),
        ("mail.example.net", False),
        ("old.example.net", False),
        ("example.net", False),
        ("", False),
    ],
)
def test_which_names_a_certificate_covers(host: str, covered: bool) -> None:
    assert Tls.parse(CERTIFICATES).files[0].certificates[0].covers(host) is covered


def test_without_other_names_the_common_name_counts() -> None:
    authority = Tls.parse(CERTIFICATES).files[0].certificates[1]
    assert authority.names == ("an authority",)


# ---- maps


def test_maps() -> None:
    maps = MailMaps.parse(
        "[map access] hash /etc/mail/access\n-rw-r--r-- root root /etc/mail/access\n"
        "-rw-r----- root root /etc/mail/access.db\n"
        "only in source: Connect:192.0.2.1\n[map aliases] text /etc/aliases\n-rw-r--r-- root root /etc/aliases\n"
        '[map authinfo] hash /etc/mail/authinfo\nentry: AuthInfo:a\t"U:x" "P:***" "M:plain LOGIN"\n'
        'entry: AuthInfo:b\t"M=PLAIN"'
    )
    access, aliases, authinfo = maps.all
    assert access.stale and access.source is not None and access.built is not None and access.built.mode == 0o640
    assert (aliases.built_path, aliases.built, aliases.stale) == ("", None, False)
    assert maps.named("authinfo") is authinfo and maps.named("x") is None
    assert authinfo_mechanisms(maps) == {"PLAIN": "AuthInfo:a", "LOGIN": "AuthInfo:a"}
    assert authinfo_mechanisms(None) == {}


@pytest.mark.parametrize(
    ("type_", "path", "built"),
    [
        ("hash", "/etc/mail/access", "/etc/mail/access.db"),
        ("btree", "/a.db", "/a.db"),
        ("dbm", "/a", "/a.pag"),
        ("cdb", "/a", "/a.cdb"),
        ("text", "/a", ""),
        ("ldap", "/a", ""),
    ],
)
def test_the_file_that_is_opened_for_a_map(type_: str, path: str, built: str) -> None:
    assert built_path(type_, path) == built


# ---- SASL files, plug-ins of the distribution, mechanisms


def test_copies_of_the_configuration() -> None:
    files = SaslFiles.parse(
        "searched: /etc/sasl2\nfound: /etc/sasl2/Sendmail.conf\nfound: /usr/lib/sasl2/Sendmail.conf\n"
        "misnamed: /etc/sasl2/sendmail.conf"
    )
    assert (files.used, files.shadowed) == ("/etc/sasl2/Sendmail.conf", ("/usr/lib/sasl2/Sendmail.conf",))
    assert files.misnamed == ("/etc/sasl2/sendmail.conf",)
    assert (SaslFiles.parse("").used, SaslFiles.parse("").shadowed) == ("", ())


def test_what_the_distribution_brings() -> None:
    shipped = Shipped.parse("/.\n/usr/lib/x86_64-linux-gnu/sasl2/libcrammd5.so\nlibplain.so")
    assert shipped.plugin("crammd5") and not shipped.plugin("plain") and not shipped.plugin("md5")


PLUGINS = Plugins.parse(
    "directory: /usr/lib/sasl2\n"
    "plugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libplain.so.2\n"
    "plugin: /usr/lib/sasl2/libcrammd5.so -> /usr/lib/sasl2/libcrammd5.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libcrammd5.so.2\n"
    "plugin: /usr/lib/sasl2/libdigestmd5.so -> /usr/lib/sasl2/libdigestmd5.so\n"
    "ELF 64-bit LSB shared object, x86-64, soname libdigestmd5.so.2\n"
    "undefined symbol: des_ecb_encrypt\t(/usr/lib/sasl2/libdigestmd5.so)\n"
)
CF = "O AuthMechanisms=DIGEST-MD5 CRAM-MD5 PLAIN EXTERNAL\nC{TrustAuthMech}CRAM-MD5 PLAIN\n"


def _service(cf: str) -> LoginService:
    return login_service(SendmailCf.parse(cf), Absent("not looked at"), None)


@pytest.mark.parametrize(
    ("cf", "conf", "plain", "tls"),
    [
        (CF, None, "CRAM-MD5 PLAIN EXTERNAL", "CRAM-MD5 PLAIN EXTERNAL"),
        (CF + "O AuthOptions=p", None, "CRAM-MD5 EXTERNAL", "CRAM-MD5 PLAIN EXTERNAL"),
        (CF + "O AuthOptions=p,y", None, "CRAM-MD5 EXTERNAL", "CRAM-MD5 PLAIN EXTERNAL"),
        (CF + "O AuthOptions=A", None, "CRAM-MD5 PLAIN EXTERNAL", "CRAM-MD5 PLAIN EXTERNAL"),
        (CF + "O AuthOptions=f", None, "", ""),
        (CF, "mech_list: plain external", "PLAIN EXTERNAL", "PLAIN EXTERNAL"),
        (CF, "mech_list: GSSAPI", "", ""),
        (CF.lower().replace("o authmech", "O AuthMech"), None, "CRAM-MD5 PLAIN EXTERNAL", "CRAM-MD5 PLAIN EXTERNAL"),
    ],
)
def test_what_ehlo_offers(cf: str, conf: str | None, plain: str, tls: str) -> None:
    table = mechanisms(_service(cf), SaslConf.parse(conf) if conf else None, PLUGINS, None)
    assert " ".join(table.offered(tls=False)) == plain
    assert " ".join(table.offered(tls=True)) == tls


def test_one_mechanism_in_all_its_parts() -> None:
    sasldb = SaslDb.parse("anna@mx.example.net: userPassword\nbert@mx.example.net: cmusaslsecretPLAIN")
    table = mechanisms(_service(CF), SaslConf.parse("mech_list: CRAM-MD5"), PLUGINS, sasldb)
    cram, digest = table.named("CRAM-MD5"), table.named("DIGEST-MD5")
    assert cram is not None and digest is not None
    assert (cram.loads, cram.configured, cram.listed, cram.trusted, cram.users) == (True, True, True, True, 1)
    assert (digest.loads, digest.configured, digest.listed, digest.trusted) == (False, True, False, False)
    assert digest.plugin is not None and not digest.plugin.loads
    assert table.named("NTLM") is None


def test_what_is_not_known_hinders_nothing() -> None:
    table = mechanisms(_service("O AuthMechanisms=GSSAPI NEW-ONE"), None, None, None)
    assert table.offered(tls=False) == ("GSSAPI", "NEW-ONE")
    assert lacks("NEW-ONE", frozenset("pf")) == frozenset()
    assert lacks("PLAIN", frozenset("pmA")) == {"p", "m"}


@pytest.mark.parametrize(
    ("conf", "uses"),
    [
        (None, True),
        ("", True),
        ("auxprop_plugin: sasldb", True),
        ("auxprop_plugin: sql", False),
        ("auxprop_plugin: sasldb ldapdb", False),
    ],
)
def test_whether_all_users_stand_in_the_sasldb(conf: str | None, uses: bool) -> None:
    assert uses_sasldb(None if conf is None else SaslConf.parse(conf)) is uses


@pytest.mark.parametrize(
    ("line", "obstacle", "unread"),
    [
        ("unread: x.db: it is text: no database", "unread", "x.db: it is text: no database"),
        ("refused: permission denied", "refused", "permission denied"),
        ("too large: x: larger than can be read", "too large", "x: larger than can be read"),
        ("only in source: refused", None, ""),
    ],
)
def test_why_a_map_cannot_be_read(line: str, obstacle: str | None, unread: str) -> None:
    (one,) = MailMaps.parse(f"[map access] hash /etc/mail/access\n{line}\n").all
    assert (one.obstacle, one.unread) == (obstacle, unread)


def test_a_release_of_endless_digits_is_none() -> None:
    assert OpensslConf.parse(f"# release: {'9' * 5000}.5.1\n").release == (5, 1)
