"""CONF: the modules that Courier's authdaemond asks."""

from maildoctor.api import Findings, by_hand, check, edit, found, inspect
from maildoctor.api.backends import CourierAuth

_LIST = '>> /etc/courier/authdaemonrc\nauthmodulelist="{}"\n'
_MYSQL = ">> /etc/courier/authmysqlrc\nMYSQL_SERVER {}\nMYSQL_DATABASE mail\n"


@check(
    "CONF085",
    "courier-module-not-asked",
    "warning",
    rung="verifier",
    role="cause",
    fails=[
        {"courier": _LIST.format("authpam") + _MYSQL.format("localhost")},
        {"courier": _LIST.format("authpam authmysql") + ">> /etc/courier/authldaprc\nLDAP_BASEDN\tdc=corp,dc=net\n"},
    ],
    passes=[
        {"courier": _LIST.format("authpam authmysql") + _MYSQL.format("localhost")},
        {"courier": _LIST.format("authpam") + _MYSQL.format("mysql.example.com")},
        {"courier": _MYSQL.format("localhost")},
    ],
    refs=("courier-authlib: authdaemond.c: modules are loaded by authmodulelist, in that order, and no other",),
)
def module_not_asked(courier: CourierAuth) -> Findings:
    """A module of Courier's authentication library is set up, but authmodulelist does not name it: it is never asked.

    authdaemond loads the modules of authmodulelist alone; authmodulelistorig is only a list to choose from. Users whom
    that module knows are refused by the others: "all modules rejected".

    Advice: add it to authmodulelist in authdaemonrc, install its package and restart authdaemond; authtest USER shows
    what comes of it.
    """
    for module, evidence in courier.set_up.items():
        if courier.listed and module not in courier.listed:
            yield found(
                f"{evidence.source} is set up, but authmodulelist is \"{' '.join(courier.listed)}\": {module} is never "
                "asked",
                evidence=[courier.evidence, evidence],
                fix=[
                    edit(courier.path, "{module} added to authmodulelist", module=module),
                    by_hand("install the package courier-{package} and restart authdaemond",
                            package=module.replace("auth", "authlib-")),
                    inspect("authtest USER"),
                ],
                path=courier.path,
            )  # fmt: skip
