"""What pages and remedies say of programs, where the sources of these say it otherwise than one would think."""

import re

from maildoctor.facts.system import System
from maildoctor.library import load_library

CHECKS = {c.code: c for c in load_library().checks}
DEBIAN = System.parse("ID=debian\ninit: systemd")


def test_a_rule_of_hosts_allow_that_denies_is_not_answered_by_a_line_below_it() -> None:
    """hosts_access(5): the first rule that fits counts."""
    program = " Compiled with: SASLv2 TCPWRAPPERS"
    deny, allow = (
        CHECKS["RUN005"].on({"program": program, "wrappers": text}, DEBIAN)[0]
        for text in ("# path: /etc/hosts.deny\nALL: ALL", "# path: /etc/hosts.allow\nALL: ALL: deny")
    )
    assert ">> /etc/hosts.allow" in deny.fix[0].command
    assert allow.fix[0].safety == "manual" and "above" in allow.fix[0].command


def test_a_certificate_comes_with_all_that_sendmail_wants_for_starttls() -> None:
    """What MECH009 advises is not what TLS007 finds lacking."""
    library = "directory: /usr/lib/sasl2\nplugin: /usr/lib/sasl2/libplain.so -> /usr/lib/sasl2/libplain.so\n"
    sample = {"service": "mechanisms: PLAIN\nrequires: p\nwithout TLS: none", "plugins": library + "ELF 64-bit LSB\n"}
    (finding,) = CHECKS["MECH009"].on(sample, DEBIAN)
    names = {"CERT": "ServerCertFile", "KEY": "ServerKeyFile", "CACERT": "CACertFile", "CACERT_PATH": "CACertPath"}
    commands = " ".join(step.command for step in finding.fix).replace("\\`", "`")
    defines = dict(re.findall(r"define\(`conf(?:SERVER_)?(\w+)', `([^']+)'\)", commands))
    assert set(defines) == set(names)
    cf = "\n".join(f"O {names[name]}={value}" for name, value in defines.items())
    assert CHECKS["TLS007"].on({"cf": cf}) == []


def test_the_verifiers_that_are_right_stay() -> None:
    (finding,) = CHECKS["SASL002"].on({"conf": "# path: /etc/sasl2/Sendmail.conf\npwcheck_method: sasldb saslauthd\n"})
    assert "pwcheck_method: auxprop saslauthd" in finding.fix[0].command
    (finding,) = CHECKS["SASL002"].on({"conf": "pwcheck_method: saslauth"})
    assert "pwcheck_method: saslauthd" in finding.fix[0].command


def test_pages_say_what_the_sources_say() -> None:
    said = {code: f"{c.why} {c.advice}" for code, c in CHECKS.items()}
    assert "EHLO is answered without AUTH and STARTTLS" in said["RUN005"]  # srvrsmtp.c, nullserver
    assert "GDBM" in said["USER001"] and "generic failure (-1)" in said["USER001"]  # sasldb/db_gdbm.c
    assert "as `hostname` prints it" in said["USER005"]  # saslpasswd.c: gethostname()
    assert "dangerous write permissions" in said["PERM003"]  # readcf.c
    assert "TrustedUser" in said["PERM007"] and "in silence" not in said["PERM007"]  # usersmtp.c, LogLevel > 8
