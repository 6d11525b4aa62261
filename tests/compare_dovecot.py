# ruff: noqa: E501 - a configuration a line
"""What `doveconf -n` of real Dovecots says to a list of configurations, beside what the fact says.

`python -m tests.compare_dovecot ROOT…`, as root; each ROOT is a root directory with a dovecot-core of Debian in it. The
configurations are written into a folder of its own in it, which is deleted again. Prints each difference and how many
there were; the exit status is 1 where there is one.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from maildoctor.facts.dovecot.known import OF_2_4
from maildoctor.facts.dovecot.settings import Dovecot
from maildoctor.facts.dovecot.tree import Section, words_of

FOLDER = "/etc/dovecot-compared"

_2_3 = ("2.3",)
_2_4 = ("2.4",)
_BOTH = ("2.3", "2.4")
_HEAD = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"

Case = tuple[tuple[str, ...], Mapping[str, str]]

CASES: Mapping[str, Case] = {
    "quotes": (_2_3, {"": "login_greeting = \"a 'b' c\"\nauth_realms = 'x y'\nlog_path = \"/var/log/a b\"\n"}),
    "half quotes": (_2_3, {"": "login_greeting = \"a b\nauth_realms = a\"b\"\nmail_location = mbox:~/x\"y\n"}),
    "escapes": (_2_3, {"": 'login_greeting = "a \\"b\\" \\\\ c"\nauth_realms = a\\b\n'}),
    "comments": (_2_3, {"": "auth_realms = a # b\nlog_path = /x#y\nlogin_greeting = \"a # b\" # c\n #auth_debug=1\n"}),
    "joined": (_2_3, {"": "auth_mechanisms = plain \\\n  login \\\n  cram-md5\nauth_realms = a\\\nb\n"}),
    "joined over a comment": (_2_3, {"": "auth_mechanisms = plain \\\n# comment\n  login\nauth_debug = yes\n"}),
    "later wins": (_2_3, {"": "auth_debug = yes\nauth_debug = no\nauth_verbose = no\nauth_verbose = yes\n"}),
    "sections merge": (
        _2_3,
        {
            "": "service auth {\n client_limit = 5000\n unix_listener auth-userdb {\n mode = 0600\n }\n}\n"
            "service auth {\n unix_listener auth-userdb {\n  user = root\n }\n"
            " unix_listener /var/spool/postfix/private/auth {\n  mode = 0660\n }\n}\n"
        },
    ),
    "passdbs": (
        _2_3,
        {
            "": "passdb {\n driver = passwd-file\n args = scheme=PLAIN username_format=%n /etc/dovecot/users\n}\n"
            "passdb {\n driver = pam\n args = smtp\n deny = yes\n}\nuserdb {\n driver = passwd\n}\n"
        },
    ),
    "includes": (
        _2_3,
        {
            "": "auth_debug = no\n!include conf.d/*.conf\n!include_try no-such-file\nauth_realms = last\n",
            "conf.d/10-a.conf": "auth_verbose = yes\nauth_realms = first\n",
            "conf.d/20-b.conf": "auth_debug = yes\n!include ../more.conf\n",
            "conf.d/.hidden.conf": "auth_nonsense = 1\n",
            "more.conf": "auth_worker_max_count = 7\n",
        },
    ),
    "braces in a pattern": (
        _2_3,
        {"": "!include {b,a}.conf\n", "a.conf": "auth_realms = a\n", "b.conf": "auth_realms = b\n"},
    ),
    "no match": (_2_3, {"": "auth_debug = yes\n!include conf.d/*.conf\n"}),
    "include of itself": (_2_3, {"": "!include a.conf\n", "a.conf": "!include a.conf\n"}),
    "unknown": (_2_3, {"": "auth_debug = yes\nauth_mechanism = plain\n"}),
    "unknown in a block": (_2_3, {"": "service auth {\n  unix_listener x {\n    modus = 0600\n  }\n}\n"}),
    "unknown block": (_2_3, {"": "services auth {\n}\n"}),
    "missing brace": (_2_3, {"": "service auth {\n client_limit = 1\n\n"}),
    "one brace too many": (_2_3, {"": "service auth {\n}\n}\n"}),
    "garbage behind a brace": (_2_3, {"": "service auth { client_limit = 1 }\n"}),
    "no brace": (_2_3, {"": "auth_debug yes\n"}),
    "glued brace": (_2_3, {"": "service auth{\n}\n"}),
    "no driver": (_2_3, {"": "passdb {\n args = /etc/dovecot/users\n}\n"}),
    "no boolean": (_2_3, {"": "auth_debug = on\n"}),
    "no number": (_2_3, {"": "auth_worker_max_count = many\n"}),
    "no unit": (_2_3, {"": "auth_failure_delay = 2\n"}),
    "no octal": (_2_3, {"": "service auth {\n unix_listener x {\n mode = 0888\n }\n}\n"}),
    "2.4 under 2.3": (_2_3, {"": _HEAD + "auth_mechanisms = plain\n"}),
    "scopes": (
        _2_3,
        {
            "": "mail_plugins = quota\nprotocol imap {\n mail_plugins = $mail_plugins imap_quota\n}\n"
            "local 192.0.2.1 {\n ssl_cert = </etc/ssl/x.pem\n}\nprotocol lmtp {\n postmaster_address = a@b.example\n}\n"
        },
    ),
    "auth in local": (_2_3, {"": "local 192.0.2.1 {\n auth_debug = yes\n}\n"}),
    "variables": (
        _2_3,
        {"": "auth_mechanisms = plain\nauth_mechanisms = $auth_mechanisms login\nlogin_greeting = a$b $c\n"},
    ),
    "carriage returns": (_2_3, {"": "auth_debug = yes\r\nauth_realms = a b\r\nservice auth {\r\n client_limit = 9\r\n}\r\n"}),
    "byte order mark": (_2_3, {"": "\ufeffauth_debug = yes\n"}),
    "nul": (_2_3, {"": "auth_debug = yes\nauth_realms = a\0b\n"}),
    "namespaces and plugin": (
        _2_3,
        {
            "": "namespace inbox {\n inbox = yes\n mailbox Drafts {\n  special_use = \\Drafts\n }\n mailbox \"Sent Items\" {\n"
            "  auto = create\n }\n}\nplugin {\n sieve = ~/.dovecot.sieve\n quota = maildir\n}\n"
        },
    ),
    "2.4: plain": (_2_4, {"": _HEAD + "auth_mechanisms = plain login\nauth_realms = a b\nauth_verbose = yes\n"}),
    "2.4: lists": (
        _2_4,
        {"": _HEAD + "protocols {\n imap = yes\n lmtp = yes\n}\nauth_mechanisms {\n login = yes\n}\n"},
    ),
    "2.4: passdbs": (
        _2_4,
        {
            "": _HEAD + "passdb passwd-file {\n passwd_file_path = /etc/dovecot/users\n default_password_scheme = PLAIN\n"
            " auth_username_format = %{user | username}\n}\npassdb pam {\n service_name = smtp\n}\n"
            "passdb a {\n driver = static\n password = x\n}\nuserdb passwd {\n}\n"
        },
    ),
    "2.4: listeners": (
        _2_4,
        {
            "": _HEAD + "service auth {\n unix_listener /var/spool/postfix/private/auth {\n  mode = 0660\n  user = postfix\n"
            "  group = postfix\n }\n unix_listener auth-exim {\n  type = auth-legacy\n }\n"
            " inet_listener sasl {\n  port = 12345\n }\n}\n"
        },
    ),
    "2.4: no version": (_2_4, {"": "auth_mechanisms = plain\n"}),
    "2.4: version not first": (_2_4, {"": "auth_debug = yes\n" + _HEAD}),
    "2.4: include first": (_2_4, {"": "!include a.conf\n", "a.conf": _HEAD + "auth_debug = yes\n"}),
    "2.4: no storage version": (_2_4, {"": "dovecot_config_version = 2.4.0\nauth_debug = yes\n"}),
    "2.4: nameless passdb": (_2_4, {"": _HEAD + "passdb {\n driver = pam\n}\n"}),
    "2.4: setting of 2.3": (_2_4, {"": _HEAD + "disable_plaintext_auth = no\n"}),
    "2.4: args": (_2_4, {"": _HEAD + "passdb pam {\n args = smtp\n}\n"}),
    "2.4: unknown": (_2_4, {"": _HEAD + "auth_mechanism = plain\n"}),
    "2.4: unknown block": (_2_4, {"": _HEAD + "services auth {\n}\n"}),
    "2.4: missing brace": (_2_4, {"": _HEAD + "service auth {\n"}),
    "2.4: no boolean": (_2_4, {"": _HEAD + "auth_debug = on\n"}),
    "2.4: named filters": (
        _2_4,
        {
            "": _HEAD + "passdb_ldap {\n filter = (uid=%{user})\n}\nssl_server {\n cert_file = /etc/ssl/certs/ssl.pem\n}\n"
            "namespace inbox {\n inbox = yes\n mailbox Drafts {\n  special_use = \\Drafts\n }\n}\n"
        },
    ),
    "2.4: scopes": (_2_4, {"": _HEAD + "protocol imap {\n mail_max_userip_connections = 3\n}\nlocal 192.0.2.1 {\n mail_debug = yes\n}\n"}),
    "2.4: auth in local": (_2_4, {"": _HEAD + "local 192.0.2.1 {\n auth_debug = yes\n}\n"}),
    "2.4: variables": (
        _2_4,
        {"": _HEAD + "service auth {\n client_limit = $SET:default_client_limit\n}\nlogin_greeting = a $b\n"},
    ),
    "2.4: quotes": (_2_4, {"": _HEAD + "login_greeting = \"a # b\"\nauth_realms = \"x y\" z\nlog_path = /x # y\n"}),
    "2.4: required and clear": (_2_4, {"": _HEAD + "ssl = required\nauth_allow_cleartext = yes\n"}),
}  # fmt: skip

_Flat = dict[tuple[str, ...], str]


def flattened(text: str) -> tuple[_Flat, str]:
    """What doveconf printed, by the path of blocks and the name; and the error, empty where there is none."""
    found: _Flat = {}
    at: list[str] = []
    counts: dict[tuple[str, ...], int] = {}
    for row in text.split("\n"):
        line = row.strip()
        if not line or line.startswith(("#", "doveconf:")):
            continue
        if line == "}":
            at.pop()
        elif line.endswith("{"):
            name = line[:-1].strip().replace('"', "").replace("\\\\", "\\")
            if " " not in name and name in ("passdb", "userdb"):
                number = counts[*at, name] = counts.get((*at, name), -1) + 1
                name = f"{name} {number}"
            at.append(name)
        elif " = " in f"{line} ":
            key, _, value = f"{line} ".partition(" = ")
            if at and OF_2_4.get(at[-1]) == "filter" and f"{at[-1]}_{key}" in OF_2_4:
                found[*at[:-1], f"{at[-1]}_{key}"] = value.strip()
            else:
                found[*at, key] = value.strip()
    error = next((r for r in text.split("\n") if re.match(r"doveconf: (Fatal|Error)", r)), "")
    return found, error


def normal(value: str) -> str:
    """A value however it is written: quotes, units of time and size."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    value = re.sub(r"^0+(?=\d)", "", value)
    return re.sub(r"(\d) +(k|M|G|T|secs|mins|hours|days|weeks)\b", r"\1\2", value).lower().replace(" ", "")


