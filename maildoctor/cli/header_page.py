"""The page of `maildoctor explain --header`: whether a mail was handed in by a client that had logged in."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from maildoctor import filesystem
from maildoctor.cli.report_error import UsageError
from maildoctor.facts.received import Judgement, Received, Trace, believed, judge
from maildoctor.masking import masked
from maildoctor.model import Evidence, Finding, Severity
from maildoctor.render.escape import prose, shown
from maildoctor.render.style import Style, Tone
from maildoctor.render.text import Block, finding_blocks, mark, written
from maildoctor.sasl import PLAINTEXT

_LARGEST = 1024 * 1024
_LONG_NAME = 56
_LONG_TEXT = 230
_FEW = 5
_LABEL = 10

_REQUIRE_TLS = {
    "Sendmail": "define(`confAUTH_OPTIONS', `A p y') in sendmail.mc offers PLAIN and LOGIN over TLS only; it needs "
    "STARTTLS to work: confSERVER_CERT and confSERVER_KEY",
    "Postfix": "smtpd_tls_auth_only = yes in main.cf; it needs smtpd_tls_security_level = may and a certificate",
    "Exim": "server_advertise_condition = ${if def:tls_in_cipher} in each authenticator",
    "OpenSMTPD": "listen on … tls-require auth in smtpd.conf",
}
_REQUIRE_LOGIN = {
    "Sendmail": "a port 587 with M=Ea (DAEMON_OPTIONS in sendmail.mc) takes mail of clients only after a login",
    "Postfix": "the service submission in master.cf with smtpd_client_restrictions=permit_sasl_authenticated,reject",
    "Exim": "an ACL that denies on port 587 unless authenticated = *",
    "OpenSMTPD": "listen on … port 587 tls-require auth in smtpd.conf",
}


def header_page(path: str, style: Style) -> str:
    """The page about the header in this file, `-` for the standard input. Raises UsageError where there is none in it."""
    # what nobody reads need not be masked, which takes longer than to read it
    trace = Trace.parse(_text(path)).shown(lambda line: masked(line, "log"))
    if not trace.hops:
        raise UsageError(
            "there is no Received line in it",
            _place(path),
            "paste the whole header: mail programs show it as source, original or raw message",
        )
    return written(_page(trace, style), style)


def _text(path: str) -> str:
    try:
        if path == "-":
            data = _standard_input()
        else:
            data = filesystem.read(path, _LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise UsageError(
            f"cannot read the header: {reason}", _place(path), "name a file that can be read, or -"
        ) from error
    if len(data) > _LARGEST:
        raise UsageError("it is larger than 1 MiB", _place(path), "paste the header alone, without the body")
    if b"\0" in data:
        raise UsageError("it is binary, no header of a mail", _place(path), "save the header as text")
    if not data.strip():
        raise UsageError("it is empty", _place(path), "paste the header of the mail, or a single Received line")
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError(0, "it is closed")
    if sys.stdin.isatty():
        sys.stderr.write("paste the header, then Ctrl-D\n")
        sys.stderr.flush()
    return sys.stdin.buffer.read(_LARGEST + 1)


def _place(path: str) -> str:
    return "standard input" if path == "-" else path


# ---- the page


def _page(trace: Trace, style: Style) -> Iterator[Block]:
    chain, judgement = believed(trace), judge(trace)
    count = len(trace.hops)
    lines = f"{count} Received line{'s' * (count != 1)}{' and more, not read' if trace.more else ''}"
    yield Block("", f"{lines}, the newest first:", tone="dim")
    for number, hop in enumerate(trace.hops):
        yield _hop(number, hop, number in chain, hop is judgement.hop, style)
    yield Block("", "")
    yield from _verdict(trace, judgement, style)


def _hop(number: int, hop: Received, trusted: bool, judged: bool, style: Style) -> Block:
    tone = _tone(hop.authenticated, hop.tls, bool(hop.local) or not judged) if trusted else "unjudged"
    by = _short(hop.by or "an unnamed server") + (f" ({_short(hop.software)})" if hop.software else "")
    client = _client(hop)
    words = [f"by {by}", *([f"from {client}"] if client else []), *([_short(hop.protocol)] if hop.protocol else [])]
    said = _claim(hop) if trusted else f"not believed; it says: {_claim(hop)}"
    text = f"{', '.join(words)}: {said}{' (judged)' if judged else ''}"
    return Block(f"{mark(tone, style)} {number + 1:>2}  ", prose(text, style.ascii), tone=tone)


def _claim(hop: Received) -> str:
    if hop.local == "program":
        return "from a program of this host"
    login = {True: "login", False: "no login", None: "login not told"}[hop.authenticated]
    tls = {True: hop.tls_version if 0 < len(hop.tls_version) < 20 else "TLS", False: "no TLS", None: "TLS not told"}
    return f"{login}, {tls[hop.tls]}"


def _client(hop: Received) -> str:
    name = _short(hop.peer or hop.helo)
    return f"{name} [{_short(hop.address)}]" if hop.address and hop.address not in name else name


def _tone(authenticated: bool | None, tls: bool | None, local: bool) -> Tone:
    if authenticated is None:
        return "info" if local else "unjudged"
    if authenticated:
        return "ok" if tls is not False or local else "warning"
    return "info" if local else "warning"


def _verdict(trace: Trace, judgement: Judgement, style: Style) -> Iterator[Block]:
    hop = judgement.hop
    assert hop is not None, "of at least one line the topmost is believed"
    tone = _tone(judgement.authenticated, judgement.tls, bool(hop.local))
    finding = _finding(trace, judgement, hop, tone)
    blocks = finding_blocks(finding, style)
    next(blocks)  # its headline has a code, which a page has not
    yield Block(f"{mark(tone, style)} ", prose(finding.message, style.ascii), tone=tone)
    inside = len(mark(tone, style)) + 1
    for label, text in _details(trace, judgement, hop):
        yield Block(label.ljust(_LABEL), prose(text, style.ascii), inside)
    # A pasted line is long and its words are a stranger's: cut and folded as all evidence is.
    yield from (replace(block, wrap="words") if block.wrap == "fold" else block for block in blocks)


def _finding(trace: Trace, judgement: Judgement, hop: Received, tone: Tone) -> Finding:
    severity: Severity = "warning" if tone == "warning" else "info"
    why, advice = _meaning(judgement, hop)
    evidence = (Evidence(f"Received line {trace.hops.index(hop) + 1}", _cut(hop.text)),)
    return Finding("", "submission", severity, _cut(judgement.sentence), why, advice, evidence=evidence)


def _meaning(judgement: Judgement, hop: Received) -> tuple[str, str]:
    """Why it matters, and what to do."""
    if hop.local and not judgement.authenticated:
        return _LOCAL[hop.local], ""
    if judgement.authenticated:
        return _login_without_tls(judgement, hop) if judgement.tls is False else ("", "")
    if judgement.authenticated is None:
        return (
            "This mail program does not write into its Received line whether the client logged in.",
            "Look for the mail in its log, by the id and the time of the line.",
        )
    why = (
        "Mail from another server for a local user needs no login. Mail from a client of yours was let in by its "
        "address, by an entry of the access map, or because its recipient is local: nobody was asked for a password."
    )
    advice = (
        "If another server sent it, nothing is to do. If a client of yours did: switch on authentication in its "
        "settings of the outgoing server, port 587 with STARTTLS or 465 with TLS, and send again."
    )
    if how := _for(hop, _REQUIRE_LOGIN):
        advice += f"\nTo let no client in without: {how}."
    if judgement.tls is False:
        why += " It came over the network readable by others."
    if hop.software.startswith("Sendmail"):
        advice += "\nIf the log says AUTH=server for this mail, its Received line was redefined: see explain CONF007."
    return why, advice


_LOCAL = {
    "program": "cron, mailx, web applications and the sendmail command hand mail in without SMTP or through the mail "
    "program's own door; AUTH has no place there, and that it is missing is normal. To test a login, send by a mail "
    "client, or by a program that speaks SMTP AUTH.",
    "loopback": "A program of the same host, a web mailer, a content filter or sendmail's own submission program, sent "
    "it. Such mail is let in by its address, and that there is no login is normal.",
    "delivery": "It is about delivery to the mailbox, not about how the mail was handed in.",
    "inside": "It is about a step within one mail system, not about how the mail was handed in.",
    "web": "The user logged in to the web mailer, if at all. SMTP AUTH may stand in the line of the server that the "
    "web mailer sends to.",
    "mapi": "Outlook and Exchange have a login of their own; SMTP AUTH has no part in it.",
}


def _login_without_tls(judgement: Judgement, hop: Received) -> tuple[str, str]:
    if hop.local:
        return "It did not leave the host, so nobody else could read it.", ""
    if judgement.bits:
        return f"A security layer of SASL, {judgement.bits} bits, protected the connection in its place.", ""
    if not judgement.mech:
        why = "By which mechanism is not told; by PLAIN or LOGIN the password went over the network readable."
    elif judgement.mech in PLAINTEXT:
        why = f"{judgement.mech} sends the password itself: whoever could read the connection has it."
    else:
        why = f"{judgement.mech} does not send the password itself, but the mail went over the network readable."
    advice = "Let the client use STARTTLS on port 587, or TLS on port 465."
    if judgement.mech in PLAINTEXT:
        advice += " Change the password."
    if how := _for(hop, _REQUIRE_TLS):
        advice += f"\nTo let no client log in without: {how}."
    return why, advice


def _details(trace: Trace, judgement: Judgement, hop: Received) -> Iterator[tuple[str, str]]:
    if judgement.authenticated:
        yield from _login(judgement, hop)
    if hop.tls and hop.tls_version:
        yield "TLS", _cut(f"{hop.tls_version} {hop.cipher}".strip())
    if when := hop.when:
        yield "time", f"{when:%Y-%m-%d %H:%M:%S %z}".strip()
    number = trace.hops.index(hop)
    yield "believed", _why_believed(trace, number)
    others = [n + 1 for n in believed(trace) if n != number and trace.hops[n].authenticated]
    if others:
        yield "also", f"line {_numbers(others)} is of a server that logged in to the next one, not of the client"
    yield from (("says", text) for text in _said(trace, number))
    if below := len(trace.hops) - len(believed(trace)):
        yield "below", _below(trace, below)


def _login(judgement: Judgement, hop: Received) -> Iterator[tuple[str, str]]:
    user = judgement.user
    realm = f" (realm or domain {_short(user.rpartition('@')[2])})" if "@" in user else ""
    unsaid = {
        "Sendmail": "not told; the log has it: AUTH=server, … authid=",
        "Postfix": "not told; smtpd_sasl_authenticated_header = yes would, and the log has it: sasl_username=",
        "Exim": "not told; the log has it: A=authenticator:user",
    }
    yield "user", f"{_short(user)}{realm}" if user else _for(hop, unsaid) or "not told"
    if hop.author and hop.author != user:
        yield "author", f"{_short(hop.author)}: on whose behalf, by AUTH= of MAIL FROM"
    yield "mechanism", _short(judgement.mech) if judgement.mech else "not told; the log has it"
    if judgement.bits == 0:
        safe = ", which is normal: TLS does that" if judgement.tls else ""
        yield (
            "bits=0",
            f"the mechanism added no security layer of its own{safe}; the login did not fail",
        )
    elif judgement.bits:
        yield f"bits={judgement.bits}", "strength of the security layer of SASL, apart from TLS"


def _why_believed(trace: Trace, number: int) -> str:
    hop = trace.hops[number]
    if number == 0:
        whose = "the topmost line is of the server that gave you the mail"
    else:
        whose = f"the lines above it lead to {_short(hop.by or 'it')} by names that each server found itself"
    return f"line {number + 1}: {whose}; each server vouches for its own line only"


def _said(trace: Trace, number: int) -> Iterator[str]:
    for said in trace.said[:_FEW]:
        place = "above that line" if said.above <= number else "below that line, where the sender could have put it"
        yield f"{_short(said.name)}: {_cut(said.value)} ({place})"


def _below(trace: Trace, count: int) -> str:
    end = len(trace.hops) - count
    lines = f"line {end + 1}" if count == 1 else f"lines {end + 1} to {len(trace.hops)}"
    text = f"{lines} may be the sender's own words: no server that is believed names their writer as its client"
    claim = next((hop for hop in trace.hops[end:] if hop.authenticated), None)
    if claim:
        text += f". A login is claimed there by {_short(claim.by or 'somebody')}: if it is yours, ask its log"
    return text


def _numbers(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _for(hop: Received, words: dict[str, str]) -> str:
    return words.get(hop.software.partition(" ")[0], "")


def _short(text: str, room: int = _LONG_NAME) -> str:
    """A stranger's words, short enough for a line of 80 when they will be escaped, be it for ASCII."""
    ends = accumulate(len(shown(sign, ascii=True)) for sign in text[: room + 1])
    fits = sum(end <= room for end in ends)
    return text if fits == len(text) else f"{text[:fits]}..."


def _cut(text: str) -> str:
    """Many words of a stranger, each short enough, and all together too."""
    return _short(" ".join(_short(word) for word in text[:2000].split()), _LONG_TEXT)
