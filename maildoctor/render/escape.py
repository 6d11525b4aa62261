"""Words of strangers, made harmless: what a terminal would obey or hide is shown as an escape."""

_IN_ASCII = str.maketrans({"…": "...", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"'})


def shown(text: str, ascii: bool = False) -> str:
    r"""One line of text in which ESC is `\x1b`, a newline `\n`, a right-to-left mark `\u202e`.

    All that is not printable is escaped: control characters of both sets, marks that turn or hide text, odd spaces,
    undecodable bytes. With `ascii`, everything beyond ASCII is too.
    """
    if text.isprintable() and (not ascii or text.isascii()):
        return text
    return "".join(c if c.isprintable() and (not ascii or c.isascii()) else _escaped(c) for c in text)


def prose(text: str, ascii: bool = False) -> str:
    """Our own sentences: as `shown`, but with typographic signs made plain rather than escaped."""
    return shown(text.translate(_IN_ASCII) if ascii else text, ascii)


def unicode(text: str) -> str:
    r"""Text that can be encoded: an undecodable byte, carried as a lone surrogate, becomes `\xff` in words."""
    return "".join(_escaped(c) if "\ud800" <= c <= "\udfff" else c for c in text)


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")
