"""What checks may ask of what servers say: conversations, and the trace of a message."""

from maildoctor.facts.received import Trace, judge
from maildoctor.facts.wire import DISTRUSTED, UNVERIFIED, Conversation, Hello, Verification, Wire

__all__ = [
    "DISTRUSTED",
    "UNVERIFIED",
    "Conversation",
    "Hello",
    "Trace",
    "Verification",
    "Wire",
    "judge",
]
