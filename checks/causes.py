"""Which finding explains which. The order of the causes is the order of the roots of one severity."""

from maildoctor.api import Cause

_STOPPED = ("RUN001", "RUN002")
_NO_TLS = ("MECH009",)

CAUSES = (
    Cause("CONF003", (*_STOPPED, "CONF004")),
    Cause("CONF011", ("MECH001", "MECH002", "MECH003", "MECH005", "CONF008", "LINK001", "LINK002", "RUN004")),
    Cause("CONF017", (*_STOPPED, "CONF011")),
    Cause("CONF018", _STOPPED),
    Cause("RUN007", _STOPPED),
    Cause("CONF001", ("CONF002", *_STOPPED)),
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
    Cause("USER004", ("USER002", "USER003", "USER005", "USER008", "USER009")),
    Cause("USER005", ("USER008", "USER009")),
    Cause("RUN004", ("USER008", "USER009")),
    Cause("PERM006", ("USER008", "USER009")),
    Cause("SASL002", ("USER008", "USER009")),
    Cause("CONF014", ("USER008", "USER009")),
    Cause("USER003", ("USER002", "USER005")),
    Cause("RUN001", ("RUN002", "RUN004")),
    Cause("RUN004", ("RUN002",)),
)
