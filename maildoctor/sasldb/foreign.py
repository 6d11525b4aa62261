"""What a file is that is not a database: words for a person who expected one."""

_MAGICS = (
    (b"SQLite format 3\0", "an SQLite database"),
    (b"TDB file\n", "a TDB database of Samba"),
    (b"GDBMDIR", "the .dir file of gdbm's ndbm; the records are in the .pag file"),
    (b"\x7fELF", "a program or library"),
    (b"\x1f\x8b", "data compressed with gzip"),
    (b"# GDBM dump file", "a dump of a GDBM database; gdbm_load makes a database of it"),
    (b"VERSION=3\nformat=", "a dump of a Berkeley DB database; db_load makes a database of it"),
)
_TEXT_SAMPLE = 4096


def describe(data: bytes) -> str:
    """A noun phrase for the file; it never quotes the file."""
    if not data:
        return "an empty file"
    for magic, words in _MAGICS:
        if data.startswith(magic):
            return words
    if data[12:16] in (b"\xde\xc0\xef\xbe", b"\xbe\xef\xc0\xde"):
        return "an LMDB file of a 32-bit system, which is not read"
    if data.count(0) == len(data):
        return "nothing but zero bytes"
    return "a text file" if _is_text(data[:_TEXT_SAMPLE]) else "data of an unknown kind"


def _is_text(sample: bytes) -> bool:
    """Printable characters and white space; bytes that are no UTF-8 pass, they may be letters of another encoding."""
    return all(c.isprintable() or c in "\t\r\n\f" for c in sample.decode(errors="replace"))
