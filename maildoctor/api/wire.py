"""What checks may ask of what servers say: conversations, and the trace of a message."""

from maildoctor.facts.received import Trace, judge
from maildoctor.facts.wire import Conversation, Hello, Wire

__all__ = [
    "Conversation",
    "Hello",
    "Trace",
    "Wire",
    "judge",
]
