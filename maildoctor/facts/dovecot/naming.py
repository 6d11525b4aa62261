"""What Dovecot makes of the name that a user writes (auth/auth-request.c, auth_request_set_username();
auth/auth-request-fields.c; lib-var-expand)."""

import re

from maildoctor.facts.dovecot.settings import Dovecot, Passdb

_OLD = re.compile(r"%([LUTRXHMNE0-9.|]{0,12})(?:([und%])|\{([a-z_]{1,20})\})")
_NEW = re.compile(r"%\{\s*([a-z_]{1,20})((?:\s*\|\s*[a-z_0-9]{1,20}(?:\([^()]{0,60}\))?)*)\s*\}")


def refused_character(dovecot: Dovecot, name: str) -> str:
    """The first character of a name that auth_username_chars does not let through; empty where all are. Characters
    that are not ASCII are judged by their bytes, and the default has none of them."""
    allowed = dovecot.value("auth_username_chars")
    translated = dovecot.value("auth_username_translation")
    if not allowed or translated:
        return ""
    known = set(allowed)
    return next((c for c in name if c not in known), "")


def identity(dovecot: Dovecot, name: str, passdb: Passdb | None = None) -> str | None:
    """The name by which a password is looked up, in a passdb where one is given. None where that cannot be told: the
    format uses something else."""
    separator = dovecot.value("auth_master_user_separator")
    if separator and separator in name:
        return None
    if dovecot.realm and "@" not in name:
        name = f"{name}@{dovecot.realm}"
    common = formatted(dovecot.value("auth_username_format"), name, dovecot.modern)
    if passdb is None or not passdb.format or common is None:
        return common
    return formatted(passdb.format, common, dovecot.modern)


def formatted(form: str, name: str, modern: bool) -> str | None:
    """A name in a format of auth_username_format; empty: as it is. None where the format uses what is not known."""
    if not form:
        return name
    parts: list[str] = []
    at = 0
    for m in (_NEW if modern else _OLD).finditer(form):
        if "%" in form[at : m.start()]:
            return None
        value = _new(m[1], m[2], name) if modern else _old(m[1], m[2] or m[3], name)
        if value is None:
            return None
        parts += [form[at : m.start()], value]
        at = m.end()
    return None if "%" in form[at:] else "".join(parts) + form[at:]


def _variable(word: str, name: str) -> str | None:
    user, _, domain = name.partition("@")
    return {"u": name, "user": name, "n": user, "username": user, "d": domain, "domain": domain, "%": "%"}.get(word)


def _old(modifiers: str, word: str, name: str) -> str | None:
    value = _variable(word, name)
    for modifier in modifiers:
        if value is None or modifier not in "LU":
            return None
        value = value.lower() if modifier == "L" else value.upper()
    return value


def _new(word: str, filters: str, name: str) -> str | None:
    value = _variable(word, name)
    for one in filters.split("|")[1:]:
        if value is None:
            return None
        match one.strip():
            case "lower":
                value = value.lower()
            case "upper":
                value = value.upper()
            case "username":
                value = value.partition("@")[0]
            case "domain":
                value = value.partition("@")[2]
            case _:
                return None
    return value
