"""MAP: the name that Dovecot looks for in a directory, against the entries that are there."""

from maildoctor.api import Evidence, Findings, Restart, check, edit, found, inspect
from maildoctor.api.dovecot import DirectoryNames, expanded

_HEAD = ">> settings: /etc/dovecot/dovecot-ldap.conf.ext\n"
_BIND = f"{_HEAD}auth_bind = yes\nauth_bind_userdn = uid={{}},ou=people,dc=example,dc=com\n>> entries\n"
_FILTER = f"{_HEAD}pass_filter = (&(objectClass=*)({{}}))\n>> entries\n"
_SHORT = "dn: uid=bob,ou=people,dc=example,dc=com\nuid: bob\n"
_LONG = "dn: uid=bob@example.com,ou=people,dc=example,dc=com\nuid: bob@example.com\n"
_TRIED = "\ntried: bob@example.com\n"


_MOST = 20
"""Names that were tried, of which the entries are searched for: one that is not found in its form settles it."""


@check(
    "MAP086",
    "dovecot-ldap-name-in-other-form",
    "error",
    rung="account",
    role="cause",
    witnesses=("USER660", "USER661"),
    fails=[
        {"names": _BIND.format("%u") + _SHORT + _TRIED},
        {"names": _BIND.format("%{user}") + _SHORT + _TRIED},
        {"names": _BIND.format("%n") + _LONG + _TRIED},
        {"names": _FILTER.format("uid=%u") + _SHORT + _TRIED},
        {"names": _FILTER.format("uniqueIdentifier=%n") + _SHORT + "objectClass: person" + _TRIED},
    ],
    passes=[
        {"names": _BIND.format("%n") + _SHORT + _TRIED},
        {"names": _BIND.format("%u") + _LONG + _TRIED},
        {"names": _BIND.format("%u") + _SHORT},
        {"names": _BIND.format("%u") + _TRIED},
        {"names": _FILTER.format("uid=%n") + _SHORT + _TRIED},
        {"names": _FILTER.format("mail=%u") + _SHORT + _TRIED},
    ],
    refs=("dovecot: auth/passdb-ldap.c, ldap_verify_plain(): auth_bind_userdn is bound as it is, variables put in",),
)
def name_in_other_form(names: DirectoryNames) -> Findings:
    """Dovecot asks the directory for another form of the name than the entry has, so that nobody is found.

    %u (2.4: %{user}) is the name as the client sends it, %n (2.4: %{user | username}) what stands before the @. A bind
    as an entry that does not exist is refused in the same words as a wrong password.

    Advice: write the variable that gives what stands in the directory, or leave auth_bind_userdn out and let a filter
    find the entry by its address: pass_filter = (mail=%u). Then reload Dovecot.
    """
    template = names.settings.get("auth_bind_userdn", "")
    for user in list(dict.fromkeys(names.tried))[:_MOST]:
        asked, other = expanded(template, user), expanded(template, user, other=True)
        if template and names.entries:
            entry = names.at(other)
            if asked != other and names.at(asked) is None and entry is not None:
                yield from _found(names, "auth_bind_userdn", template, f"binds as {asked}", f"the entry is {entry.dn}")
                return
            continue
        for name, wanted in names.compared:
            asked, other = expanded(wanted, user), expanded(wanted, user, other=True)
            if any(e.has(name, asked) for e in names.entries):
                return
            entry = next((e for e in names.entries if asked != other and e.has(name, other)), None)
            if entry is not None:
                there = f"the entry {entry.dn} has {name}={other}"
                yield from _found(names, "pass_filter", f"({name}={wanted})", f"looks for {name}={asked}", there)
                return
        yield from _without_attribute(names, user)


def _without_attribute(names: DirectoryNames, user: str) -> Findings:
    """The user is there, and no attribute that the filter names."""
    mine = [e for e in names.entries if e.whole and (e.has("mail", user) or e.has("uid", user.partition("@")[0]))]
    lacking = [n for n, _ in names.compared if mine and all(n.lower() not in dict(mine[0].values) for _ in mine)]
    if mine and lacking and len(lacking) == len(names.compared):
        has = next(name for name in ("mail", "uid") if name in dict(mine[0].values))
        yield found(
            f"Dovecot looks for {lacking[0]}, which the entry {mine[0].dn} does not have: it has {has}",
            evidence=[
                Evidence(names.path, f"pass_filter = {names.settings['pass_filter']}"),
                Evidence("ldapsearch", f"dn: {mine[0].dn}"),
            ],
            fix=[
                edit(names.path, f"pass_filter with {_FORM[has]}, an attribute that is there"),
                Restart("dovecot"),
                inspect("doveadm auth test USER"),
            ],
            path=names.path,
        )  # fmt: skip


_FORM = {"mail": "(mail=%u)", "uid": "(uid=%n)"}
_OTHER = {
    True: "in {setting} the name without its domain: %n in place of %u (2.4: user | username in place of user)",
    False: "in {setting} the whole name: %u in place of %n (2.4: user in place of user | username)",
}


def _is_whole(template: str) -> bool:
    return any(word in template for word in ("%u", "%Lu", "%{user}"))


def _found(names: DirectoryNames, setting: str, template: str, asks: str, there: str) -> Findings:
    yield found(
        f"Dovecot {asks}, and {there}: {setting} has the other form of the name",
        evidence=[
            Evidence(names.path, f"{setting} = {names.settings[setting]}"),
            Evidence("ldapsearch", there.removeprefix("the entry is ")),
        ],
        fix=[
            edit(names.path, _OTHER[_is_whole(template)], setting=setting),
            Restart("dovecot"),
            inspect("doveadm auth test USER"),
        ],
        path=names.path,
    )
