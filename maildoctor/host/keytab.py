"""A Kerberos keytab (MIT's kt_file.c, Heimdal's keytab_file.c): whose keys are in it, never a key."""

from collections.abc import Iterator

from maildoctor.krb5 import ENCTYPES

MOST = 1000
"""Entries that are listed."""


class NotAKeytab(Exception):
    """The file is none, or ends in the middle of an entry."""


def entries(data: bytes) -> Iterator[str]:
    """`PRINCIPAL kvno=N enctype=NAME written=SECONDS` for each entry. Raises NotAKeytab."""
    if data[:2] not in (b"\x05\x02", b"\x05\x01"):
        raise NotAKeytab("this is no keytab" if data else "it is empty")
    order = "big" if data[1] == 2 else "little"
    at, listed = 2, 0
    while at + 4 <= len(data) and listed < MOST:
        size = int.from_bytes(data[at : at + 4], "big" if order == "big" else "little", signed=True)
        at += 4
        if size == 0:
            return
        if size > 0:
            if at + size > len(data):
                raise NotAKeytab("it ends in the middle of an entry")
            yield _entry(data[at : at + size], order == "big", data[1])
            listed += 1
        at += abs(size)


def _entry(data: bytes, big: bool, version: int) -> str:
    reader = _Reader(data, big)
    parts = reader.number(2) - (1 if version == 1 else 0)
    if not 0 <= parts <= 32:
        raise NotAKeytab("an entry has too many components")
    realm = reader.words()
    names = [reader.words() for _ in range(parts)]
    if version == 2:
        reader.number(4)  # the type of the name
    written, kvno, enctype = reader.number(4), reader.number(1), reader.number(2)
    reader.skip(reader.number(2))  # the key itself is passed over
    if reader.left >= 4:
        kvno = reader.number(4) or kvno
    kind = ENCTYPES.get(enctype, f"enctype-{enctype}")
    return f"{'/'.join(names)}@{realm} kvno={kvno} enctype={kind} written={written}"


class _Reader:
    def __init__(self, data: bytes, big: bool) -> None:
        self._data, self._at, self._big = data, 0, big

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def skip(self, size: int) -> bytes:
        if size > self.left:
            raise NotAKeytab("an entry is shorter than it says")
        found = self._data[self._at : self._at + size]
        self._at += size
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.skip(size), "big" if self._big else "little")

    def words(self) -> str:
        text = self.skip(self.number(2)).decode("utf-8", "backslashreplace")
        return "".join(c if c.isprintable() and c != " " else f"\\x{ord(c):02x}" for c in text)
