"""Which finding explains which. The order of the causes is the order of the roots of one severity."""

from maildoctor.api import Cause

_STOPPED = ("RUN001", "RUN002")
_NO_TLS = ("MECH009",)
_NO_ANSWER = ("WIRE001", "WIRE002", "WIRE003", "WIRE004", "WIRE020")
_NO_OFFER = ("WIRE010", "WIRE013", "WIRE014", "WIRE015", "WIRE024")
_NO_STARTTLS = ("WIRE010", "WIRE015", "WIRE020", "WIRE021", "WIRE023")

CAUSES = (
    Cause("CONF003", (*_STOPPED, "CONF004")),
    Cause("CONF011", ("MECH001", "MECH002", "MECH003", "MECH005", "CONF008", "LINK001", "LINK002", "RUN004")),
    Cause("CONF017", (*_STOPPED, "CONF011")),
    Cause("CONF018", _STOPPED),
    Cause("RUN007", _STOPPED),
    Cause(
        "CONF001",
        ("CONF002", "CONF023", *_STOPPED),
        lambda bad, _: not bad.labels.get("path", "").endswith("submit.cf"),
    ),
    Cause("CONF023", ("MAP001", *_STOPPED)),
    Cause("QUEUE003", ("RUN006", *_STOPPED)),
    Cause("PERM001", (*_STOPPED, "RUN004", "PERM002", "MECH009")),
    Cause("SASL001", (*_STOPPED, "SASL002", "SASL004", "MECH004")),
    Cause("QUEUE001", _STOPPED),
    Cause("SYS003", _STOPPED),
    Cause("LINK005", ("LINK006", "MECH001", "MECH005", "MECH009", "USER001")),
    Cause("LINK001", ("MECH001", "LINK006")),
    Cause("LINK002", ("MECH001", "LINK006")),
    Cause("LINK003", ("MECH001", "LINK006")),
    Cause("LINK004", ("MECH001", "LINK006")),
    Cause(
        "CONF002",
        ("MECH002", "MECH003", "MECH005", "MECH007", "MECH009", "CONF005", "CONF006", "CONF010", "CONF015", "MAP004"),
    ),
    Cause("CONF014", ("USER005", "TLS004")),
    # it sleeps for a minute before it listens
    Cause("CONF014", ("RUN002",)),
    Cause("PERM006", ("PERM004",)),
    Cause("CONF019", ("QUEUE002", "PERM006")),
    Cause("PERM007", ("MECH001", "LINK006", "LINK003")),
    Cause("MECH001", ("LINK006",)),
    Cause("USER004", ("USER007",)),
    Cause("USER006", ("USER007",)),
    Cause("SASL005", ("MECH004", "MECH003")),
    Cause("CONF015", ("MECH003", "MECH001")),
    Cause("MECH004", ("MECH003",)),
    Cause("SASL007", ("SASL008", "SASL009")),
    Cause("SYS004", ("TLS002", "TLS003")),
    Cause("PERM010", ("QUEUE002",)),
    Cause("TLS005", ("TLS004",)),
    Cause("CONF012", ("CONF016",)),
    Cause("CONF013", ("MECH007",)),
    Cause("TLS007", ("MECH009",)),
    Cause("USER004", ("USER002", "USER003", "USER005", "USER008", "USER009")),
    Cause("USER005", ("USER008", "USER009")),
    Cause("RUN004", ("USER008", "USER009")),
    Cause("PERM006", ("USER008", "USER009")),
    Cause("SASL002", ("USER008", "USER009")),
    Cause("CONF014", ("USER008", "USER009")),
    Cause("USER003", ("USER002", "USER005")),
    Cause("RUN001", ("RUN002", "RUN004")),
    Cause("RUN004", ("RUN002",)),
    # a daemon that rejects connections closes its sockets until it takes some again
    Cause("RUN006", ("RUN002",)),
    Cause("RUN009", ("RUN002", "RUN003", *_NO_STARTTLS, *_NO_OFFER)),
    Cause("RUN008", ("RUN002", *_NO_ANSWER)),
    Cause("MECH001", ("MAP012",)),
    Cause("LINK001", ("MAP012",)),
    Cause("LINK002", ("MAP012",)),
    Cause("LINK003", ("MAP012",)),
    Cause("LINK005", ("MAP012",)),
    Cause("PERM007", ("MAP012",)),
    Cause("CONF002", ("MAP009",)),
    Cause("MAP004", ("MAP013",)),
    Cause("MAP024", ("MAP023",), lambda realm, refused: realm.labels["hub"] == refused.labels["hub"]),
    # what servers say on the wire is a symptom of whatever the files tell
    *(Cause(code, _NO_ANSWER) for code in ("CONF001", "QUEUE001", "QUEUE003", "SYS003", "RUN001", "RUN006", "RUN007")),
    Cause("RUN005", ("WIRE001", "WIRE002", "WIRE004", "WIRE010", "WIRE020", "WIRE023", "WIRE024")),
    # an access map that cannot be asked turns every client away: EHLO shows no extension, and all else gets a 451
    Cause("PERM010", ("WIRE002", "WIRE010", "WIRE023")),
    Cause("PERM006", ("WIRE002",)),
    *(
        Cause(code, ("WIRE002", "WIRE010", "WIRE023"), lambda unread, _: unread.labels.get("map") == "access")
        for code in ("MAP001", "MAP006")
    ),
    *(
        Cause(code, (*_NO_STARTTLS, *_NO_OFFER))
        for code in ("PERM001", "PERM002", "PERM006", "SYS002", "CONF002", "CONF008", "CONF018")
    ),
    *(
        Cause(code, _NO_STARTTLS)
        for code in ("TLS001", "TLS005", "TLS006", "TLS007", "TLS008", "TLS009", "CONF006", "MECH009", "MAP005")
    ),
    *(
        Cause(code, _NO_OFFER)
        for code in (
            *("CONF005", "CONF011", "CONF013", "CONF015", "CONF017", "CONF021"),
            *("LINK001", "LINK002", "LINK003", "LINK004", "LINK005", "LINK006", "LINK007", "PERM007"),
            *("MECH001", "MECH003", "MECH004", "MECH005", "MECH006", "MECH009"),
            *("SASL001", "SASL002", "SASL003", "SASL005", "SASL006", "MAP005"),
        )
    ),
    *(Cause(code, ("WIRE011", "WIRE023")) for code in ("CONF013", "CONF002", "MECH007")),
    *(Cause(code, ("WIRE025", "WIRE026", "WIRE027")) for code in ("SYS004", "TLS002", "TLS003", "TLS004")),
    Cause("RUN007", ("WIRE010", "WIRE011", "WIRE015", "WIRE030")),
    Cause("RUN004", (*_NO_STARTTLS, *_NO_OFFER, "WIRE011", "WIRE025", "WIRE030")),
)

