"""What Postfix has compiled in where main.cf says nothing: of every parameter, for each release."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from maildoctor.facts.postfix.mail_params import TABLE

Kind = Literal["text", "raw", "computed", "boolean", "number", "time"]

_KINDS: Mapping[str, Kind] = {
    "s": "text", "r": "raw", "f": "computed", "b": "boolean", "c": "boolean", "i": "number", "l": "number",
    "n": "number", "t": "time",
}  # fmt: skip

_TRANSPORTS = frozenset(("local", "error", "virtual", "smtp", "lmtp", "pipe"))
"""Programs whose services in master.cf have parameters of their own (postconf/postconf_service.c)."""
_OF_TRANSPORTS: Mapping[str, str] = {
    f"_{suffix}": f"default_{suffix}"
    for suffix in (
        "recipient_limit", "extra_recipient_limit", "recipient_refill_limit", "recipient_refill_delay",
        "delivery_slot_cost", "delivery_slot_loan", "delivery_slot_discount", "minimum_delivery_slots",
        "destination_concurrency_limit", "destination_recipient_limit",
        "destination_concurrency_positive_feedback", "destination_concurrency_negative_feedback",
        "destination_concurrency_failed_cohort_limit", "destination_rate_delay", "transport_rate_delay",
    )
} | {"_initial_destination_concurrency": "initial_destination_concurrency"}  # fmt: skip
_OF_COMMANDS: Mapping[str, str] = {"_time_limit": "command_time_limit"}

_LEGACY = frozenset((
    "virtual_maps", "fallback_relay", "authorized_verp_clients", "smtpd_client_connection_limit_exceptions",
    "postscreen_dnsbl_ttl", "postscreen_blacklist_action", "postscreen_dnsbl_whitelist_threshold",
    "postscreen_whitelist_interfaces", "lmtp_per_record_deadline", "smtp_per_record_deadline",
    "smtpd_per_record_deadline", "tlsproxy_client_level", "tlsproxy_client_policy",
))  # fmt: skip
"""Older names that defaults still refer to (postconf/postconf_builtin.c)."""

_OF_THE_BUILD: Mapping[str, tuple[str, ...]] = {
    "DEF_SERVER_SASL_TYPE": ("smtpd_sasl_type",),
    "DEF_CLIENT_SASL_TYPE": ("smtp_sasl_type", "lmtp_sasl_type"),
    "DEF_DB_TYPE": ("default_database_type",),
}
"""Macros of the build that defaults are made of."""

DEPRECATED: Mapping[str, tuple[tuple[int, ...], str]] = {
    name: (since, f'specify "{instead}"' if instead else "do not specify (leave at default)")
    for since, names in (
        (
            (3, 9),
            {
                "disable_dns_lookups": "smtp_dns_support_level",
                "lmtp_use_tls": "lmtp_tls_security_level",
                "postscreen_use_tls": "postscreen_tls_security_level",
                "smtp_use_tls": "smtp_tls_security_level",
                "smtpd_use_tls": "smtpd_tls_security_level",
                "tlsproxy_client_use_tls": "tlsproxy_client_security_level",
                "tlsproxy_use_tls": "tlsproxy_tls_security_level",
                "lmtp_enforce_tls": "lmtp_tls_security_level",
                "postscreen_enforce_tls": "postscreen_tls_security_level",
                "smtp_enforce_tls": "smtp_tls_security_level",
                "smtpd_enforce_tls": "smtpd_tls_security_level",
                "tlsproxy_client_enforce_tls": "tlsproxy_client_security_level",
                "tlsproxy_enforce_tls": "tlsproxy_tls_security_level",
                "lmtp_tls_per_site": "lmtp_tls_policy_maps",
                "smtp_tls_per_site": "smtp_tls_policy_maps",
                "tlsproxy_client_per_site": "tlsproxy_client_policy_maps",
                "smtpd_tls_dh1024_param_file": "",
                "smtpd_tls_eecdh_grade": "",
            },
        ),
        (
            (3, 11),
            {
                "authorized_verp_clients": "smtpd_authorized_verp_clients",
                "fallback_relay": "smtp_fallback_relay",
                "lmtp_per_record_deadline": "lmtp_per_request_deadline",
                "lmtp_tls_enforce_peername": "lmtp_tls_security_level",
                "postscreen_blacklist_action": "postscreen_denylist_action",
                "postscreen_dnsbl_ttl": "postscreen_dnsbl_max_ttl",
                "postscreen_dnsbl_whitelist_threshold": "postscreen_dnsbl_allowlist_threshold",
                "postscreen_whitelist_interfaces": "postscreen_allowlist_interfaces",
                "smtpd_client_connection_limit_exceptions": "smtpd_client_event_limit_exceptions",
                "smtpd_per_record_deadline": "smtpd_per_request_deadline",
                "smtp_per_record_deadline": "smtp_per_request_deadline",
                "smtp_tls_enforce_peername": "smtp_tls_security_level",
                "tlsproxy_client_level": "tlsproxy_client_security_level",
                "tlsproxy_client_policy": "tlsproxy_client_policy_maps",
                "virtual_maps": "virtual_alias_maps",
                "lmtp_cname_overrides_servername": "",
                "smtp_cname_overrides_servername": "",
            },
        ),
    )
    for name, instead in names.items()
}
"""Names that will go: since which release Postfix warns, and what it says to do (postconf/postconf_unused.c)."""

READ_ONLY = frozenset(("process_id", "process_name", "service_name"))
"""What a program sets itself; a setting has no effect. `mail_version` counts as one that can be set."""


@dataclass(frozen=True, slots=True)
class ParameterDefault:
    """A parameter in one release: its default, references not filled in, and what a value may be. `least`, `greatest`:
    of a number or of seconds, of text its length; `greatest` 0: no bound."""

    kind: Kind
    default: str
    least: int = 0
    greatest: int = 0


_Row = tuple[tuple[int, ...], ParameterDefault | None]


@cache
def _table() -> tuple[Mapping[str, Sequence[_Row]], Mapping[str, str], Mapping[str, frozenset[str]]]:
    """Parameters with their rows by release; macros of the build; programs that read a parameter."""
    rows: dict[str, list[_Row]] = {}
    macros: dict[str, str] = {}
    programs: dict[str, frozenset[str]] = {}
    for line in TABLE.strip("\n").split("\n"):
        name, kind, *rest = line.split("\t")
        if kind == "=":
            macros[name] = rest[0]
        elif kind == "@":
            programs[name] = frozenset(rest[0].split(","))
        else:
            release, low, high, value = (*rest, "", "", "", "")[:4]
            since = tuple(int(n) for n in release.split(".")) if release else ()
            known = ParameterDefault(_KINDS[kind], value, int(low or 0), int(high or 0)) if kind != "-" else None
            rows.setdefault(name, []).append((since, known))
    return rows, macros, programs


def parameter(name: str, version: tuple[int, ...]) -> ParameterDefault | None:
    """What this release knows of a parameter; None where it knows none of that name. `version` is empty where the
    release is not known: then the newest that has it."""
    rows = _table()[0].get(name, ())
    if not version:
        return next((known for _, known in reversed(rows) if known), None)
    found = None
    for since, known in rows:
        if since > version:
            break
        found = known
    return found


def programs_of(name: str) -> frozenset[str]:
    """The programs that read a parameter, as their folders in the source are called; `global`: all of them."""
    return _table()[2].get(name, frozenset())


def was_known(name: str) -> bool:
    """Whether any release from 2.6 on has a parameter of this name."""
    return name in _table()[0]


def default(name: str, version: tuple[int, ...], built: Collection[str] = ()) -> str | None:
    """The default of a parameter, references not filled in; None where it has none. `built`: flags of the compiler, as
    `DEF_SERVER_SASL_TYPE=dovecot`, which set some."""
    for flag in built:
        macro, equals, value = flag.partition("=")
        if equals and (_table()[1].get(macro) == name or name in _OF_THE_BUILD.get(macro, ())):
            return value
    known = parameter(name, version)
    if known is not None:
        return known.default
    return "" if name in _LEGACY or name in READ_ONLY else None


def of_service(name: str, services: Mapping[str, str]) -> str | None:
    """The default of a parameter that a service of master.cf brings, `relay_destination_concurrency_limit`; None where
    it is none. `services`: service and program."""
    for suffixes, programs in ((_OF_TRANSPORTS, _TRANSPORTS), (_OF_COMMANDS, ("pipe", "spawn"))):
        for suffix, general in suffixes.items():
            if name.endswith(suffix) and services.get(name[: -len(suffix)]) in programs:
                return f"${general}"
    return None


def of_services(services: Mapping[str, str]) -> Iterator[str]:
    """All parameters that these services bring."""
    for suffixes, programs in ((_OF_TRANSPORTS, _TRANSPORTS), (_OF_COMMANDS, ("pipe", "spawn"))):
        found = [name for name, program in services.items() if program in programs]
        yield from (f"{name}{suffix}" for name in found for suffix in suffixes)


@cache
def names(version: tuple[int, ...]) -> tuple[str, ...]:
    """All parameters of this release."""
    return tuple(name for name in _table()[0] if parameter(name, version))
