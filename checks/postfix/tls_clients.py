"""TLS: what Postfix' smtpd services demand of clients, and files without which they speak no TLS: authorities, client
certificates, versions."""

import re
from collections.abc import Iterator

from maildoctor.api import Findings, Restart, UnsetPostfix, check, found
from maildoctor.api.postfix import Postfix, PostfixTls, Smtpd, confined, set_postfix, tls_level

_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\n"
    "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = /a.pem\n{}"
)
_587 = (
    "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
    "submission inet n - y - - smtpd\n -o smtpd_tls_security_level=encrypt\n{}"
)
_CA = _MAIN.format("smtpd_tls_CAfile = /etc/postfix/ca.pem\n") + _587.format("")
_GONE = "now: 2026-06-01T00:00:00Z\n[CA] /etc/postfix/ca.pem\nmissing\n"


def _users(postfix: Postfix) -> Iterator[Smtpd]:
    yield from (s for s in postfix.smtpd if tls_level(s) != "none" or s.is_yes("smtpd_tls_wrappermode"))


def _named(services: list[Smtpd]) -> str:
    return " and ".join(f"{s.name} (port {s.port})" if s.port else s.name for s in services[:6])


@check(
    "TLS085",
    "postfix-authorities-missing",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-starttls", "no-offer", "no-answer", "WIRE020", "WIRE021"),
    witnesses=("TLS584",),
    fails=[
        {"postfix": _CA, "tls": _GONE},
        {"postfix": _MAIN.format("") + _587.format(" -o smtpd_tls_CAfile=/etc/postfix/ca.pem\n"), "tls": _GONE},
        {"postfix": _CA, "tls": _GONE.replace("missing", "broken: there is no readable certificate in it")},
    ],
    passes=[
        {"postfix": _CA, "tls": _GONE.replace("missing", "subject: CN=CA\nissuer: CN=CA")},
        {"postfix": _CA.replace("= may", "= none").replace("=encrypt", "=none"), "tls": _GONE},
    ],
    refs=("postfix: tls/tls_server.c, tls_server_init(): cannot load Certification Authority data: disabling TLS",),
)
def authorities_missing(postfix: Postfix, tls: PostfixTls) -> Findings:
    """The file of certificate authorities that smtpd_tls_CAfile names is missing or cannot be read, and TLS is off.

    smtpd needs these to verify clients' certificates alone, but without the file it gives up TLS altogether ("cannot
    load Certification Authority data: disabling TLS support"): STARTTLS is answered "454 4.7.0 TLS not available due to
    local problem", and who may log in within TLS only cannot log in.

    Advice: take smtpd_tls_CAfile out, unless clients log in by certificates; or name a file that is there. Then reload
    Postfix.
    """
    option = "smtpd_tls_CAfile"
    by_path: dict[str, list[Smtpd]] = {}
    for smtpd in _users(postfix):
        by_path.setdefault(smtpd.value(option), []).append(smtpd)
    for file in tls.of("CA"):
        services = by_path.get(file.path, [])
        if not services or file.state not in ("missing", "broken"):
            continue
        what = "does not exist" if file.state == "missing" else f"cannot be used ({file.reason or file.state})"
        yield found(
            f"{option} {file.path} {what}: {_named(services)} switches TLS off, STARTTLS is answered 454",
            evidence=[
                services[0].evidence(option),
                file.evidence("No such file or directory" if file.state == "missing" else file.reason),
            ],
            fix=[
                *dict.fromkeys(UnsetPostfix(option, s.name if option in s.service.options else "") for s in services),
                Restart("postfix"),
            ],
            option=option,
            path=file.path,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )


@check(
    "TLS086",
    "postfix-demands-client-certificates",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-starttls", "no-offer", "no-answer", "WIRE020", "WIRE021", "WIRE003", "WIRE004"),
    fails=[
        {"postfix": _MAIN.format("") + _587.format(" -o smtpd_tls_req_ccert=yes\n")},
        {"postfix": _MAIN.format("smtpd_tls_req_ccert = yes\n") + _587.format("")},
    ],
    passes=[
        {"postfix": _MAIN.format("") + _587.format("")},
        {"postfix": _MAIN.format("") + _587.format(" -o smtpd_tls_ask_ccert=yes\n")},
        {"postfix": _MAIN.format("smtpd_tls_req_ccert = yes\n") + _587.format("").replace("=encrypt", "=may")},
        {
            "postfix": _MAIN.format("")
            + _587.format("10465 inet n - y - - smtpd\n -o smtpd_tls_wrappermode=yes\n -o smtpd_tls_req_ccert=yes\n")
        },
    ],
    refs=("postfix: smtpd/smtpd.c, tls_flags and smtpd_start_tls(): 421 4.7.1 No client certificate presented",),
)
def demands_client_certificates(postfix: Postfix) -> Findings:
    """A service for mail programs demands a client certificate (smtpd_tls_req_ccert), which hardly any of them has.

    After STARTTLS each command is answered "421 4.7.1 Error: No client certificate presented" and the connection
    closed, before anybody can log in. It counts where TLS is demanded, not at the level may.

    Advice: set smtpd_tls_req_ccert = no; smtpd_tls_ask_ccert = yes lets clients show one that have one.
    """
    option = "smtpd_tls_req_ccert"
    strict = [s for s in postfix.logins if s.is_yes(option) and s.port in (25, 465, 587, 2525)]
    strict = [s for s in strict if tls_level(s) == "encrypt" or s.is_yes("smtpd_tls_wrappermode")]
    if strict:
        yield found(
            f"{option} is yes in {_named(strict)}: clients without a certificate of their own are refused before they "
            "can log in",
            evidence=[strict[0].evidence(option), strict[0].evidence("smtpd_tls_security_level")],
            fix=[*dict.fromkeys(set_postfix(s, option, "no") for s in strict), Restart("postfix")],
            option=option,
            **confined(strict, postfix.smtpd),  # type: ignore[arg-type]
        )