WITNESSES = {
    "CONF009": ("CONF124",),
    "CONF011": ("CONF122",),
    "CONF014": ("CONF127",),
    "CONF018": ("PERM130",),
    "CONF024": ("PERM142",),
    "LINK001": ("LINK130", "LINK131", "LINK132", "LINK133", "LINK134", "LINK150"),
    "LINK002": ("LINK135",),
    "LINK003": ("LINK137", "LINK138", "LINK140"),
    "LINK005": ("LINK141", "MECH120"),
    "LINK006": ("CONF151",),
    "LINK007": ("LINK139",),
    "MAP001": ("MAP121", "PERM129"),
    "MAP003": ("CONF130",),
    "MECH002": ("RELAY120",),
    "MECH006": ("KRB100", "KRB101", "KRB102"),
    "PERM001": ("PERM121", "PERM127", "PERM128", "PERM130", "PERM140"),
    "PERM002": ("PERM121", "PERM140"),
    "PERM006": ("PERM151", "PERM140"),
    "PERM007": ("PERM124",),
    "PERM008": ("QUEUE120",),
    "QUEUE001": ("QUEUE122",),
    "QUEUE002": ("QUEUE122",),
    "QUEUE003": ("SYS120",),
    "RUN002": ("RUN122",),
    "RUN005": ("CONF125",),
    "RUN007": ("RUN121",),
    "SASL001": ("CONF120", "CONF121"),
    "SASL002": ("CONF150", "SASL124"),
    "SASL007": ("RUN150", "SASL123"),
    "SASL008": ("PERM150", "RUN150", "SASL123"),
    "TLS001": ("TLS129", "TLS128", "PERM140"),
    "TLS005": ("TLS127",),
    "TLS006": ("TLS128",),
    "USER001": ("SASL120", "SASL160", "SASL152", "USER150"),
    "USER002": ("SASL120", "SASL152", "USER150"),
    "USER004": ("SASL161", "SASL123"),
    "USER005": ("SASL120", "SASL152", "USER150"),
    "USER008": ("SASL120", "SASL152", "USER150"),
    "USER009": ("SASL121", "USER151", "SASL154"),
}
"""Check to the log rules that speak of the same fault: what the log says is still true, or was mended since."""
