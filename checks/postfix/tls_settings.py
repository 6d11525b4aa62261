"""TLS: settings of Postfix' smtpd services that it cannot parse, so that it speaks no TLS or ends."""

import re
from collections.abc import Iterator, Sequence

from maildoctor.api import Findings, Restart, check, found
from maildoctor.api.postfix import Postfix, Smtpd, confined, set_postfix, tls_level

_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
    "smtpd_tls_security_level = may\n"
)
_MASTER = (
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
    "submission inet n - y - - smtpd\n -o smtpd_tls_security_level=encrypt\n"
)
_WRAPPED = "==> /etc/postfix/master.cf <==\nsubmissions inet n - y - - smtpd\n -o smtpd_tls_wrappermode=yes\n"
_NO_TLS = _MAIN.replace("level = may", "level = none")

_VERSIONS = frozenset(("sslv2", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"))
_LIMITS = frozenset(("none", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3"))
_NUMBER = re.compile(r"(?:0[xX])?0{0,20}[0-7]?[0-9a-fA-F]{1,7}")
"""strtoul(3) to the base of 16, as far as an int holds it."""
_SEPARATORS = ", \t\r\n:"
_GRADES = frozenset(("null", "export", "low", "medium", "high"))
_LEVELS = frozenset(("none", "may", "encrypt", "fingerprint", "verify", "secure"))
"""dane, dane-only and halfdane are levels of the client alone: smtpd ends over them as over a word that is none."""
_SHOWN = 80


def _is_version(word: str, release: tuple[int, ...]) -> bool:
    """One word of a list of protocols (tls/tls_misc.c, protocol_table, tls_proto_mask_lims(); limits since 3.6)."""
    if word[:2] in (">=", "<="):
        rest = word[2:]
        recent = not release or release >= (3, 6)
        return recent and (not rest or rest.lower() in _LIMITS or bool(_NUMBER.fullmatch(rest)))
    return word.removeprefix("!").lower() in _VERSIONS


def _unparsed(smtpd: Smtpd, release: tuple[int, ...]) -> Iterator[tuple[str, str, str]]:
    """Each setting that cannot be parsed: its name, the word of it, and a value that is meant or harmless."""
    wrapped = smtpd.is_yes("smtpd_tls_wrappermode")
    level = smtpd.value("smtpd_tls_security_level")
    if level and level.lower() not in _LEVELS and not wrapped:
        first = level.split()[0].lower()
        yield "smtpd_tls_security_level", level, first if first in _LEVELS else "may"
        return
    if tls_level(smtpd) == "none" and not wrapped:
        return
    mandatory = "mandatory_" if wrapped or tls_level(smtpd) == "encrypt" else ""
    option = f"smtpd_tls_{mandatory}protocols"
    words = re.split(f"[{_SEPARATORS}]+", smtpd.value(option)[:4000].strip(_SEPARATORS))
    wrong = next((w for w in words if w and not _is_version(w, release)), None)
    if wrong is not None:
        meant = words[: words.index(wrong)] if wrong.startswith("#") else words
        right = [w for w in meant if w and _is_version(w, release)]
        usual = ">=TLSv1.2" if not release or release >= (3, 6) else "!SSLv2, !SSLv3, !TLSv1, !TLSv1.1"
        yield option, wrong, ", ".join(right) or usual
    option = f"smtpd_tls_{mandatory}ciphers"
    grade = smtpd.value(option)
    if grade and grade.lower() not in _GRADES:
        first = grade.split()[0].lower()
        yield option, grade, first if first in _GRADES else "medium"


def _named(services: Sequence[Smtpd]) -> str:
    """As a message names them: `submission/inet (port 587)`."""
    return " and ".join(f"{s.name} (port {s.port})" if s.port else s.name for s in services[:_MOST])


_MOST = 6


_COMES = {
    "smtpd_tls_security_level": "smtpd ends as soon as a client connects (Invalid TLS level)",
    "protocols": "smtpd switches TLS off (Invalid TLS protocol list): STARTTLS is answered 454 TLS not available, and "
    "where TLS comes first, the connection ends",
    "ciphers": "smtpd breaks every TLS session off (invalid TLS cipher grade)",
}


@check(
    "TLS054",
    "postfix-tls-setting-not-parsed",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-starttls", "no-offer", "no-answer", "WIRE020", "WIRE021"),
    fails=[
        {
            "postfix": _MAIN
            + "smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3 #, !TLSv1, !TLSv1.1\nsmtpd_tls_cert_file = /a\n"
            + _MASTER
        },
        {"postfix": _MAIN + "smtpd_tls_protocols = TLS1.2\n" + _MASTER},
        {"postfix": _MAIN.replace("3.7.11", "3.5.25") + "smtpd_tls_protocols = >=TLSv1.2\n" + _MASTER},
        {"postfix": _MAIN + "smtpd_tls_ciphers = strong\n" + _MASTER},
        {"postfix": _MAIN.replace("level = may", "level = may # as clients like") + _MASTER},
        {"postfix": _MAIN.replace("level = may", "level = dane") + _MASTER},
        {"postfix": _MAIN + "smtpd_tls_mandatory_protocols = >=SSLv2\n" + _WRAPPED},
    ],
    passes=[
        {"postfix": _MAIN + _MASTER},
        {"postfix": _MAIN + "smtpd_tls_mandatory_protocols = >=TLSv1.2, <=0x0304\n" + _MASTER},
        {
            "postfix": _MAIN
            + "smtpd_tls_protocols = !sslv2:!SSLv3 !TLSv1,!TLSv1.1\nsmtpd_tls_ciphers = HIGH\n"
            + _MASTER
        },
        {"postfix": _NO_TLS + "smtpd_tls_protocols = TLS1.2\n" + _MASTER.replace("=encrypt", "=none")},
        {"postfix": _MAIN + "smtpd_tls_mandatory_protocols = >=303 <=none\n" + _MASTER},
        {"postfix": _MAIN.replace("= may", "= secure") + _MASTER},
        {"postfix": _MAIN.replace("= may", "= dane") + _WRAPPED},
        {"postfix": _MAIN + "smtpd_tls_protocols = TLS1.2\nsmtpd_tls_ciphers = strong\n" + _WRAPPED},
    ],
    refs=(
        "postfix: tls/tls_misc.c, tls_proto_mask_lims(), tls_set_ciphers(); tls/tls_server.c, tls_server_init(); "
        "smtpd/smtpd.c, pre_jail_init(); tls/tls_level.c",
    ),
)
def tls_setting_not_parsed(postfix: Postfix) -> Findings:
    """smtpd cannot parse a setting of TLS: a list of protocols, a grade of ciphers, or the security level.

    One word that is none of Postfix' own spoils the whole list, and smtpd goes on without TLS. main.cf knows no comment
    at the end of a line: a # there belongs to the value, with all that comes behind it. Protocols are SSLv2, SSLv3,
    TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3, each with or without `!`, and since 3.6 limits such as >=TLSv1.2. Levels of
    smtpd are none, may and encrypt; dane belongs to the client (smtp_tls_security_level).

    Advice: correct the value, and write comments in lines of their own; then reload Postfix.
    """
    wrong: dict[tuple[str, str, str], list[Smtpd]] = {}
    for smtpd in postfix.smtpd:
        for row in _unparsed(smtpd, postfix.version):
            wrong.setdefault(row, []).append(smtpd)
    for (option, word, better), services in wrong.items():
        comes = _COMES.get(option) or _COMES[option.rpartition("_")[2]]
        behind = "; # begins no comment behind a value" if "#" in services[0].value(option) else ""
        yield found(
            f"{option} of {_named(services)} cannot be parsed at {word[:_SHOWN]}{behind}: {comes}",
            evidence=list(dict.fromkeys(s.evidence(option) for s in services)),
            fix=[*dict.fromkeys(set_postfix(s, option, better) for s in services), Restart("postfix")],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )
