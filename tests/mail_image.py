"""An image of a Sendmail host on which, once it runs, users can log in: made without a mail server, for machines that
have none. Each of its parts can be left out."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tests import image_maker as make
from tests.authority import Authority
from tests.elf_maker import sendmail, shared_object
from tests.image_maker import Item, folder

Part = Literal["program", "users", "certificate", "key", "plug-ins", "realm", "sasl-conf"]

NAME = "example.org"
"""The host's name, and the realm of the one user of `fixtures/sasldb/basic.sasldb2` who can log in."""

ACCOUNTS = b"root:x:0:0::/root:/bin/sh\nsmmta:x:101:102::/:/bin/false\nsmmsp:x:102:102::/:/bin/false\n"
"""Its /etc/passwd."""

_ROOT = Path(__file__).parent.parent
_SASL = "usr/lib/x86_64-linux-gnu/sasl2"
_PLUGINS = ("crammd5", "digestmd5", "login", "plain", "scram", "sasldb")
_SMMTA, _SMMSP = 101, 102


def image(
    mode: int = 0o755,
    without: Collection[Part] = (),
    put: Mapping[str, bytes] | None = None,
    cf: Mapping[str, str] | None = None,
) -> bytes:
    """`docker save` of it. `mode` is that of /etc/mail; `put`: files by path, besides or instead; `cf`: words of its
    sendmail.cf and what is to stand there instead."""
    return make.files(make.docker_save({"mail:ci": [make.tar(*items(mode, without, put, cf))]}))


def items(
    mode: int = 0o755,
    without: Collection[Part] = (),
    put: Mapping[str, bytes] | None = None,
    cf: Mapping[str, str] | None = None,
) -> list[Item]:
    """What is in it."""
    authority, pair = _certificates()
    key, certificate = pair.split(b"-----BEGIN CERTIFICATE-----")
    text = (_ROOT / "fixtures/cf/debian12-server.cf").read_text()
    text = re.sub(r"(?m)^Kaccess .*$", "Kaccess null", text)
    text = re.sub(r"(?m)^O AuthMechanisms=.*$", "O AuthMechanisms=CRAM-MD5 PLAIN LOGIN", text)
    text = re.sub(r"(?m)^#O AuthRealm$", f"O AuthRealm={NAME}", text)
    for old, new in (cf or {}).items():
        assert old in text
        text = text.replace(old, new)
    found = [
        folder(""),
        *(folder(name) for name in ("etc", "etc/mail/tls", "etc/sasl2", "usr", "usr/lib", "usr/libexec", "var")),
        *(folder(name) for name in ("bin", "usr/sbin")),
        *(folder(name) for name in ("usr/libexec/sendmail", "usr/lib/x86_64-linux-gnu", _SASL, "var/spool")),
        replace(folder("etc/mail", mode)),
        replace(folder("var/spool/mqueue", 0o2700), uid=_SMMTA, gid=_SMMSP),
        replace(folder("var/spool/mqueue-client", 0o2770), uid=_SMMSP, gid=_SMMSP),
        Item("etc/passwd", ACCOUNTS),
        Item("etc/group", b"root:x:0:\nmail:x:8:\nsmmta:x:101:\nsmmsp:x:102:\n"),
        Item("etc/hostname", f"mail.{NAME}\n".encode()),
        Item("etc/hosts", f"127.0.0.1 localhost\n192.0.2.1 mail.{NAME} mail\n".encode()),
        Item("etc/services", b"smtp 25/tcp mail\nsubmission 587/tcp\n"),
        Item("etc/nsswitch.conf", b"hosts: files dns\n"),
        Item("etc/os-release", b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'),
        Item("etc/mail/sendmail.cf", text.encode()),
        Item("etc/mail/local-host-names", f"localhost\n{NAME}\n".encode()),
        *(Item(name, b"#!/bin/true\n", mode=0o755) for name in ("bin/sh", "usr/sbin/sensible-mda")),
        replace(folder("var/mail", 0o2775), gid=8),
        Item("etc/mail/submit.cf", (_ROOT / "fixtures/cf/debian11-submit.cf").read_bytes()),
        Item("etc/mail/aliases", b"postmaster: root\nabuse: root, alice\n"),
        Item("etc/mail/aliases.db", (_ROOT / "fixtures/sasldb/aliases.db").read_bytes(), mode=0o640, uid=_SMMTA),
        Item("etc/mail/tls/ca.pem", authority),
        Item("usr/lib/x86_64-linux-gnu/libsasl2.so.2", shared_object(soname="libsasl2.so.2")),
    ]  # fmt: skip
    if "program" not in without:
        found.append(Item("usr/libexec/sendmail/sendmail", sendmail(), mode=0o2755, gid=_SMMSP))
    if "users" not in without:
        name = "basic.sasldb2" if "realm" not in without else "props.sasldb2"
        found.append(Item("etc/sasldb2", (_ROOT / "fixtures/sasldb" / name).read_bytes(), mode=0o600))
    if "certificate" not in without:
        found.append(Item("etc/mail/tls/host.pem", b"-----BEGIN CERTIFICATE-----" + certificate))
    if "key" not in without:
        found.append(Item("etc/mail/tls/host.key", key, mode=0o600))
    if "plug-ins" not in without:
        found += (
            Item(f"{_SASL}/lib{name}.so", shared_object(defines=[f"sasl_{_KIND.get(name, 'server')}_plug_init"]))
            for name in _PLUGINS
        )
    if "sasl-conf" not in without:
        words = b"pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: CRAM-MD5 PLAIN LOGIN\n"
        found.append(Item("etc/sasl2/Sendmail.conf", words))
    table = {item.name: item for item in found}
    for path, data in (put or {}).items():
        table[path] = replace(table[path], data=data) if path in table else Item(path, data)
    return list(table.values())


_KIND = {"sasldb": "auxprop"}


@cache
def _certificates() -> tuple[bytes, bytes]:
    """An authority, and a key with its certificate."""
    from cryptography.x509 import DNSName

    with TemporaryDirectory() as home:
        authority = Authority(Path(home))
        mine = authority.certificate(DNSName(f"mail.{NAME}"))
        return Path(authority.file).read_bytes(), Path(mine).read_bytes()
