"""What sendmail may read by its own rules, and what a real sendmail 8.17.1.9 said (-d44.4) of each owner and mode."""

import pytest

from maildoctor.library import load_library
from maildoctor.model import Finding

(PERM007,) = (c for c in load_library().checks if c.code == "PERM007")

CONF = "/etc/sasl2/Sendmail.conf"
SYSTEM = "group adm: syslog,smmta\ngroup smmta: \ngroup smmsp: \nprimary group smmta: smmta\nprimary group smmsp: smmsp"

FILES = [
    # TrustedUser, RunAsUser, owner of Sendmail.conf; the modes with which it is used
    ("smmta - root:root", "644 640 600 440 604"),
    ("smmta - root:smmta", "644 640 600 440 604"),
    ("smmta - root:smmsp", "644 640 600 440 604"),
    ("smmta - root:adm", "644 640 600 440 604"),
    ("smmta - smmta:smmsp", "644 640 600 440 604"),
    ("smmta - daemon:root", "644 640 040 440"),
    ("smmta - daemon:smmta", "644 004 604"),
    ("smmta - daemon:daemon", "644 004 604"),
    ("smmta smmta root:root", "644 004 604"),
    ("smmta smmta root:smmta", "644 640 040 440"),
    ("smmta smmta root:smmsp", "644 004 604"),
    ("smmta smmta root:adm", "644 640 040 440"),
    ("smmta smmta smmta:smmsp", "644 640 600 440 604"),
    ("smmta smmta daemon:root", "644 004 604"),
    ("smmta smmta daemon:smmta", "644 640 040 440"),
    ("smmta smmta daemon:daemon", "644 004 604"),
    ("smmta smmta:smmsp root:root", "644 004 604"),
    ("smmta smmta:smmsp root:smmta", "644 004 604"),
    ("smmta smmta:smmsp root:smmsp", "644 640 040 440"),
    ("smmta smmta:smmsp root:adm", "644 004 604"),
    ("smmta smmta:smmsp smmta:smmsp", "644 640 600 440 604"),
    ("smmta smmta:smmsp daemon:root", "644 004 604"),
    ("smmta smmta:smmsp daemon:smmta", "644 004 604"),
    ("smmta smmta:smmsp daemon:daemon", "644 004 604"),
    ("- - root:root", "644 640 600 440 604"),
    ("- - root:smmta", "644 640 600 440 604"),
    ("- - root:smmsp", "644 640 600 440 604"),
    ("- - root:adm", "644 640 600 440 604"),
    ("- - smmta:smmsp", "644 004 604"),
    ("- - daemon:root", "644 640 040 440"),
    ("- - daemon:smmta", "644 004 604"),
    ("- - daemon:daemon", "644 004 604"),
]
TRIED_FILES = ("644", "640", "600", "040", "004", "440", "604", "000")

FOLDERS = [
    # TrustedUser, RunAsUser, owner of /etc/sasl2; the modes with which what lies in it is used
    ("smmta - root:root", "755 750 700 010 001"),
    ("smmta - root:smmta", "755 750 700 001"),
    ("smmta - root:smmsp", "755 750 700 001"),
    ("smmta - root:adm", "755 750 700 001"),
    ("smmta - smmta:smmsp", "755 001"),
    ("smmta - daemon:root", "755 750 010 001"),
    ("smmta - daemon:adm", "755 001"),
    ("smmta - daemon:daemon", "755 001"),
    ("smmta smmta root:root", "755 001"),
    ("smmta smmta root:smmta", "755 750 010 001"),
    ("smmta smmta root:smmsp", "755 001"),
    ("smmta smmta root:adm", "755 750 010 001"),
    ("smmta smmta smmta:smmsp", "755 750 700 001"),
    ("smmta smmta daemon:root", "755 001"),
    ("smmta smmta daemon:adm", "755 750 010 001"),
    ("smmta smmta daemon:daemon", "755 001"),
    ("smmta smmta:smmsp root:root", "755 001"),
    ("smmta smmta:smmsp root:smmta", "755 001"),
    ("smmta smmta:smmsp root:smmsp", "755 750 010 001"),
    ("smmta smmta:smmsp root:adm", "755 001"),
    ("smmta smmta:smmsp smmta:smmsp", "755 750 700 010 001"),
    ("smmta smmta:smmsp daemon:root", "755 001"),
    ("smmta smmta:smmsp daemon:adm", "755 001"),
    ("smmta smmta:smmsp daemon:daemon", "755 001"),
    ("- - root:root", "755 750 700 010 001"),
    ("- - root:smmta", "755 750 700 001"),
    ("- - root:smmsp", "755 750 700 001"),
    ("- - root:adm", "755 750 700 001"),
    ("- - smmta:smmsp", "755 001"),
    ("- - daemon:root", "755 750 010 001"),
    ("- - daemon:adm", "755 001"),
    ("- - daemon:daemon", "755 001"),
]
TRIED_FOLDERS = ("755", "750", "700", "010", "001")


