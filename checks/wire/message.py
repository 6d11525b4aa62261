"""WIRE: the message that `probe --send-test` sent, and how its Received line records the login."""

from maildoctor.api import Evidence, Findings, Unknown, check, found, inspect
from maildoctor.api.wire import Trace, Wire, judge

_SENT = (
    "=== connect 127.0.0.1:587 auto\n=== purpose send\n<-  220 mail.example.com ESMTP\n=== mechanism PLAIN\n"
    "=== outcome ok 235 2.0.0 OK\n=== outcome sent 250 2.0.0 accepted\n"
)
_PLACE = "=== arrival /var/mail/test\n=== header Received: from maildoctor.invalid (localhost [127.0.0.1]) "
_BY = "by mail.example.com (8.17.1/8.17.1) with {0} id 6AM6Rq2Y000085 for <test@mail.example.com>; "
_DATE = "Sun, 22 Nov 2026 06:00:00 GMT\n"


@check(
    "WIRE040",
    "message-did-not-arrive",
    "warning",
    rung="hand-over",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _SENT + "=== arrival none: it is not in /var/mail/test after 10 s\n"}],
    passes=[{"wire": _SENT + _PLACE + "(authenticated bits=0) " + _BY.format("ESMTPSA") + _DATE}],
    refs=("RFC 5321 section 6.1: who answers 250 to the message has taken it on",),
)
def message_did_not_arrive(wire: Wire) -> Findings:
    """The message of --send-test was taken by the server and did not come into the mailbox.

    Logging in and handing in mail work; delivery is late, goes elsewhere or fails.

    Advice: look for the message in the queue and the log of the server, and whether --mailbox names the right place.
    """
    for c in wire.of("send"):
        word, _, rest = c.noted("arrival").partition(" ")
        if word == "unknown:":
            yield Unknown(f"it was not seen where the message went: {rest}", "name the mailbox with --mailbox PATH")
        elif word == "none:":
            yield found(
                f"{c.endpoint} took the message, but {rest}",
                evidence=[c.evidence("=== outcome sent", "=== arrival")],
                fix=[inspect("mailq")],
                endpoint=c.endpoint,
            )


@check(
    "WIRE041",
    "login-not-recorded",
    "error",
    rung="hand-over",
    role="symptom",
    scope=("listener",),
    fails=[{"wire": _SENT + _PLACE + _BY.format("ESMTPS") + _DATE}],
    passes=[
        {"wire": _SENT + _PLACE + "(authenticated bits=0) " + _BY.format("ESMTPSA") + _DATE},
        {"wire": _SENT.replace("=== outcome ok 235 2.0.0 OK\n", "") + _PLACE + _BY.format("ESMTPS") + _DATE},
    ],
    refs=("RFC 3848: ESMTPA and ESMTPSA", "sendmail: cf/m4/proto.m4, _REC_AUTH_"),
)
def login_not_recorded(wire: Wire) -> Findings:
    """The client logged in, and the Received line of its message does not say so.

    Filters and people who trace abuse then cannot tell it from mail that anybody sent. A proxy or a filter between the
    client and the server may have handed the message on without its login.

    Advice: see which program wrote the line; a proxy must pass the login on (XCLIENT LOGIN), and sendmail.cf must keep
    its _REC_AUTH_ (cf/m4/proto.m4).
    """
    for c in wire.of("send"):
        lines = [n.removeprefix("header ") for n in c.notes if n.startswith("header ")]
        if not lines or not any(n.startswith("outcome ok") for n in c.notes):
            continue
        judgement = judge(Trace.parse("\n".join(lines)))
        if judgement.authenticated is None:
            yield Unknown(f"the message's Received line does not tell of logins: {judgement.sentence}")
        elif not judgement.authenticated:
            yield found(
                f"A message sent to {c.endpoint} after a login is not recorded as authenticated",
                evidence=[Evidence(c.noted("arrival"), lines[0])],
                endpoint=c.endpoint,
            )