def ours(section: Section, modern: bool, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """The same of the fact."""
    for long, setting in section.settings.items():
        name = long.removeprefix(f"{section.kind}_") if section.kind else long
        if long in section.whole:
            continue
        if setting.file or modern or "$" not in setting.written:
            yield (*at, name), f"<{setting.file}" if setting.file else setting.written.partition(" = ")[2]
        else:
            yield (*at, name), setting.value
    for long, members in section.lists.items():
        name = long.removeprefix(f"{section.kind}_") if section.kind else long
        if long in section.whole and all(m.written.startswith((name, long)) for m in members.values()):
            yield (*at, name), next(iter(members.values())).written.partition(" = ")[2]
        else:
            usual = () if at or long in section.whole else words_of("plain" if name == "auth_mechanisms" else "")
            for word, value in {**dict.fromkeys(usual, "yes"), **{w: m.value for w, m in members.items()}}.items():
                yield (*at, name, word), value
    counts: dict[str, int] = {}
    for (kind, name), child in section.sections.items():
        title = f"{kind} {name}".strip()
        if kind in ("passdb", "userdb") and not modern:
            number = counts[kind] = counts.get(kind, -1) + 1
            title = f"{kind} {number}"
        yield from ours(child, modern, (*at, title))


def run(root: Path, *words: str) -> str:
    """What doveconf says in this root, errors with it."""
    command = ["chroot", str(root), "doveconf", *words]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def compared(root: Path, name: str, files: Mapping[str, str], version: str) -> Iterator[str]:
    """The differences in one configuration."""
    folder = root / FOLDER[1:]
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        place = folder / (path or "dovecot.conf")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    text = "".join(f"==> {FOLDER}/{p or 'dovecot.conf'} <==\n{t}\n" for p, t in files.items())
    fact = Dovecot.parse(f"version: {version}\n{text}")
    main = f"{FOLDER}/dovecot.conf"
    real, error = flattened(run(root, "-n", "-c", main))
    if error or fact.problems:
        mine = next((p for p in fact.problems), None)
        if mine is None:
            yield f"{name}: doveconf says {error!r}, the fact nothing"
        elif not error:
            yield f"{name}: the fact says {mine.text!r}, doveconf nothing"
        elif mine.text not in error or ("line" in error and not re.search(rf"line {mine.line}:|:{mine.line}\b", error)):
            yield f"{name}: doveconf says {error!r}, the fact {mine.text!r} at {mine.line}"
        return
    mine_flat = dict(ours(fact.top, fact.modern))
    usual, _ = flattened(run(root, "-a", "-c", main))
    for key, value in real.items():
        if key not in mine_flat:
            if value and key[-1:] != ("name",):  # of some blocks it prints empty defaults too
                yield f"{name}: doveconf has {' / '.join(key)} = {value}, the fact has not"
        elif "# hidden" not in value and normal(value) != normal(mine_flat[key]):
            yield f"{name}: {' / '.join(key)} is {value!r}, the fact has {mine_flat[key]!r}"
    for key, value in mine_flat.items():
        if key not in real and key in usual and normal(usual[key]) != normal(value):
            yield f"{name}: {' / '.join(key)}: doveconf has {usual[key]!r}, the fact {value!r}"


def main(roots: list[str]) -> int:
    """Compare in each of these roots."""
    differences = count = 0
    for root in map(Path, roots):
        command = ["chroot", str(root), "dovecot", "--version"]
        version = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]
        try:
            for name, (releases, files) in CASES.items():
                if ".".join(version.split(".")[:2]) in releases:
                    count += 1
                    for words in compared(root, name, files, version):
                        sys.stdout.write(f"{version}: {words}\n")
                        differences += 1
        finally:
            shutil.rmtree(root / FOLDER[1:], ignore_errors=True)
    sys.stdout.write(f"{count} configurations, {differences} differences\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
