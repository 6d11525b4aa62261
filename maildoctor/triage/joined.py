"""What several findings of a log say together that none of them says alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from maildoctor.model import Evidence, Finding, Step
from maildoctor.triage.rules import Cause

CODE, NAME = "CONF160", "sasl-configuration-not-read"

_SIGNS: Mapping[str, str] = {
    "CONF153": "a store plug-in that nobody set up is asked",
    "SASL160": "sasldb is looked for and is not there",
    "CONF150": "no checker of passwords is known",
    "USER150": "a stored secret is looked for",
    "USER560": "a stored secret is looked for",
}
"""What libsasl does where it reads no configuration: it offers all mechanisms that are installed, and asks all stores
that are installed for a secret, sasldb first (lib/auxprop.c, lib/checkpw.c)."""
_NOBODY_LISTS = ("NTLM", "OTP", "PASSDSS-3DES-1", "SRP")
"""Mechanisms that stand in no guide, so who offers them offers whatever is installed."""
_ENOUGH = 2


def configuration_unread(findings: Sequence[tuple[Finding, Iterable[str]]]) -> Finding | None:
    """A candidate: that libsasl does not read the file in which its checker and mechanisms are set. `findings`: each
    with the mechanisms that its lines name.

    Each sign alone is harmless or has a cause of its own; two different ones are what a server without
    any settings does.
    """
    signs: dict[str, Finding] = {}
    for finding, mechs in findings:
        if (sign := _SIGNS.get(finding.code)) is not None:
            signs.setdefault(sign, finding)
        for mech in sorted({mech.upper() for mech in mechs}.intersection(_NOBODY_LISTS)):
            signs.setdefault(f"{mech} is offered", finding)
    if len(signs) < _ENOUGH:
        return None
    evidence = tuple(Evidence(f.evidence[0].source, f.evidence[0].text) for f in signs.values() if f.evidence)
    others = evidence and not any("postfix" in line.text for line in evidence)
    return Finding(
        code=CODE,
        name=NAME,
        severity="warning",
        message="libsasl seems to read no configuration: " + ", ".join(signs),
        why="Without smtpd.conf (Postfix) or Sendmail.conf, libsasl offers every mechanism that is installed and looks "
        "for secrets in every store that is installed, sasldb first. Each of these lines alone is harmless; together "
        "they are what a server does whose file is not read.",
        advice="1. The file is not where this libsasl looks, or the path was set to something else.\n"
        "How to tell: There is none in /etc/sasl2, /usr/lib/sasl2 or /etc/postfix/sasl; smtpd_sasl_path is not smtpd, "
        "or cyrus_sasl_config_path names another directory.\n"
        "Do: Remove smtpd_sasl_path (it is a name, no directory) or set it to smtpd, and put smtpd.conf into "
        "/etc/postfix/sasl (Debian) or /etc/sasl2; Sendmail.conf into /etc/sasl2 or /usr/lib/sasl2.\n"
        "2. A line of the file is not understood, so what stands in it is not set.\n"
        "How to tell: The file is there; its lines do not have the form key: value.\n"
        "Do: Write pwcheck_method: saslauthd and mech_list: plain login, with a colon and without quotes, comments on "
        "lines of their own.\n"
        "3. The file is read, and only names no mech_list and no auxprop_plugin.\n"
        "How to tell: It has pwcheck_method alone.\n"
        "Do: Add mech_list: plain login, or remove the plug-ins that are not used.",
        fix=() if others else (Step("postconf smtpd_sasl_path cyrus_sasl_config_path smtpd_sasl_type"),),
        evidence=evidence,
    )


def sample() -> Finding:
    """What is said of a server that asks a store plug-in without settings, and sasldb, which is not there."""
    found = configuration_unread([(Finding(code, "", "info", "", "", ""), ()) for code in ("CONF153", "SASL160")])
    assert found is not None
    return found


def explained() -> tuple[str, ...]:
    """The codes that stand under it: what says nothing by itself."""
    return ("CONF153", "LINK147")


_WHOLE = Cause(
    "The client sends the name without its domain, and users here log in with theirs",
    "the names that are refused have no @, and all that log in have one",
    "Let the client log in with the whole address (user@domain), or let the server complete the name: "
    "auth_default_realm in Dovecot, smtpd_sasl_local_domain in Postfix with Cyrus SASL, confAUTH_REALM in sendmail.",
    (),
)
_BARE = Cause(
    "The client sends the name with a domain, and users here log in without",
    "the names that are refused have an @, and all that log in have none",
    "Let the client log in with the bare name, or let the server cut the domain off: auth_username_format = %n in "
    "Dovecot (2.4: %{user | username}), saslauthd without -r.",
    (),
)


def another_form(refused: Iterable[bytes], welcome: Collection[bytes]) -> tuple[Cause, bool] | None:
    """The cause that the names which are refused have another form than those that log in, and whether one of them is
    the name of somebody who does log in."""
    names = list(refused)
    if not names or not welcome:
        return None
    bare = {b"@" not in name for name in names}
    users = {b"@" not in name for name in welcome}
    if len(bare) != 1 or len(users) != 1 or bare == users:
        return None
    known = {name.partition(b"@")[0] for name in welcome}
    return _WHOLE if bare == {True} else _BARE, any(name.partition(b"@")[0] in known for name in names)
