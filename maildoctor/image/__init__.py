"""Container images in archives, read where they lie: nothing is unpacked to a disk, nothing leaves the image.

`archive.open_image` gives the merged tree of an image; `tree.Tree` finds what is in it. An archive is hostile input:
every limit has a name, and what breaks one is told as `BadImage`.
"""


class BadImage(Exception):
    """The archive cannot be read as an image. `what` happened, `where` in it, and `what_to_do`."""

    def __init__(self, what: str, where: str, what_to_do: str = "make the archive again, or see --root") -> None:
        super().__init__(f"{what} ({where})")
        self.what, self.where, self.what_to_do = what, where, what_to_do
