"""What `maildoctor --help` prints: made by release/documents.py, so that asking for help imports no parser."""

import os

USAGE: str = __spec__.loader.get_data(os.path.join(os.path.dirname(__file__), "usage.txt")).decode()  # type: ignore
"""From where the program lies, which may be an archive."""
