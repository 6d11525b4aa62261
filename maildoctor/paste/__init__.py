"""What people paste into a ticket: cut into pieces, each taken as the fact it is, and asked like any other host.

Pure: nothing here opens a file or asks a machine. `read` is all that others need.
"""

from maildoctor.paste.answers import Paste, read
from maildoctor.paste.following import to_paste_next

__all__ = ["Paste", "read", "to_paste_next"]
