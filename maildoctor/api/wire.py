"""What checks may ask of what servers say: conversations, the trace of a message, and what a domain announces."""

from maildoctor.facts.announced import IMAPS, SUBMISSION, SUBMISSIONS, Announced, ConfigFile, Srv, is_host
from maildoctor.facts.autoconfig import ClientServer
from maildoctor.facts.received import Trace, judge
from maildoctor.facts.wire import DISTRUSTED, UNVERIFIED, Conversation, Hello, Verification, Wire

__all__ = [
    "DISTRUSTED",
    "IMAPS",
    "SUBMISSION",
    "SUBMISSIONS",
    "UNVERIFIED",
    "Announced",
    "ClientServer",
    "ConfigFile",
    "Conversation",
    "Hello",
    "Srv",
    "Trace",
    "Verification",
    "Wire",
    "is_host",
    "judge",
]
