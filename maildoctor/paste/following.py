"""What to paste next: the commands whose output would tell what is still open, the most telling first.

Never a file of passwords; where a configuration can hold one, the command leaves that line out."""

import re
from collections.abc import Iterator

from maildoctor.model import Finding, Report, Request
from maildoctor.paste.answers import Paste

_MOST = 3
_ONLY_SHOWS = re.compile(
    r"(?:(?:ls|namei|id|ss|netstat|ps|postconf|doveconf|cat|journalctl|sasldblistusers2|pluginviewer|saslpluginviewer|stat"
    r"|dpkg -l|rpm -q|getent group|systemctl status|grep|ldd|file|postmulti|openssl x509|date"
    r"|timedatectl|df|dig|host)\b)"
)
_UNFIT = re.compile(
    r"[<>;`$&]|\b(?:USER|PASSWORD|RUNDIR|FILE|HOST|PATH|RELAY|PORT|NAME)\b|\.\.\.|passwd\b|shadow|sasl_passwd|authinfo|-follow|-f$"
)
_DAEMON = re.compile(r"\b(?:postfix/|dovecot: |sm-mta|sendmail\[|saslauthd|exim)")


def to_paste_next(paste: Paste, report: Report) -> tuple[Request, ...]:
    """At most three; none where a fault is known of the pasted configuration itself, or nothing was understood."""
    roots = [r.finding for r in report.roots if r.finding.severity != "info"]
    if any(f.severity == "error" and _is_checked(f, report) for f in roots):
        return ()
    found: dict[str, Request] = {}
    for request in (*_of_findings(roots, paste), *_of_wire(paste), *_of_gaps(paste)):
        asked = " ".join(request.command.split()[:2])
        if asked not in found or found[asked].command.startswith(f"{request.command} "):  # the whole rather than a part
            found[asked] = request
    return tuple(found.values())[:_MOST]


def _is_checked(finding: Finding, report: Report) -> bool:
    """Whether a check found it in files, which knows the cause, and no line or conversation that was pasted."""
    return not finding.code.startswith("WIRE") and any(o.code == finding.code for o in report.outcomes)


def _of_findings(roots: list[Finding], paste: Paste) -> Iterator[Request]:
    """What tells the candidates of the first findings apart, where their own commands look and change nothing."""
    for finding in roots[:2]:
        for step in [s for s in finding.fix if s.safety != "risky"][:3]:
            command = step.command
            if _ONLY_SHOWS.match(command) and not _UNFIT.search(command) and not _is_there(command, paste):
                yield Request(command, f"{finding.code}: which of its causes it is")
                break


def _is_there(command: str, paste: Paste) -> bool:
    looked = re.fullmatch(r"(?:ls|namei|stat) .{0,20}?(/\S{1,300})", command)
    if looked and ("look", looked[1]) in paste.answers:
        return True
    return command in paste.text or any(piece.name == command for piece in paste.pieces)


_CONNECTED = re.compile(r"=== connect (\S{1,80}):(\d{1,5}) auto(?: for (\S{1,255}))?\n")


def _of_wire(paste: Paste) -> Iterator[Request]:
    """Where STARTTLS was offered and not used, what is offered in TLS."""
    said = paste.answers.get(("probe", ""))
    m = _CONNECTED.match(said) if isinstance(said, str) else None
    if m is None or not isinstance(said, str) or "<~" in said or "STARTTLS" not in said or "AUTH" in _offer(said):
        return
    host = m[3] or m[1]
    if host != "server":
        yield Request(
            f"printf 'EHLO me\\r\\nQUIT\\r\\n' | openssl s_client -connect {host}:{m[2]} -starttls smtp -crlf -quiet",
            "whether AUTH is offered once TLS is on",
        )


def _offer(said: str) -> str:
    return " ".join(row for row in said.split("\n") if row.startswith("<-  250"))


def _of_gaps(paste: Paste) -> Iterator[Request]:
    """What is wanted of each mail server before anything else, by what the paste speaks of."""
    kinds, text = paste.kinds(), paste.text
    postfix = "postfix" in paste.products or "postfix/" in text
    sendmail = "sendmail" in paste.products or bool(re.search(r"\b(?:sm-mta|sendmail)\[", text))
    by_dovecot = bool(re.search(r"smtpd_sasl_type\s{0,20}=\s{0,20}dovecot", text))
    relay = "relayhost" in text or "smtp_sasl_" in text
    if postfix and "main.cf" not in kinds:
        yield Request("postconf -n", "how Postfix is configured")
    if postfix and not relay and "master.cf" not in kinds:
        yield Request("postconf -M", "on which ports users log in, and whether smtpd works in a chroot")
    if sendmail and "sendmail.mc" not in kinds:
        yield Request("cat /etc/mail/sendmail.mc", "how Sendmail is configured")
    if sendmail and "program" not in kinds:
        yield Request("sendmail -d0.1 -bt </dev/null", "whether Sendmail was built with SASL, and the name it goes by")
    if "dovecot" not in kinds and (by_dovecot or re.search(r"\bdovecot: |\bdovecot\[", text)):
        yield Request("doveconf -n", "where Dovecot offers its auth socket, and against what it checks passwords")
    yield from _of_sasl(paste, postfix, sendmail, by_dovecot or relay)
    if not kinds & {"log"} and (postfix or sendmail):
        names = "-t sm-mta -t sendmail" if sendmail else "-t postfix/smtpd -t postfix/submission/smtpd"
        names += " -t dovecot" if by_dovecot else " -t saslauthd"
        yield Request(f"journalctl {names} -n 50 --no-pager", "what the servers log when a login fails")
    if not kinds & {"transcript"} and (postfix or sendmail) and not relay:
        yield Request(
            "printf 'EHLO me\\r\\nQUIT\\r\\n' | openssl s_client -connect localhost:587 -starttls smtp -crlf -quiet",
            "whether port 587 answers, and what it offers once TLS is on",
        )
    if "exim" in text and "log" not in kinds:
        yield Request("tail -n 50 /var/log/exim4/mainlog", "what Exim logs when a login fails")


def _of_sasl(paste: Paste, postfix: bool, sendmail: bool, other: bool) -> Iterator[Request]:
    kinds, text = paste.kinds(), paste.text
    cyrus = "saslauthd" in text or "sasldb" in text or "sasl-conf" in kinds or sendmail
    if other or not (cyrus or postfix):
        return
    if cyrus and "sasl-conf" not in kinds:
        names = (
            "/etc/sasl2/Sendmail.conf /usr/lib/sasl2/Sendmail.conf"
            if sendmail
            else "/etc/postfix/sasl/smtpd.conf /etc/sasl2/smtpd.conf"
        )
        yield Request(
            f"grep -Hvi 'passw\\|_pw\\|secret' {names}",
            "what libsasl is told to check passwords with",
            "lines with passwords are left out: look once more before you paste",
        )
    if "saslauthd" in text:
        if "processes" not in kinds:
            yield Request(
                "ps -ef | grep '[s]aslauthd'", "whether saslauthd runs, what it asks (-a) and where its socket is (-m)"
            )
        if "look" not in kinds and "namei" not in kinds:
            yield Request("namei -l /var/run/saslauthd/mux", "whether the mail server may reach saslauthd's socket")
        if "id" not in kinds and postfix:
            yield Request("id postfix", "whether Postfix is in the group of saslauthd's socket")
    if "sasldb" in text and "sasldb-users" not in kinds and "saslauthd" not in text:
        yield Request("sasldblistusers2", "which users there are, and in which realm")
