"""Container images in archives, read where they lie: nothing is unpacked to a disk, nothing leaves the image.

`archive.open_image` gives the merged tree of an image; `tree.Tree` finds what is in it. An archive is hostile input:
every limit has a name, and what breaks one is told as `BadImage`.
"""

from maildoctor.errors import DoctorError


class BadImage(DoctorError):
    """The archive cannot be read as an image. `where`: in it."""

    def __init__(self, what: str, where: str, remedy: str = "make the archive again, or see --root") -> None:
        super().__init__(what, where, remedy)
