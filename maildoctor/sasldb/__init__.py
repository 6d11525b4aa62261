"""Key/value files of mail systems, read from bytes alone, without the libraries that made them.

Those libraries hang or die on damaged files, and need a lock or the right to write; here nothing can happen but a
`Database` with `damage`, or `NotADatabase`.
"""

from maildoctor.sasldb import berkeley, berkeley185, cdb, foreign, gdbm, lmdb
from maildoctor.sasldb.database import ALL, Database, NotADatabase

__all__ = ["Database", "NotADatabase", "read"]


def read(data: bytes | memoryview, most: int = ALL) -> Database:
    """The pairs of a file, `most` at most, whatever its format. Raises NotADatabase, with what the file is instead."""
    data = bytes(data)
    if berkeley.order_of(data):
        return berkeley.read(data, most)
    if berkeley185.recognises(data):
        return berkeley185.read(data, most)
    if gdbm.order_of(data):
        return gdbm.read(data, most)
    if lmdb.order_of(data):
        return lmdb.read(data, most)
    if cdb.recognises(data):
        return cdb.read(data, most)
    raise NotADatabase(foreign.describe(data))