def listed(kind: str, mode: str, owner: str, path: str) -> str:
    """A line as `ls -ld` prints it."""
    bits = "".join(c if int(mode, 8) >> (8 - i) & 1 else "-" for i, c in enumerate("rwxrwxrwx"))
    return f"{kind}{bits} {owner.replace(':', ' ')} {path}"


def judged(who: str, *files: str, system: str = SYSTEM) -> list[Finding]:
    """What PERM007 finds."""
    trusted, run_as, _ = who.split()
    lines = (f"O TrustedUser={trusted}", f"O RunAsUser={run_as}")
    cf = "\n".join(line for line in lines if not line.endswith("=-"))
    paths = "\n".join((*files, f"[SASL configuration] {CONF}"))
    return list(PERM007.on({"cf": cf, "paths": paths, "system": system}))


@pytest.mark.parametrize(("who", "used"), FILES)
def test_a_configuration_is_read_with_the_modes_with_which_sendmail_reads_it(who: str, used: str) -> None:
    owner = who.split()[2]
    silent = [m for m in TRIED_FILES if not judged(who, listed("-", m, owner, CONF))]
    assert silent == used.split()


@pytest.mark.parametrize(("who", "used"), FOLDERS)
def test_a_folder_is_searched_with_the_modes_with_which_sendmail_searches_it(who: str, used: str) -> None:
    owner, conf = who.split()[2], listed("-", "644", "root:root", CONF)
    silent = [m for m in TRIED_FOLDERS if not judged(who, listed("d", m, owner, "/etc/sasl2"), conf)]
    assert silent == used.split()


def test_passwords_of_a_configuration_are_opened_to_nobody_else() -> None:
    (finding,) = judged("- - x:x", listed("-", "640", "daemon:daemon", CONF))
    assert [s.command for s in finding.fix][:1] == [f"chown root {CONF}"]
    assert "TrustedUser is root" in [e.text for e in finding.evidence]
    (finding,) = judged("smmta smmta:smmsp x:x", listed("-", "600", "root:root", CONF))
    assert finding.fix[0].command == f"chgrp smmsp {CONF} && chmod 640 {CONF}"
    assert "RunAsUser" in finding.message


def test_where_an_unknown_group_decides_nothing_is_said() -> None:
    assert judged("smmta smmta root:smmta", listed("-", "640", "root:smmta", CONF), system="") == []


def _of(code: str, **sample: str) -> list[Finding]:
    (check,) = (c for c in load_library().checks if c.code == code)
    return list(check.on(sample))


def test_a_group_that_lists_the_user_opens_no_door_for_sendmail() -> None:
    """drop_privileges() leaves one group: seen in /proc/PID/status of a child with RunAsUser in two groups more."""
    socket = (
        "7 root 1.0 /usr/sbin/saslauthd -a pam\ndrwx--x--- root sasl /run/saslauthd\nsocket /run/saslauthd/mux: there"
    )
    sample = {"conf": "pwcheck_method: saslauthd", "saslauthd": socket, "system": "group sasl: smmta,postfix"}
    (finding,) = _of("SASL008", service="account: smmta smmta", **sample)
    assert "may not enter /run/saslauthd" in finding.message
    assert "smmta:sasl" in finding.fix[0].command and not any("usermod" in s.command for s in finding.fix)
    assert _of("SASL008", service="account: smmta sasl", **sample) == []
    assert _of("SASL008", service="service: postfix /etc/postfix/main.cf\naccount: postfix", **sample) == []