_ORDER = ("sslv2", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3")
_TODAY = frozenset(("tlsv1.2", "tlsv1.3"))
_NUMBERS = {"0300": "sslv3", "0301": "tlsv1", "0302": "tlsv1.1", "0303": "tlsv1.2", "0304": "tlsv1.3"}


def _left(text: str) -> frozenset[str] | None:
    """The versions that a list of protocols leaves (tls/tls_misc.c, tls_proto_mask_lims()); None where it cannot be
    parsed."""
    excluded, included = set[str](), set[str]()
    least, most = 0, len(_ORDER) - 1
    for word in (w.lower() for w in re.split(r"[, \t\r\n:]+", text) if w):
        if word[:2] in (">=", "<="):
            name = _NUMBERS.get(word[2:].removeprefix("0x").rjust(4, "0"), word[2:])
            if name in ("", "none", "0"):
                continue
            if name not in _ORDER:
                return None
            least = _ORDER.index(name) if word[0] == ">" else least
            most = _ORDER.index(name) if word[0] == "<" else most
        elif word.removeprefix("!") not in _ORDER:
            return None
        else:
            (excluded if word[0] == "!" else included).add(word.removeprefix("!"))
    kept = {n for n in _ORDER[least : most + 1] if n not in excluded}
    return frozenset(kept & included if included else kept)


@check(
    "TLS087",
    "postfix-no-tls-version-of-today",
    "error",
    rung="tls",
    role="cause",
    scope=("listener",),
    explains=("no-starttls", "no-answer", "no-offer", "WIRE020", "WIRE021", "WIRE029"),
    fails=[
        {"postfix": _MAIN.format("") + _587.format(" -o smtpd_tls_mandatory_protocols=!TLSv1.2,!TLSv1.3\n")},
        {"postfix": _MAIN.format("smtpd_tls_protocols = TLSv1\n") + _587.format("")},
        {"postfix": _MAIN.format("smtpd_tls_mandatory_protocols = >=TLSv1.3 <=TLSv1.2\n") + _587.format("")},
    ],
    passes=[
        {"postfix": _MAIN.format("") + _587.format("")},
        {"postfix": _MAIN.format("smtpd_tls_mandatory_protocols = >=TLSv1.3\n") + _587.format("")},
        {"postfix": _MAIN.format("smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1\n") + _587.format("")},
        {"postfix": _MAIN.format("smtpd_tls_protocols = TLSv1.2\n") + _587.format("")},
    ],
    refs=("postfix: tls/tls_misc.c, tls_proto_mask_lims(); RFC 8996: TLS 1.0 and 1.1 are not to be used",),
)
def no_tls_version_of_today(postfix: Postfix) -> Findings:
    """The list of TLS versions leaves neither TLS 1.2 nor TLS 1.3, and no client of today speaks anything else.

    smtpd_tls_mandatory_protocols counts where TLS is demanded, smtpd_tls_protocols where it is offered. A name without
    `!` means that version alone.

    Advice: take the setting out; its default suits, and so does >=TLSv1.2 (3.6 and later). Then reload
    Postfix.
    """
    groups: dict[tuple[str, str], list[Smtpd]] = {}
    for smtpd in _users(postfix):
        strict = tls_level(smtpd) == "encrypt" or smtpd.is_yes("smtpd_tls_wrappermode")
        option = f"smtpd_tls_{'mandatory_' if strict else ''}protocols"
        left = _left(smtpd.value(option)[:4000])
        if left is not None and not left & _TODAY:
            groups.setdefault((option, smtpd.value(option)), []).append(smtpd)
    recent = not postfix.version or postfix.version >= (3, 6)
    better = ">=TLSv1.2" if recent else "!SSLv2,!SSLv3,!TLSv1,!TLSv1.1"
    for (option, value), services in groups.items():
        yield found(
            f"{option} = {value[:120]} of {_named(services)} leaves neither TLSv1.2 nor TLSv1.3: clients of today "
            "cannot begin TLS",
            evidence=[services[0].evidence(option)],
            fix=[*dict.fromkeys(set_postfix(s, option, better) for s in services), Restart("postfix")],
            option=option,
            **confined(services, postfix.smtpd),  # type: ignore[arg-type]
        )
