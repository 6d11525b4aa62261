"""The steps of a host that logs in at another server: it is named, the password is there, a login is seen."""

import re
from collections.abc import Iterator, Sequence

from maildoctor.facts.cyrus.plugins import MECHANISMS, Plugins
from maildoctor.facts.login_history import LoginHistory
from maildoctor.facts.postfix.client import NextHop, PasswordMaps
from maildoctor.facts.postfix.server import Postfix
from maildoctor.facts.sendmail.cf import SendmailCf
from maildoctor.facts.sendmail.client_auth import client_entries, consulted_entries, entry_for, looked_up
from maildoctor.facts.sendmail.mail_maps import MailMaps
from maildoctor.facts.sendmail.mc import SendmailMc
from maildoctor.guide.ground import Ground
from maildoctor.guide.step import Choice
from maildoctor.install.wanted import options
from maildoctor.model import Evidence
from maildoctor.plan.steps import Inspect, Step

Shown = tuple[str, tuple[Evidence, ...]]
_EVERYWHERE = "PLAIN"
"""What every smart host offers in TLS."""


def named(ground: Ground) -> Shown | None:
    """The configuration names the smart host; of Sendmail the source is enough, which is built later."""
    wanted = ground.wanted
    words = f"mail goes out by {wanted.relay_host}, port {wanted.relay_port}"
    if ground.relay_is_set_up:
        return words, _evidence(ground)
    mc = ground.facts.get(SendmailMc)
    if ground.mta != "sendmail" or mc is None:
        return None
    said = {(e.kind, e.name): e for e in mc.expected}
    host, logins = said.get(("macro", "S")), said.get(("map", "authinfo"))
    if host is None or logins is None or (host.value or "").strip("[]").lower() != wanted.relay_host.lower():
        return None
    return words, tuple(Evidence(e.path, e.mc_text) for e in (host, logins))


def _evidence(ground: Ground) -> tuple[Evidence, ...]:
    postfix, cf = ground.facts.get(Postfix), ground.facts.get(SendmailCf)
    if ground.mta == "postfix" and postfix is not None:
        return postfix.main.evidence("relayhost"), postfix.main.evidence("smtp_sasl_auth_enable")
    if cf is not None and cf.smart_host is not None:
        return (Evidence(f"{cf.path}:{cf.smart_host.line}", f"DS{cf.smart_host.host}"),)
    return ()


def _mechanisms(ground: Ground) -> frozenset[str] | None:
    """Those that libsasl could do here; None where that is not known. Postfix's client has files of plug-ins only."""
    passwords, plugins = ground.facts.get(PasswordMaps), ground.facts.get(Plugins)
    if ground.mta == "postfix" and passwords is not None and passwords.plugins is not None:
        stems = {name.removeprefix("lib").partition(".")[0] for name in passwords.plugins}
        return frozenset(mechanism for stem in stems for mechanism in MECHANISMS.get(stem, ()))
    return frozenset(plugins.mechanisms) if plugins is not None else None


def has_plugin(ground: Ground) -> Shown | None:
    """The mechanism that every smart host has can be done here."""
    able = _mechanisms(ground)
    if able is None or _EVERYWHERE not in able:
        return None
    words = f"{' '.join(sorted(able))} for a login at {ground.wanted.relay_host}"
    return words, (Evidence("plug-ins of libsasl", words),)


def lacking(ground: Ground) -> list[str]:
    """The mechanism for which a plug-in must be installed."""
    able = _mechanisms(ground)
    return [_EVERYWHERE] if able is not None and _EVERYWHERE not in able else []


def has_password(ground: Ground) -> Shown | None:
    """The map of logins has an entry for the smart host."""
    host = ground.wanted.relay_host.lower()
    cf, maps = ground.facts.get(SendmailCf), ground.facts.get(MailMaps)
    if ground.mta == "sendmail" and cf is not None and maps is not None:
        # one that no K line names yet is named by what is built next
        unnamed = [(m, client_entries(m)) for m in maps.unnamed if m.name == "authinfo"]
        asked = consulted_entries(cf, maps)
        for m, entries in [*unnamed, *([asked] if asked else [])]:
            if entry := entry_for(looked_up(host, "", parents=m.name != "authinfo"), entries):
                return f"{entry.key} in {m.path}", (Evidence(m.path, f"{entry.key} {entry.shape}"),)
        return None
    postfix, passwords = ground.facts.get(Postfix), ground.facts.get(PasswordMaps)
    hop = NextHop.parse(postfix.value("relayhost")) if postfix else None
    found = passwords.asked(hop.keys) if ground.mta == "postfix" and hop and passwords else None
    return (f"{found[1].key} in {found[0].path}", (Evidence(found[0].path, found[1].key),)) if found else None


def logged_in(ground: Ground) -> Shown | None:
    """The log of the mail server has a login there, or mail that is taken after a login only."""
    routes = [r for r in ground.report.routes if r.direction == "relay" and r.service == ground.mta]
    rung = next((x for r in routes if (x := r.rung("account")) is not None and x.state == "holds"), None)
    return (rung.summary, rung.evidence) if rung else None


def password(ground: Ground) -> Sequence[Step]:
    """What writes it down; first a person must say whose it is."""
    if not ground.asked.relay_user:
        return [Inspect(f"maildoctor guide{options(ground.asked)} --relay-user NAME")]
    return ground.set_up.password


def login(ground: Ground) -> Sequence[Step]:
    """A message that leaves this host by its mail server, to somebody who waits for it."""
    to = ground.asked.send_to or (ground.asked.relay_user if "@" in ground.asked.relay_user else "")
    if not to:
        return [Inspect(f"maildoctor guide{options(ground.asked)} --send-test ADDRESS")]
    # a smart host takes no sender whose domain nobody knows, as root's here may be
    sender = ground.asked.relay_user if "@" in ground.asked.relay_user else to
    words = "Subject: maildoctor\\n\\nThis host logs in at its smart host.\\n"
    command = f"printf '{words}' | sendmail -i -f {{sender}} {{address}}"
    return [Inspect(command, (("sender", sender), ("address", to)), effect=f"sends a message to {to}")]


_SAID = tuple(
    map(
        re.compile,
        (r" said: (.{1,200}?)(?: \(in reply|\)?$)", r", reply=(.{1,200}?), stat=", r"stat(?:us)?=(.{1,200})"),
    )
)
"""The other side's reply (postfix: smtp/smtp_trouble.c; sendmail: deliver.c, logdelivery()), else what became of it."""


def refusal(ground: Ground) -> Shown | None:
    """What the log has last of mail that a smart host refused, or that waits, with none taken since."""
    history = ground.facts.get(LoginHistory)
    refused = [hub.refused for hub in history.hubs.values() if hub.refused] if history else []
    if history is None or not refused:
        return None
    words = next((m[1] for m in (one.search(refused[-1]) for one in _SAID) if m), refused[-1])
    return f"the smart host did not take the last message: {words}", (Evidence(history.path, refused[-1]),)


def password_choice(ground: Ground) -> Iterator[Choice]:
    """Whose password."""
    if not ground.asked.relay_user:
        yield Choice("--relay-user NAME", f"as whom this host logs in at {ground.wanted.relay_host}")


def login_choice(ground: Ground) -> Iterator[Choice]:
    """Who gets the message."""
    if not ground.asked.send_to:
        yield Choice("--send-test ADDRESS", "somebody elsewhere who gets a test message")
