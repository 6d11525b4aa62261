"""CONF, MAP, MECH, TLS: how Postfix logs in at its relay host, as far as this host's own files tell. What the relay
host says to it stands in the log."""

import re

from maildoctor.api import (
    BuildTable,
    Evidence,
    Findings,
    Install,
    RenameRow,
    Restart,
    SetPostfix,
    Unknown,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.postfix import NextHop, PasswordMaps, Postfix, Smtpd, client

_MAIN = (
    "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\nrelayhost = [smtp.example.com]:{port}\n"
    "smtp_sasl_auth_enable = {on}\nsmtp_sasl_password_maps = {maps}\n{more}\n"
    "==> /etc/postfix/master.cf <==\nsmtp unix - - y - - smtp\n"
)
_TABLE = "hash:/etc/postfix/sasl_passwd"
_HEAD = f"[smtp_sasl_password_maps] {_TABLE}\n-rw------- root root /etc/postfix/sasl_passwd\n"
_PLUGINS = "plug-ins: libanonymous.so.2 liblogin.so.2 libplain.so.2\n"
_ENTRY = "entry: {key}\t{shape}\n"
_SAFE = "smtp_tls_security_level = encrypt\nsmtp_sasl_security_options = noanonymous"


def _main(port: int = 587, on: str = "yes", maps: str = _TABLE, more: str = _SAFE) -> str:
    return _MAIN.format(port=port, on=on, maps=maps, more=more)


def _entry(key: str = "[smtp.example.com]:587", shape: str = "relay:***") -> str:
    return _PLUGINS + _HEAD + _ENTRY.format(key=key, shape=shape)


_GOOD = {"postfix": _main(), "passwords": _entry()}


def _service(postfix: Postfix) -> Smtpd | Postfix:
    return client(postfix) or postfix


def _hop(postfix: Postfix) -> NextHop | None:
    return NextHop.parse(postfix.value("relayhost"))


def _line(postfix: Postfix, name: str) -> Evidence:
    service = client(postfix)
    return service.evidence(name) if service else postfix.main.evidence(name)


def _set(name: str, value: str) -> list[SetPostfix | Restart]:
    return [SetPostfix(name, value), Restart("postfix")]


@check(
    "CONF090",
    "relay-login-switched-off",
    "error",
    rung="offer",
    role="cause",
    direction="relay",
    fails=[{"postfix": _main(on="no"), "passwords": _entry()}],
    passes=[_GOOD, {"postfix": _main(on="no", maps=""), "passwords": _PLUGINS}],
    refs=("postfix: smtp/smtp_proto.c, smtp_sasl_auth_enable; postconf(5)",),
)
def relay_login_switched_off(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """There is a password for the relay host, but logging in is switched off, so mail goes out without a login.

    Nothing in the log tells: the relay host takes the mail as from a stranger, or refuses it.

    Advice: set smtp_sasl_auth_enable = yes and reload Postfix.
    """
    hop = _hop(postfix)
    entry = passwords.asked(hop.keys) if hop else None
    if hop and entry and not _service(postfix).is_yes("smtp_sasl_auth_enable"):
        yield found(
            f"{entry[0].path} has a login for {hop.text}, but smtp_sasl_auth_enable is not yes: it is never used",
            evidence=[
                _line(postfix, "smtp_sasl_auth_enable"),
                Evidence(entry[0].path, f"{entry[1].key} {entry[1].shape}"),
            ],
            fix=_set("smtp_sasl_auth_enable", "yes"),
            relayhost=hop.text,
        )


@check(
    "CONF091",
    "relay-login-without-passwords",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    witnesses=("CONF545",),
    fails=[{"postfix": _main(maps="")}],
    passes=[{"postfix": _main()}, {"postfix": _main(on="no", maps="")}],
    refs=("postfix: smtp/smtp_sasl_glue.c, smtp_sasl_initialize: fatal: specify a password table",),
)
def relay_login_without_passwords(postfix: Postfix) -> Findings:
    """Postfix is to log in elsewhere, but no table of passwords is named: every delivery process ends at its start.

    Advice: name the table in smtp_sasl_password_maps, or set smtp_sasl_auth_enable = no where no login is needed.
    """
    service = _service(postfix)
    if service.is_yes("smtp_sasl_auth_enable") and not service.value("smtp_sasl_password_maps").strip():
        yield found(
            "smtp_sasl_auth_enable is yes and smtp_sasl_password_maps is empty: no mail is delivered by SMTP",
            evidence=[_line(postfix, "smtp_sasl_auth_enable"), _line(postfix, "smtp_sasl_password_maps")],
            fix=_set("smtp_sasl_password_maps", _TABLE),
            parameter="smtp_sasl_password_maps",
        )


@check(
    "CONF092",
    "relay-login-settings-fatal",
    "error",
    rung="program",
    role="cause",
    direction="relay",
    fails=[
        {"postfix": _main(more="smtp_sasl_type = dovecot")},
        {"postfix": _main(more="smtp_sasl_auth_cache_name = hash:/var/lib/postfix/sasl_cache")},
        {"postfix": _main(more="smtp_sasl_mechanism_filter = libplain.so, liblogin.so")},
    ],
    passes=[
        {"postfix": _main()},
        {"postfix": _main(more="smtp_sasl_auth_cache_name = proxy:btree:/var/lib/postfix/sasl_cache")},
        {"postfix": _main(more="smtp_sasl_mechanism_filter = plain, login, !gssapi, static:rest")},
    ],
    refs=("postfix: xsasl/xsasl_client.c; smtp/smtp_sasl_auth_cache.c; smtp/smtp_sasl_glue.c, smtp_sasl_compat_mechs",),
)
def relay_login_settings_fatal(postfix: Postfix) -> Findings:
    """A setting of Postfix's own logins elsewhere is one that it cannot work with.

    Each delivery process ends with a fatal error, or finds no mechanism left, and the mail stays in the queue.

    Advice: set the parameter as shown, and reload Postfix.
    """
    service = _service(postfix)
    if not service.is_yes("smtp_sasl_auth_enable"):
        return
    for name, wrong, right, why in (
        ("smtp_sasl_type", r"(?!cyrus$).+", "cyrus", "is known to servers only: Postfix has no such client"),
        ("smtp_sasl_auth_cache_name", r"(?!proxy:).+", "", "must begin with proxy:"),
        ("smtp_sasl_mechanism_filter", r".*\blib\w+\.so\b.*", "", "names files where mechanisms are meant"),
    ):
        value = service.value(name)
        if re.fullmatch(wrong, value, re.DOTALL):
            new = f"proxy:{value}" if name == "smtp_sasl_auth_cache_name" else right
            yield found(f"{name} = {value} {why}", evidence=[_line(postfix, name)], fix=_set(name, new), parameter=name)


def _is_same_host(key: str, hop: NextHop) -> bool:
    """Whether a key names the host that is connected to, with or without brackets, and perhaps another port."""
    return bool(re.fullmatch(rf"\[?{re.escape(hop.host)}\]?(?::\w{{1,20}})?", key, re.IGNORECASE))


@check(
    "MAP090",
    "relay-host-without-password",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    fails=[
        {"postfix": _main(), "passwords": _entry("[smtp.example.com]:25")},
        {"postfix": _main(), "passwords": _entry("smtp.example.net")},
    ],
    passes=[
        _GOOD,
        {"postfix": _main(), "passwords": _entry("smtp.example.com")},
        {"postfix": _main(more="smtp_sender_dependent_authentication = yes"), "passwords": _entry("bob@example.com")},
    ],
    refs=("postfix: smtp/smtp_sasl_glue.c, smtp_sasl_passwd_lookup; SASL_README, section on the SMTP client",),
)
def relay_host_without_password(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """The table of passwords has no entry for the relay host, so Postfix does not log in there and says nothing of it.

    It looks for the name of the host that it connects to, without brackets and port, and then for the next hop
    literally as it is written in relayhost: [host]:587 is another key than [host] or host:587.

    Advice: give the entry the same key as relayhost, character by character, and run postmap on the table.
    """
    service, hop = _service(postfix), _hop(postfix)
    if hop is None or not service.is_yes("smtp_sasl_auth_enable") or not passwords.all:
        return
    if not passwords.whole:
        yield Unknown(next(m.unread for m in passwords.all if m.unread), "run as root; postmap -q KEY TABLE")
        return
    by_sender = service.is_yes("smtp_sender_dependent_authentication")
    entries = list(passwords.entries())
    if passwords.asked(hop.keys) or (by_sender and any("@" in e.key for _, e in entries)):
        return
    if not hop.bare and any(hop.host.partition(".")[2] in e.key and ":" not in e.key for _, e in entries):
        yield Unknown(f"which host {hop.text} stands for is told by the name server (MX)", f"host -t MX {hop.host}")
        return
    table = passwords.all[0]
    near = next((e for _, e in entries if hop.host.lower() in e.key), None)
    has = f"; {near.key} is another key" if near else ""
    yield found(
        f"{table.path} has no entry for {hop.text}: Postfix looks for {' and '.join(dict.fromkeys(hop.keys))}{has}",
        evidence=[
            _line(postfix, "relayhost"),
            *(Evidence(m.path, f"{e.key} {e.shape}") for m, e in entries[:3]),
        ],
        fix=[
            RenameRow(table.path, near.key, hop.text)
            if near and _is_same_host(near.key, hop)
            else edit(table.path, "the key of its line is {key}", key=hop.text),
            *([BuildTable(table.type, table.path)] if table.type != "texthash" else []),
        ],
        relayhost=hop.text,
    )


@check(
    "MAP085",
    "sender-rows-never-asked",
    "warning",
    rung="account",
    role="cause",
    direction="relay",
    fails=[
        {"postfix": _main(), "passwords": _entry() + _ENTRY.format(key="bob@example.com", shape="bob:***")},
        {
            "postfix": _main(more=f"{_SAFE}\nsender_dependent_relayhost_maps = hash:/etc/postfix/sender_relay"),
            "passwords": _entry("bob@example.com"),
        },
    ],
    passes=[
        _GOOD,
        {"postfix": _main(more="smtp_sender_dependent_authentication = yes"), "passwords": _entry("bob@example.com")},
        {"postfix": _main(on="no"), "passwords": _entry("bob@example.com")},
    ],
    refs=(
        "postfix: smtp/smtp_sasl_glue.c, smtp_sasl_passwd_lookup: the sender is looked up only with "
        "smtp_sender_dependent_authentication; sender_dependent_relayhost_maps alone does not turn it on",
    ),
)
def sender_rows_never_asked(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """The table of passwords has rows for senders, and Postfix is not told to look there for the sender.

    Each mail is handed in under the login of the relay host's own row, or without any. A relay host that lets a login
    send under its own address alone then refuses the others: "Sender address rejected: not owned by user".

    Advice: set smtp_sender_dependent_authentication = yes and reload Postfix. Senders without a row of their own keep
    the row of the relay host.
    """
    service = _service(postfix)
    if not service.is_yes("smtp_sasl_auth_enable") or service.is_yes("smtp_sender_dependent_authentication"):
        return
    rows = [(m, e) for m, e in passwords.entries() if m.parameter == "smtp_sasl_password_maps" and "@" in e.key]
    if rows:
        table, first = rows[0]
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        yield found(
            f"{table.path} has a row for the sender {first.key}{more}, but smtp_sender_dependent_authentication is not "
            "yes: rows of senders are never looked up",
            evidence=[
                _line(postfix, "smtp_sender_dependent_authentication"),
                *(Evidence(m.path, e.key) for m, e in rows[:3]),
            ],
            fix=_set("smtp_sender_dependent_authentication", "yes"),
            parameter="smtp_sender_dependent_authentication",
        )


@check(
    "MAP091",
    "relay-password-malformed",
    "error",
    rung="account",
    role="cause",
    direction="relay",
    fails=[
        {"postfix": _main(), "passwords": _entry(shape="(no colon)")},
        {"postfix": _main(), "passwords": _entry(shape="relay:(empty)")},
        {"postfix": _main(), "passwords": _entry(shape='"relay:***')},
        {"postfix": _main(), "passwords": _entry(shape="relay:(begins with a blank)")},
    ],
    passes=[_GOOD],
    refs=("postfix: smtp/smtp_sasl_glue.c, smtp_sasl_passwd_lookup: split at the first colon",),
)
def relay_password_malformed(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """The entry for the relay host is not of the form user:password.

    Without a colon Postfix takes all of it for the name, and logs in with an empty password. What stands behind the
    first colon is the password to the last letter: quotes round the two, or a blank behind the colon, belong to them.

    Advice: write `user:password` behind the key, and run postmap on the table.
    """
    service, hop = _service(postfix), _hop(postfix)
    if (
        hop is None
        or not service.is_yes("smtp_sasl_auth_enable")
        or service.value("smtp_sasl_password_result_delimiter") not in ("", ":")
    ):
        return
    entry = passwords.asked(hop.keys)
    what = _malformed(entry[1].shape) if entry else ""
    if entry and what:
        table = entry[0]
        yield found(
            f"The login for {hop.text} in {table.path} has {what}: user:password is meant",
            evidence=[Evidence(table.path, f"{entry[1].key} {entry[1].shape}")],
            fix=[
                edit(table.path, "the value behind {key} is USER:PASSWORD", key=hop.text),
                BuildTable(table.type, table.path),
            ],
            relayhost=hop.text,
        )


def _malformed(shape: str) -> str:
    """What is wrong with an entry; empty where nothing is."""
    if shape == "(no colon)":
        return "no colon"
    if shape.endswith(":(empty)"):
        return "an empty password"
    if shape.endswith(":(begins with a blank)"):
        return "a blank before the password, which counts as its first letter"
    return "quotes round it, which count as letters of name and password" if shape[:1] in "\"'" else ""


@check(
    "MECH090",
    "relay-login-plug-in-missing",
    "error",
    rung="mechanism",
    role="cause",
    direction="relay",
    fails=[{"postfix": _main(), "passwords": _entry().replace("liblogin.so.2 libplain.so.2", "libsasldb.so.2")}],
    passes=[_GOOD],
    witnesses=("MECH545",),
    refs=("cyrus-sasl: lib/client.c; Debian: package libsasl2-modules; Red Hat: cyrus-sasl-plain",),
)
def relay_login_plug_in_missing(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """libsasl has no plug-in for PLAIN or LOGIN, which nearly all relay hosts want.

    The log says "No worthy mechs found", and the mail waits in the queue.

    Advice: install the package with the plug-ins, and reload Postfix.
    """
    if not _service(postfix).is_yes("smtp_sasl_auth_enable") or passwords.plugins is None:
        return
    names = " ".join(passwords.plugins)
    if not re.search(r"\blib(plain|login)\.(so|la|sl)\b", names):
        yield found(
            "No plug-in for PLAIN or LOGIN is installed, with which Postfix could log in elsewhere",
            evidence=[Evidence("ls", names or "the folder of plug-ins is empty")],
            fix=[Install("PLAIN"), Restart("postfix")],
            plugins="client",
        )


@check(
    "MECH091",
    "relay-mechanisms-forbidden",
    "info",
    rung="offer",
    role="cause",
    direction="relay",
    fails=[{"postfix": _main(more="smtp_tls_security_level = encrypt"), "passwords": _entry()}],
    passes=[
        _GOOD,
        {"postfix": _main(more="smtp_sasl_tls_security_options = noanonymous"), "passwords": _entry()},
    ],
    witnesses=("MECH545", "MECH160"),
    refs=("postfix: global/mail_params.h, DEF_SMTP_SASL_OPTS: noplaintext, noanonymous",),
)
def relay_mechanisms_forbidden(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """Passwords may not be sent in the clear even within TLS, so that PLAIN and LOGIN are never used at the relay host.

    This is Postfix's default. Where the relay host offers PLAIN and LOGIN alone, as most do, the log says "no mechanism
    available" and the mail waits.

    Advice: where the relay host is one of these, set smtp_sasl_tls_security_options = noanonymous together with
    smtp_tls_security_level = encrypt, and reload Postfix.
    """
    service, hop = _service(postfix), _hop(postfix)
    if hop is None or not service.is_yes("smtp_sasl_auth_enable"):
        return
    if passwords.whole and not passwords.asked(hop.keys):
        return
    in_tls = service.value("smtp_sasl_tls_security_options")
    verified = service.value("smtp_sasl_tls_verified_security_options") or in_tls
    if "noplaintext" in in_tls and "noplaintext" in verified:
        yield found(
            f"At {hop.text} neither PLAIN nor LOGIN is used, not even in TLS: smtp_sasl_security_options: noplaintext",
            evidence=[
                _line(postfix, "relayhost"),
                _line(postfix, "smtp_sasl_security_options"),
                _line(postfix, "smtp_sasl_tls_security_options"),
            ],
            fix=[
                SetPostfix("smtp_sasl_tls_security_options", "noanonymous"),
                SetPostfix("smtp_tls_security_level", "encrypt"),
                Restart("postfix"),
            ],
            relayhost=hop.text,
        )


@check(
    "TLS090",
    "relay-tls-from-the-first-byte",
    "error",
    rung="tls",
    role="cause",
    direction="relay",
    witnesses=("TLS547",),
    fails=[
        {"postfix": _main(port=465)},
        {"postfix": _main(port=587, more="smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt")},
        {"postfix": _main(port=465, more="smtp_tls_wrappermode = yes\nsmtp_tls_security_level = may")},
    ],
    passes=[
        {"postfix": _main()},
        {"postfix": _main(port=465, more="smtp_tls_wrappermode = yes\nsmtp_tls_security_level = encrypt")},
    ],
    refs=("postfix: smtp/smtp_connect.c and smtp_proto.c, smtp_tls_wrappermode (3.0); RFC 8314, section 3.3",),
)
def relay_tls_from_the_first_byte(postfix: Postfix) -> Findings:
    """The port of the relay host and smtp_tls_wrappermode do not fit together.

    On port 465 TLS begins with the first byte; on 587 and 25 the client asks for it by STARTTLS. Of the wrong kind each
    side waits for the other until the time is up.

    Advice: for port 465 set smtp_tls_wrappermode = yes and smtp_tls_security_level = encrypt; for other ports set
    smtp_tls_wrappermode = no. Then reload Postfix.
    """
    service, hop = _service(postfix), _hop(postfix)
    if hop is None or not hop.port:
        return
    wrapped, level = service.is_yes("smtp_tls_wrappermode"), service.value("smtp_tls_security_level")
    evidence = [_line(postfix, "relayhost"), _line(postfix, "smtp_tls_wrappermode")]
    if hop.port == 465 and not wrapped:
        yield found(
            f"{hop.text} speaks TLS from the first byte, but smtp_tls_wrappermode is not yes",
            evidence=evidence,
            fix=[
                SetPostfix("smtp_tls_wrappermode", "yes"),
                *([] if level in _FORCED else [SetPostfix("smtp_tls_security_level", "encrypt")]),
                Restart("postfix"),
            ],
            relayhost=hop.text,
        )
    elif wrapped and hop.port in (25, 587):
        yield found(
            f"smtp_tls_wrappermode is yes, but {hop.text} begins in clear and offers STARTTLS",
            evidence=evidence,
            fix=_set("smtp_tls_wrappermode", "no"),
            relayhost=hop.text,
        )
    elif wrapped and level not in _FORCED:
        yield found(
            f"smtp_tls_wrappermode is yes, but smtp_tls_security_level is {level or 'not set'}: encrypt is needed",
            evidence=[*evidence, _line(postfix, "smtp_tls_security_level")],
            fix=_set("smtp_tls_security_level", "encrypt"),
            relayhost=hop.text,
        )


_FORCED = ("encrypt", "verify", "secure", "fingerprint", "dane-only")
"""Levels at which nothing is sent without TLS."""


@check(
    "TLS091",
    "relay-password-in-clear",
    "warning",
    rung="none",
    role="risk",
    direction="relay",
    fails=[
        {"postfix": _main(more="smtp_sasl_security_options = noanonymous"), "passwords": _entry()},
        {
            "postfix": _main(more="smtp_sasl_security_options =\nsmtp_tls_security_level = may"),
            "passwords": _entry(),
        },
    ],
    passes=[_GOOD, {"postfix": _main(more=""), "passwords": _entry()}],
    refs=("postfix: TLS_README, client TLS security levels",),
)
def relay_password_in_clear(postfix: Postfix, passwords: PasswordMaps) -> Findings:
    """The password for the relay host may be sent without TLS.

    At the level may an attacker on the way strips STARTTLS, and Postfix goes on in clear.

    Advice: set smtp_tls_security_level = encrypt, or leave noplaintext in smtp_sasl_security_options and take it away
    in smtp_sasl_tls_security_options alone. Then reload Postfix.
    """
    service, hop = _service(postfix), _hop(postfix)
    if hop is None or not service.is_yes("smtp_sasl_auth_enable") or not passwords.asked(hop.keys):
        return
    level = service.value("smtp_tls_security_level")
    if not level and (service.is_yes("smtp_use_tls") or service.is_yes("smtp_enforce_tls")):
        level = "encrypt" if service.is_yes("smtp_enforce_tls") else "may"
    if level in ("", "none", "may", "dane") and "noplaintext" not in service.value("smtp_sasl_security_options"):
        yield found(
            f"The password for {hop.text} may be sent in clear: smtp_tls_security_level is {level or 'not set'}",
            evidence=[_line(postfix, "smtp_tls_security_level"), _line(postfix, "smtp_sasl_security_options")],
            fix=_set("smtp_tls_security_level", "encrypt"),
            relayhost=hop.text,
        )


@check(
    "TLS092",
    "relay-verified-without-ca",
    "error",
    rung="tls",
    role="cause",
    direction="relay",
    fails=[{"postfix": _main(more="smtp_tls_security_level = secure")}],
    passes=[
        {"postfix": _main()},
        {
            "postfix": _main(
                more="smtp_tls_security_level = secure\nsmtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt"
            )
        },
    ],
    refs=("postfix: TLS_README, verify and secure: smtp_tls_CAfile or smtp_tls_CApath",),
)
def relay_verified_without_ca(postfix: Postfix) -> Findings:
    """The certificate of the relay host must verify, but no certificate authority is named that could vouch for it.

    All mail waits in the queue: "Server certificate not trusted".

    Advice: name the system's authorities in smtp_tls_CAfile, and reload Postfix.
    """
    service = _service(postfix)
    level = service.value("smtp_tls_security_level")
    named = ("smtp_tls_CAfile", "smtp_tls_CApath", "smtp_tls_trust_anchor_file")
    if level not in ("verify", "secure") or service.is_yes("tls_append_default_CA"):
        return
    if not any(service.value(n) for n in named):
        yield found(
            f"smtp_tls_security_level is {level}, but neither smtp_tls_CAfile nor smtp_tls_CApath is set",
            evidence=[_line(postfix, "smtp_tls_security_level"), _line(postfix, "smtp_tls_CAfile")],
            fix=[
                inspect("ls -l /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt"),
                *_set("smtp_tls_CAfile", "/etc/ssl/certs/ca-certificates.crt"),
            ],
            parameter="smtp_tls_CAfile",
        )
