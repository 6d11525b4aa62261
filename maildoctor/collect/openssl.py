"""OpenSSL's own configuration, with what it includes."""

import re
from collections.abc import Iterator

from maildoctor.auth.service import SaslApplication
from maildoctor.collect.knowledge import FactStore, joined, text, unknown
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.openssl_conf import OpensslConf
from maildoctor.facts.paths import Look
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.host import Host, NoAnswer

_FILES = ("/usr/lib/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf", "/etc/ssl/openssl.cnf", "/usr/local/ssl/openssl.cnf")
"""OPENSSLDIR of Debian, of Fedora, of the others, of a library built by hand."""

_INCLUDE = re.compile(r"(?m)^[ \t]*\.include[ \t]*=?[ \t]*\"?(/[^\s\"]{1,300})")
_INCLUDES = 20


def conf(host: Host, know: FactStore) -> OpensslConf | Unknown:
    """The file that counts for this mail server. Daemons start with a clean environment; sendmail alone sets
    OPENSSL_CONF itself (an E line), of which OpenSSL takes no notice in a set-group-ID program (crypto/getenv.c)."""
    application, cf = know.get(SaslApplication), know.get(SendmailCf)
    program = application.program if application else ""
    own = cf.environment.get("OPENSSL_CONF", "") if cf else ""
    files = (own,) if own and not _gets_rights(host, program) else _FILES
    for path in files:
        answer = host.ask("read", path)
        if isinstance(answer, str):
            blocks = [f"# path: {path}", answer, *_included(host, know, answer)]
            return OpensslConf.parse(joined(f"# release: {_release(host, program)}", *blocks))
        if answer.why != "absent":
            return unknown(answer, path)
    return Absent(f"there is no {files[0]}")


def _gets_rights(host: Host, program: str) -> bool:
    """Whether a program is set-user-ID or set-group-ID."""
    look = Look.parse(text(host.ask("look", text(host.ask("real", program)) or program))) if program else None
    return bool(look and look.mode & 0o6000)


def _release(host: Host, program: str) -> str:
    found = re.search(r"\tlibcrypto\.so\S* => (/\S+)", text(host.ask("elf", program))) if program else None
    return text(host.ask("release", found[1])) if found else ""


def _included(host: Host, know: FactStore, whole: str) -> Iterator[str]:
    """Each file that is included, and of a folder those called .cnf or .conf (crypto/conf/conf_def.c)."""
    todo, done = _INCLUDE.findall(whole), set[str]()
    for path in todo:
        if path in done:
            continue
        if len(done) == _INCLUDES:
            know.cut(f"only {_INCLUDES} files that openssl.cnf includes were read")
            return
        done.add(path)
        answer = host.ask("read", path)
        if isinstance(answer, str):
            todo += _INCLUDE.findall(answer)
            yield joined(f"# path: {path}", answer)
        elif isinstance(answer, NoAnswer) and answer.why == "directory":
            names = text(host.ask("list", path)).splitlines()
            todo += [f"{path.rstrip('/')}/{name}" for name in names if name.endswith((".cnf", ".conf"))]
