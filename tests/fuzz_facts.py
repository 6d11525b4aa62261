"""Endless search for a text that the parsers of facts cannot bear: `pip install atheris`, then

    PYTHONPATH=. python tests/fuzz_facts.py [-max_total_time=300] CORPUS_FOLDER

The first byte of an input chooses the parser, the rest is its text. The checks' own samples are the first corpus: they
are written into CORPUS_FOLDER where it is empty. What `maildoctor paste` cuts is a parser too. A crash is a text that
raises, or takes more than two seconds; of `linking.elf` NotElf and BadElf are answers.
"""

import importlib
import os
import sys
import time
from collections.abc import Callable

atheris = importlib.import_module("atheris")

with atheris.instrument_imports():
    from maildoctor.auth.mechanisms import mechanisms
    from maildoctor.auth.sendmail import login_service
    from maildoctor.collect import COLLECTORS
    from maildoctor.facts import Absent
    from maildoctor.facts.cyrus.conf import SaslConf
    from maildoctor.facts.cyrus.plugins import Plugins
    from maildoctor.facts.paths import Paths
    from maildoctor.facts.safety import refusals
    from maildoctor.facts.sendmail.cf import SendmailCf
    from maildoctor.facts.sendmail.mail_maps import MailMaps, authinfo_mechanisms
    from maildoctor.facts.sendmail.mc import SendmailMc
    from maildoctor.facts.tls import Tls
    from maildoctor.linking.elf import BadElf, Elf, NotElf, sendmail_build
    from maildoctor.paste import read


def _cf(text: str) -> None:
    cf = SendmailCf.parse(text)
    for name in ("AuthMechanisms", "DaemonPortOptions", "QueueDirectory"):
        cf.option(name)
    mechanisms(login_service(cf, Absent(""), None), None, None, None)
    if cf.domain_name:
        cf.resolve_macros(cf.domain_name, w="mx", m="example.net")


def _paths(text: str) -> None:
    for trail in Paths.parse(text).trails:
        list(refusals(trail, frozenset({"mapinunsafedirpath"}), ("smmsp",)))


def _tls(text: str) -> None:
    for file in Tls.parse(text).files:
        for certificate in file.certificates:
            certificate.covers("mx.example.net")


def _maps(text: str) -> None:
    authinfo_mechanisms(MailMaps.parse(text))


def _plugins(text: str) -> None:
    plugins = Plugins.parse(text)
    for name in plugins.mechanisms:
        plugins.by_mechanism(name)


_FIRST = (SendmailCf, SendmailMc, SaslConf, Paths, Tls, MailMaps, Plugins)
_OTHERS = tuple(fact for fact in COLLECTORS if fact not in _FIRST)

PARSERS: tuple[Callable[[str], object], ...] = (
    _cf, SendmailMc.parse, SaslConf.parse, _paths, _tls, _maps, _plugins,
    *(fact.parse for fact in _OTHERS), read,
)  # fmt: skip


def _elf(data: bytes) -> None:
    for look in (_every_question, sendmail_build):
        try:
            look(data)
        except (NotElf, BadElf):
            continue


def _every_question(data: bytes) -> None:
    elf = Elf(data)
    for question in ("needed", "soname", "rpath", "runpath", "bind_now", "requirements", "versions", "description"):
        getattr(elf, question)
    for symbol in elf.undefined()[:50]:
        elf.defines(symbol.name, symbol.version)


def one(data: bytes) -> None:
    """One text to one parser, or one file to the reader of ELF."""
    if not data:
        return
    began = time.monotonic()
    chosen = data[0] % (len(PARSERS) + 1)
    if chosen < len(PARSERS):
        PARSERS[chosen](data[1:].decode("utf-8", "backslashreplace"))
    else:
        _elf(data[1:])
    if time.monotonic() - began > 2:
        raise AssertionError("slow")


def _seed(folder: str) -> None:
    """The samples of all checks, each for the parser that it is meant for."""
    from maildoctor.library import load_library

    order = (*_FIRST, *_OTHERS)
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder):
        return
    for check in load_library().checks:
        for p in check.parameters:
            for number, sample in enumerate((*check.fails, *check.passes)):
                if p.name in sample:
                    with open(os.path.join(folder, f"{check.code}-{p.name}-{number}"), "wb") as file:
                        file.write(bytes([order.index(p.fact)]) + sample[p.name].encode())
    from tests.elf_maker import shared_object

    with open(os.path.join(folder, "elf"), "wb") as file:
        file.write(bytes([len(PARSERS)]) + shared_object(needed=["libc.so.6"], soname="x", uses=["a"], defines=["b"]))


if __name__ == "__main__":
    _seed(next((a for a in sys.argv[1:] if not a.startswith("-")), "corpus"))
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
