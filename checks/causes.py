"""The true exceptions: which finding explains which where that needs a condition, and which of two causes on one rung
comes first. All else follows from the rungs, or stands in the declaration of the check."""

from collections.abc import Callable

from maildoctor.api import Cause, Finding

Pair = Callable[[Finding, Finding], bool]

ORDER = ("MECH011",)
"""Of several causes of one symptom it stands under the one on the lowest rung; of those on one rung, under the first of
these. Where no mechanism is on both lists (MECH011), what one of the lists hides (MECH004) follows from it."""


def _of_the_daemon(bad: Finding, _: Finding) -> bool:
    """Not submit.cf, which no daemon reads."""
    return not bad.labels.get("path", "").endswith("submit.cf")


def _owner_of_maps(unknown: Finding, _: Finding) -> bool:
    """Maps are read that are root's or the TrustedUser's (safefile.c)."""
    return unknown.labels.get("option") == "TrustedUser"


def _refused_for_it(unknown: Finding, refused: Finding) -> bool:
    """Among what sendmail says of its lines is that it does not know this user."""
    words = f"option {unknown.labels['option']}: unknown user"
    return any(words in evidence.text for evidence in refused.evidence)


def _access_map(unread: Finding, _: Finding) -> bool:
    """An access map that cannot be asked turns every client away: EHLO shows no extension, all else gets a 451."""
    return unread.labels.get("map") == "access"


def _same_plugin(broken: Finding, lacking: Finding) -> bool:
    """Two broken plug-ins are two faults."""
    return broken.labels.get("plugin") == lacking.labels.get("plugin")


def _wrong_one_is_read(shadow: Finding, _: Finding) -> bool:
    return shadow.severity == "error"


def _rests_on(*options: str) -> Pair:
    """The first of two lines leads nowhere, and the symptom is what comes of that option."""
    return lambda twice, _: twice.severity == "error" and twice.labels.get("option") in options


def _ends_smtpd(mechanisms: Finding, _: Finding) -> bool:
    """Where some clients lack their mechanism, the others get an answer all the same."""
    return mechanisms.severity == "error"


def _same_hub(realm: Finding, refused: Finding) -> bool:
    return realm.labels["hub"] == refused.labels["hub"]


def _every_client(refused: Finding, _: Finding) -> bool:
    """An entry for this host itself, by whose address its own ports are looked at, counts as one for everybody."""
    return refused.labels.get("client", "").partition(".")[0] in ("", "127", "localhost")


def _drops_now(limit: Finding, _: Finding) -> bool:
    """Only where the socket was seen to close at once; else it is a warning of busy hours."""
    return limit.severity == "error"


def _cyrus_is_meant(kind: Finding, _: Finding) -> bool:
    """Dovecot is asked by mistake: how it fares is of no account."""
    return kind.labels.get("meant") == "cyrus"


def _keeps_it_from_starting(lacking: Finding, _: Finding) -> bool:
    """The file by which a database is asked is not there; of a server that is down the auth service makes a 535."""
    return "path" in lacking.labels


def _of_all_who_tried(locked: Finding, _: Finding) -> bool:
    """Where others got in, it is less than an error, and every login does not fail."""
    return locked.severity == "error"


CAUSES = (
    Cause("RUN067", ("RUN066", "no-answer", "no-offer", "no-starttls"), _drops_now),
    Cause("SASL069", ("RUN066", "no-answer", "no-offer", "no-starttls"), _keeps_it_from_starting),
    Cause(
        "SASL045",
        ("RUN065", "RUN066", "RUN075", "RUN076", "SASL065", "PERM065", "PERM075", "CONF065", "CONF066", "CONF070"),
        _cyrus_is_meant,
    ),
    Cause("RUN056", ("no-answer",), _drops_now),
    Cause("CONF070", ("no-answer", "no-offer", "no-starttls"), _ends_smtpd),
    Cause("PAM004", ("LOGIN001",), _of_all_who_tried),
    Cause("LDAP009", ("LOGIN001",), _of_all_who_tried),
    Cause("MAP014", ("no-answer", "no-offer", "no-starttls"), _every_client),
    Cause("MAP016", ("no-answer", "no-offer", "no-starttls"), _every_client),
    Cause("MAP015", ("no-answer",), _every_client),
    Cause("CONF001", ("CONF002", "CONF023", "stopped"), _of_the_daemon),
    Cause("CONF019", ("PERM010",), _owner_of_maps),
    Cause("CONF019", ("CONF023",), _refused_for_it),
    Cause("MAP001", ("no-answer", "no-offer", "no-starttls"), _access_map),
    Cause("MAP006", ("no-answer", "no-offer", "no-starttls"), _access_map),
    *(Cause(code, ("LINK006",), _same_plugin) for code in ("LINK001", "LINK002", "LINK003", "LINK004")),
    Cause("SASL006", ("SASL007", "USER001", "USER002", "USER005", "LOGIN001", "LOGIN002"), _wrong_one_is_read),
    Cause("SASL024", ("SASL007", "SASL008", "SASL005"), _rests_on("pwcheck_method", "saslauthd_path")),
    Cause("SASL024", ("USER001", "USER002", "USER005"), _rests_on("sasldb_path", "auxprop_plugin")),
    Cause("SASL024", ("LINK006",), _rests_on("auxprop_plugin")),
    Cause("SASL024", ("MECH001", "MECH004", "MECH011", "WIRE010"), _rests_on("mech_list")),
    Cause("MAP024", ("MAP023",), _same_hub),
)
