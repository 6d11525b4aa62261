"""The order of the roots of one severity, and which finding explains which where that needs a condition. All else that
a finding explains stands in the declaration of its check."""

from maildoctor.api import Cause, Finding

ORDER = (
    "CONF003",
    "CONF011",
    "CONF017",
    "CONF018",
    "RUN007",
    "RUN021",
    "CONF001",
    "CONF023",
    "QUEUE003",
    "PERM001",
    "SASL001",
    "QUEUE001",
    "RUN024",
    "RUN023",
    "SYS003",
    "RUN025",
    "LINK005",
    "LINK001",
    "LINK002",
    "LINK003",
    "LINK004",
    "CONF002",
    "CONF028",
    "CONF014",
    "PERM006",
    "CONF019",
    "PERM007",
    "MECH001",
    "USER004",
    "USER006",
    "SASL005",
    "CONF015",
    "MECH011",
    "MECH004",
    "SASL013",
    "SASL014",
    "SASL012",
    "USER011",
    "PAM004",
    "LDAP004",
    "LDAP003",
    "LDAP005",
    "LDAP008",
    "LDAP009",
    "SASL007",
    "SYS004",
    "PERM010",
    "TLS005",
    "CONF012",
    "CONF013",
    "TLS007",
    "USER005",
    "USER013",
    "RUN011",
    "RUN004",
    "RUN012",
    "SASL002",
    "USER003",
    "USER008",
    "USER009",
    "RUN001",
    "RUN006",
    "RUN009",
    "RUN008",
    "MAP004",
    "MAP024",
    "SYS005",
    "SYS006",
    "RUN005",
    "RUN014",
    "RUN013",
    "RUN020",
    "RUN015",
    "RUN018",
    "RUN019",
    "QUEUE005",
    "RUN016",
    "MAP001",
    "MAP006",
    "PERM002",
    "SYS002",
    "CONF008",
    "TLS001",
    "TLS006",
    "TLS008",
    "TLS009",
    "TLS011",
    "CONF006",
    "MECH009",
    "MAP005",
    "MAP014",
    "MAP015",
    "MAP016",
    "MAP017",
    "CONF025",
    "CONF005",
    "CONF021",
    "LINK006",
    "LINK007",
    "MECH003",
    "MECH005",
    "MECH006",
    "SASL003",
    "SASL006",
    "MECH007",
    "TLS002",
    "TLS003",
    "TLS004",
    "TLS010",
    "MECH012",
)
"""Where several causes of one symptom are found, it stands under the first of them."""


def _of_the_daemon(bad: Finding, _: Finding) -> bool:
    """Not submit.cf, which no daemon reads."""
    return not bad.labels.get("path", "").endswith("submit.cf")


def _access_map(unread: Finding, _: Finding) -> bool:
    """An access map that cannot be asked turns every client away: EHLO shows no extension, all else gets a 451."""
    return unread.labels.get("map") == "access"


def _wrong_one_is_read(shadow: Finding, _: Finding) -> bool:
    return shadow.severity == "error"


def _same_hub(realm: Finding, refused: Finding) -> bool:
    return realm.labels["hub"] == refused.labels["hub"]


def _every_client(refused: Finding, _: Finding) -> bool:
    """An entry for this host itself, by whose address its own ports are looked at, counts as one for everybody."""
    return refused.labels.get("client", "").partition(".")[0] in ("", "127", "localhost")


def _of_all_who_tried(locked: Finding, _: Finding) -> bool:
    """Where others got in, it is less than an error, and every login does not fail."""
    return locked.severity == "error"


CAUSES = (
    Cause("PAM004", ("LOGIN001",), _of_all_who_tried),
    Cause("LDAP009", ("LOGIN001",), _of_all_who_tried),
    Cause("MAP014", ("no-answer", "no-offer", "no-starttls"), _every_client),
    Cause("MAP016", ("no-answer", "no-offer", "no-starttls"), _every_client),
    Cause("MAP015", ("no-answer",), _every_client),
    Cause("CONF001", ("CONF002", "CONF023", "stopped"), _of_the_daemon),
    Cause("MAP001", ("WIRE002", "WIRE010", "WIRE023"), _access_map),
    Cause("MAP006", ("WIRE002", "WIRE010", "WIRE023"), _access_map),
    Cause("SASL006", ("SASL007", "USER001", "USER002", "USER005", "LOGIN001", "LOGIN002"), _wrong_one_is_read),
    Cause("MAP024", ("MAP023",), _same_hub),
)
