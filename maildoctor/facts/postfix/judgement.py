"""Whether a value is one that Postfix takes: yes-or-no, numbers, times, lengths."""

import re
from collections.abc import Collection, Iterator, Mapping

from maildoctor.facts.postfix.defaults import ParameterDefault
from maildoctor.facts.postfix.expansion import compatibility_level
from maildoctor.facts.postfix.problems import Kind

_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,40})")
_UNITS: Mapping[str, int] = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_INT_MAX = 2**31 - 1
_SHOWN = 200
_TABLE = re.compile(r"\b(ldap|mysql|pgsql|sqlite|memcache|mongodb):([A-Za-z0-9_]{1,200})(?=[\s,}]|\Z)")
_OF_TABLES: Mapping[str, str] = {
    "ldap": """
        bind bind_dn bind_pw cache cache_expiry cache_size chase_referrals debuglevel dereference domain
        expansion_limit leaf_result_attribute query_filter recursion_limit result_attribute result_filter
        result_format sasl_authz_id sasl_mechs sasl_minssf sasl_realm scope search_base server_host
        server_port size_limit special_result_attribute start_tls terminal_result_attribute timeout
        tls_ca_cert_dir tls_ca_cert_file tls_cert tls_cipher_suite tls_key tls_random_file tls_require_cert
        version""",
    "memcache": """
        backup data_size_limit domain flags key_digest key_format line_size_limit max_try memcache
        retry_pause timeout ttl""",
    "mongodb": """
        collection dbname domain expansion_limit projection query_filter result_attribute result_format uri""",
    "mysql": """
        additional_conditions charset dbname domain expansion_limit hosts idle_interval option_file
        option_group password query require_result_set result_format retry_interval select_field table
        tls_CAfile tls_CApath tls_cert_file tls_ciphers tls_key_file tls_verify_cert user where_field""",
    "pgsql": """
        additional_conditions dbname domain encoding expansion_limit hosts idle_interval password query
        result_format retry_interval select_field select_function table user where_field""",
    "sqlite": """
        additional_conditions dbpath domain expansion_limit query result_format select_field table
        where_field""",
}
"""Settings of a table in a database by its type (postconf/extract_cfg.sh on global/dict_*.c)."""

_FOLDERS: Mapping[str, str] = {
    "lmtp": "smtp", "relay": "smtp", "defer": "bounce", "trace": "bounce", "retry": "error", "nqmgr": "qmgr",
}  # fmt: skip
"""Programs that are another by another name, and the folder of their source."""
_OF_ALL = frozenset(("global", "util", "tls", "xsasl", "milter", "dns", "master"))
"""Folders that are no program: what they read is read by every program, or by all that have to do with it."""


def is_read_by(readers: Collection[str], program: str) -> bool:
    """Whether a program of master.cf reads a parameter with these `readers` (`defaults.programs_of`)."""
    return bool(_OF_ALL & set(readers)) or _FOLDERS.get(program, program) in readers


def refused(name: str, value: str, known: ParameterDefault) -> tuple[Kind, str] | None:
    """Why Postfix stops at a value, references filled in, in its words; None where it does not
    (global/mail_conf_bool.c, mail_conf_int.c, mail_conf_time.c, mail_conf_str.c)."""
    shown = value[:_SHOWN]
    if name == "compatibility_level":
        if compatibility_level(value) is None:
            return "level", f'malformed compatibility level syntax: "{shown}"'
        return None
    if known.kind == "boolean":
        if value.lower() not in ("yes", "no"):
            return "boolean", f"bad boolean configuration: {name} = {shown}"
        return None
    if known.kind == "number":
        m = _NUMBER.fullmatch(value)
        if m is None or abs(number := int(m[1])) > _INT_MAX:
            return "number", f"bad numerical configuration: {name} = {shown}"
        return _out_of_range(name, number, known)
    if known.kind == "time":
        seconds = _seconds(value, known.default)
        if seconds is None:
            return "time", f"parameter {name}: bad time value or unit: {shown}"
        return _out_of_range(name, seconds, known)
    if known.least and len(value.encode()) < known.least:
        return "length", f"bad string length {len(value.encode())} < {known.least}: {name} = {shown}"
    if known.greatest and len(value.encode()) > known.greatest:
        return "length", f"bad string length {len(value.encode())} > {known.greatest}: {name} = {shown}"
    return None


def _out_of_range(name: str, number: int, known: ParameterDefault) -> tuple[Kind, str] | None:
    if known.least and number < known.least:
        return "range", f"invalid {name} parameter value {number} < {known.least}"
    if known.greatest and number > known.greatest:
        return "range", f"invalid {name} parameter value {number} > {known.greatest}"
    return None


def _seconds(value: str, default: str) -> int | None:
    """A time; without a unit it has that of the default (global/conv_time.c)."""
    m = _NUMBER.match(value)
    if m is None or m[1].startswith("-"):
        return None
    own = re.search("[A-Za-z]", default)
    unit = value[m.end() : m.end() + 1] or (own[0] if own else "s")
    seconds = int(m[1]) * _UNITS.get(unit, 0)
    return seconds if unit in _UNITS and seconds <= _INT_MAX else None


def settings_of_tables(values: Collection[str]) -> frozenset[str]:
    """Names that a table of a database has in main.cf, as `ldap:accounts` has `accounts_server_host`
    (postconf/postconf_dbms.c)."""
    tables = {(m[1], m[2]) for value in values if ":" in value for m in _TABLE.finditer(value)}
    return frozenset(f"{name}_{suffix}" for kind, name in tables for suffix in _OF_TABLES[kind].split())


def comments_behind(value: str) -> Iterator[str]:
    """Words with `#` behind other text: they are part of the value."""
    yield from (m[0] for m in re.finditer(r"(?<= )#[^\n]*", value))
