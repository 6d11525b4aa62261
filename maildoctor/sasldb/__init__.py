"""Key/value files of mail systems, read from bytes alone, without the libraries that made them.

Those libraries hang or die on damaged files, and need a lock or the right to write; here nothing can happen but a
`Database` with `damage`, or `NotADatabase`.
"""

from maildoctor.sasldb import berkeley, berkeley185, cdb, foreign, gdbm, lmdb
from maildoctor.sasldb.database import Database, NotADatabase

__all__ = ["Database", "NotADatabase", "read"]


def read(data: bytes | memoryview) -> Database:
    """Every pair of a file, whatever its format. Raises NotADatabase, with what the file is instead."""
    data = bytes(data)
    if berkeley.order_of(data):
        return berkeley.read(data)
    if berkeley185.recognises(data):
        return berkeley185.read(data)
    if gdbm.order_of(data):
        return gdbm.read(data)
    if lmdb.order_of(data):
        return lmdb.read(data)
    if cdb.recognises(data):
        return cdb.read(data)
    raise NotADatabase(foreign.describe(data))
