"""Endless search for a file that the readers of `maildoctor.sasldb` cannot bear: `pip install atheris`, then

    python tests/fuzz_sasldb.py [-max_total_time=300] CORPUS_FOLDER fixtures/sasldb

New inputs that reach new code are kept in CORPUS_FOLDER. A crash is a file that raises anything but NotADatabase, takes
more than two seconds, or makes more of itself than there is in it.
"""

import hashlib
import importlib
import sys
import time

atheris = importlib.import_module("atheris")

with atheris.instrument_imports():
    from maildoctor.facts.cyrus.sasldb import SaslDb
    from maildoctor.facts.maps import Entries
    from maildoctor.sasldb import NotADatabase, entries, read
    from maildoctor.sasldb.listing import listing


def one(data: bytes) -> None:
    """All that is done with an untrusted file."""
    began = time.monotonic()
    text = listing(data)
    found = SaslDb.parse(text)
    if len(found.users) > text.count("\n"):
        raise AssertionError("more users than lines")
    try:
        pairs = read(data).pairs
        Entries.parse(entries.built(data, lambda value: hashlib.blake2b(value).hexdigest(), "authinfo"))
    except NotADatabase:
        pairs = []
    if sum(len(value) for _, value in pairs) > 4 * len(data) + 65536:
        raise AssertionError("more in the pairs than in the file")
    if time.monotonic() - began > 2:
        raise AssertionError("slow")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
