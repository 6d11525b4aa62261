"""Certificates and keys that lie on the host and are not in use: what may take the place of one that is of no use."""

import re
from collections.abc import Iterator
from itertools import islice

from maildoctor.collect.knowledge import FactStore, text
from maildoctor.facts import Absent, Unknown
from maildoctor.facts.names import Names
from maildoctor.facts.paths import Look
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.postfix.tls import PostfixTls
from maildoctor.facts.tls import SpareTls, Tls
from maildoctor.host import Host

_FOLDERS = (
    "/etc/letsencrypt/live", "/root/.acme.sh", "/var/lib/dehydrated/certs", "/etc/dehydrated/certs",
    "/var/lib/acme/live", "/etc/mail", "/etc/postfix", "/etc/dovecot", "/root", "/etc/pki/tls", "/usr/local/etc/ssl",
    "/etc/ssl",
)  # fmt: skip
"""Where certbot, acme.sh, dehydrated and acmetool keep what they get, and where people put it."""

_DEPTH = 2
"""Folders below one of these."""

_NAMED = re.compile(r"[^/]{1,100}\.(?:pem|crt|cer|cert|key)(?:[.~_-][^/]{0,40})?", re.IGNORECASE)
"""What holds a certificate or a key, and copies that were kept of it (`host.pem.bak`, `host.key~`)."""

_FILES, _NAMES = 200, 400
"""Files that are read, and names of one folder, at most. What is passed over is a remedy less, no judgement."""


def spare_tls(host: Host, know: FactStore) -> SpareTls | Unknown:
    """Looked for only where a file in use is of no use, for nothing else needs it."""
    used = know.get(Tls) or know.get(PostfixTls)
    if used is None:
        return Absent("no mail server names a certificate")
    names, postfix = know.get(Names), know.get(Postfix)
    known = [names.canonical, *names.aliases] if names else []
    known += [smtpd.value("myhostname") for smtpd in postfix.smtpd[:1]] if postfix else []
    served = dict.fromkeys(name for name in (*known, *used.served) if "." in name)
    blocks = [f"served: {name}" for name in served]
    if not used.serves(*served):
        in_use = {f.path for f in used.files}
        beside = dict.fromkeys(path.rpartition("/")[0] for path in in_use)
        paths = dict.fromkeys(path for path in _found(host, (*beside, *_FOLDERS)) if path not in in_use)
        for path in islice(paths, _FILES):
            blocks += _blocks(host, path)
    return SpareTls.parse("\n".join(blocks))


def _found(host: Host, folders: tuple[str, ...]) -> Iterator[str]:
    """Paths with such a name, the folders given first before those below them."""
    levels, seen = [(folder, _DEPTH) for folder in folders], set[str]()
    while levels:
        folder, depth = levels.pop(0)
        if folder in seen:
            continue
        seen.add(folder)
        # what the system trusts is linked there by the hundred, and is no server's
        of_authorities = folder.endswith("/certs")
        for name in islice(text(host.ask("list", folder)).splitlines(), _NAMES):
            path = f"{folder}/{name}"
            if _NAMED.fullmatch(name):
                if not of_authorities or _kind(host, path) == "-":
                    yield path
            elif depth and _kind(host, path) == "d":
                levels.append((path, depth - 1))


def _kind(host: Host, path: str) -> str:
    look = Look.parse(text(host.ask("look", path)))
    return look.kind if look else ""


def _blocks(host: Host, path: str) -> Iterator[str]:
    certificates, key = text(host.ask("cert", path)), text(host.ask("key", path))
    if certificates:
        yield f"[certificate] {path}\n{certificates}"
    if key.startswith("public key: "):
        yield f"[key] {path}\n{key}"
