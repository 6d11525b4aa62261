"""A PAM service read to its end, and whether its stack can ever say yes: libpam's own way through it
(libpam/pam_handlers.c, pam_dispatch.c), with what each module could return."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Literal, Self

from maildoctor.facts.backends.accounts import SystemAccount
from maildoctor.facts.backends.tally import Limits, Lock, Tally, settings_of
from maildoctor.facts.paths import Look
from maildoctor.model import Evidence

PamType = Literal["auth", "account"]
"""What saslauthd asks for: pam_authenticate(), then pam_acct_mgmt() (saslauthd/auth_pam.c)."""

Returns = frozenset[str]

_LEVELS = 16
"""PAM_SUBSTACK_MAX_LEVEL."""

_MOST = 100
"""Rows of one stack that are followed; the longest that is known has 30. Of a longer one nothing is said."""

_OK, _DONE, _BAD, _DIE, _IGNORE, _RESET = "ok", "done", "bad", "die", "ignore", "reset"
_ACTIONS = (_IGNORE, _OK, _DONE, _BAD, _DIE, _RESET)
_FAIL = frozenset({"auth_err"})
_YES = frozenset({"success"})
_PASSED_OVER = frozenset({"ignore"})
_ANY = frozenset({
    "success", "service_err", "perm_denied", "auth_err", "cred_insufficient", "authinfo_unavail", "user_unknown",
    "maxtries", "new_authtok_reqd", "acct_expired", "ignore", "abort", "authtok_expired", "system_err",
})  # fmt: skip
_RETURNS = _ANY | {
    "open_err", "symbol_err", "buf_err", "session_err", "cred_unavail", "cred_expired", "cred_err", "no_module_data",
    "conv_err", "authtok_err", "authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging", "try_again",
    "module_unknown", "bad_item", "conv_again", "incomplete",
}  # fmt: skip
_SIMPLE: Mapping[str, tuple[dict[str, str], str]] = {
    "required": ({"success": _OK, "new_authtok_reqd": _OK, "ignore": _IGNORE}, _BAD),
    "requisite": ({"success": _OK, "new_authtok_reqd": _OK, "ignore": _IGNORE}, _DIE),
    "optional": ({"success": _OK, "new_authtok_reqd": _OK}, _IGNORE),
    "sufficient": ({"success": _DONE, "new_authtok_reqd": _DONE}, _IGNORE),
}

FAILLOCK_CONF = "/etc/security/faillock.conf"

NEVER_ASKS = frozenset({
    "pam_deny", "pam_permit", "pam_env", "pam_nologin", "pam_faildelay", "pam_succeed_if", "pam_warn", "pam_debug",
    "pam_echo", "pam_rootok", "pam_cap", "pam_group", "pam_faillock", "pam_tally", "pam_tally2", "pam_wheel",
    "pam_listfile", "pam_access", "pam_time", "pam_securetty", "pam_shells", "pam_limits", "pam_localuser",
    "pam_usertype", "pam_issue", "pam_motd", "pam_mail", "pam_keyinit", "pam_loginuid", "pam_umask", "pam_mkhomedir",
})  # fmt: skip
"""Modules that look at no password."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file of PAM. `silent`: a `-` before its type."""

    path: str
    number: int
    text: str
    type: str
    control: str
    module: str
    arguments: tuple[str, ...]
    silent: bool = False

    @property
    def evidence(self) -> Evidence:
        """The line in its file."""
        return Evidence(f"{self.path}:{self.number}", self.text)

    @property
    def name(self) -> str:
        """The module without folder and suffix, as `pam_unix`."""
        return self.module.rpartition("/")[2].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Handler:
    """One step of a stack. `actions`: what is done for a return, `otherwise` for those not named; `fails`: why it
    fails whatever is asked, as a file that is not there."""

    row: Row
    level: int
    actions: Mapping[str, str]
    otherwise: str
    fails: str = ""
    is_substack: bool = False

    def action(self, returned: str) -> str:
        """ok, done, bad, die, ignore, reset, or a number of steps to skip."""
        return self.actions.get(returned, self.otherwise)


_Place = tuple[int, str, bool, int, tuple[tuple[str, bool], ...]]
"""Where the way is: the next handler, the impression, whether the status is success, the level, and what was before
each substack."""

Judge = Callable[[Handler], Returns]
"""What a handler could return."""


@dataclass(frozen=True)
class PamService:
    """The files of one service, and what its modules look at.

    Text: `>> service: smtp`, `>> file: PATH` and then its lines, `>> missing: PATH`, `>> modules: DIR` and then the
    names in it, a line each, `>> module: PATH` or `>> module: PATH missing` for one named by its whole path, `>>
    nologin: PATH`, `>> list: PATH` and then its lines, `>> shells` and then those of /etc/shells; `ls -ld` lines of
    lists; `>> conf: PATH` and then the lines of faillock.conf; `>> tally: MODULE USER PATH` and then what is counted
    for that user; `>> now: TIME`.
    """

    service: str
    files: Mapping[str, tuple[Row, ...]]
    missing: frozenset[str]
    folder: str
    modules: frozenset[str]
    absolute: Mapping[str, bool]
    nologin: str
    lists: Mapping[str, tuple[str, ...]]
    shells: frozenset[str] | None
    list_files: Mapping[str, Look] = field(default_factory=dict)
    confs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """the lines of each faillock.conf"""
    tallies: Mapping[tuple[str, str, str], Tally] = field(default_factory=dict)
    """by module, file or folder, and user"""
    now: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the lines described above."""
        sections: list[tuple[str, str, list[str]]] = []
        files = {x.path: x for x in map(Look.parse, text.splitlines()) if x}
        for line in text.splitlines():
            if m := re.fullmatch(r">> (\w{1,10})(?:: ?(.*))?", line):
                sections.append((m[1], (m[2] or "").strip(), []))
            elif sections:
                sections[-1][2].append(line)
        named = {kind: value for kind, value, _ in reversed(sections)}
        modules = next((lines for kind, _, lines in sections if kind == "modules"), [])
        shells = next((lines for kind, _, lines in sections if kind == "shells"), None)
        return cls(
            named.get("service") or "smtp",
            {value: tuple(_rows(value, lines)) for kind, value, lines in sections if kind == "file"},
            frozenset(value for kind, value, _ in sections if kind == "missing"),
            named.get("modules", ""),
            frozenset(name.strip() for name in modules),
            {
                value.removesuffix(" missing"): not value.endswith(" missing")
                for kind, value, _ in sections
                if kind == "module"
            },
            named.get("nologin", ""),
            {value: tuple(lines) for kind, value, lines in sections if kind == "list"},
            None if shells is None else frozenset(s.strip() for s in shells if s.strip().startswith("/")),
            files,
            {value: tuple(lines) for kind, value, lines in sections if kind == "conf"},
            _tallies(sections),
            _seconds(named.get("now", "")),
        )

    @cached_property
    def path(self) -> str:
        """The file of the service; that of `other` where it has none; empty where there is neither."""
        return self._by_name.get(self.service, self.other)

    @cached_property
    def other(self) -> str:
        """The file of the service `other`, empty where there is none."""
        return self._by_name.get("other", "")

    def stack(self, kind: PamType) -> tuple[Handler, ...]:
        """The handlers of one type; those of `other` where the service has none (pam_dispatch.c: h == NULL)."""
        return self._stacks[kind]

    @cached_property
    def _stacks(self) -> Mapping[PamType, tuple[Handler, ...]]:
        return {"auth": self._stack("auth"), "account": self._stack("account")}

    def _stack(self, kind: PamType) -> tuple[Handler, ...]:
        for path in dict.fromkeys((self.path, self.other)):
            if path and (found := tuple(islice(self._flat(path, kind, 0, 0), _MOST))):
                return found
        return ()

    @cached_property
    def _words(self) -> Mapping[str, frozenset[str]]:
        """The lines of each list."""
        return {path: frozenset(filter(None, lines)) for path, lines in self.lists.items()}

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        """Where the files are, by their names alone; the first counts."""
        return {path.rpartition("/")[2]: path for path in reversed(list(self.files))}

    def _flat(self, path: str, kind: PamType, depth: int, level: int) -> Iterator[Handler]:
        for row in self.files.get(path, ()):
            if row.type == "@include":
                yield from self._included(row, kind, depth, level, kind)
            elif row.type not in ("auth", "account", "session", "password"):
                if kind == "auth" or depth:
                    yield Handler(row, level, {}, _BAD, f"{row.type} is no type of PAM")
            elif row.type == kind:
                if row.control in ("include", "substack"):
                    sub = level + (row.control == "substack")
                    if sub > level:
                        yield Handler(row, level, {}, _IGNORE, "", True)
                    yield from self._included(row, kind, depth, sub, kind)
                else:
                    actions, otherwise = _control(row.control)
                    yield Handler(row, level, actions, otherwise, "" if row.module else "no module is named")

    def _included(self, row: Row, kind: PamType, depth: int, level: int, _: PamType) -> Iterator[Handler]:
        path = self._find(row.module)
        if depth + 1 >= _LEVELS:
            yield Handler(row, level, {}, _BAD, "files are included without end")
        elif path:
            yield from self._flat(path, kind, depth + 1, level)
        else:
            yield Handler(row, level, {}, _BAD, f"{row.module} is not there")

    def _find(self, name: str) -> str:
        if name.startswith("/"):
            return name if name in self.files else ""
        return self._by_name.get(name, "")

    # ---- what modules return

    def absent(self, handler: Handler) -> bool:
        """Whether the module of this handler is not installed."""
        module = handler.row.module
        if handler.fails or handler.is_substack or not module:
            return False
        if module.startswith("/"):
            return not self.absolute.get(module, True)
        name = module.rpartition("/")[2] if "$ISA" in module else module
        return bool(self.folder) and name not in self.modules

    def returns(
        self, handler: Handler, kind: PamType, person: SystemAccount | None = None, right: bool = True
    ) -> Returns:
        """What this module could return for somebody who has an account: of anyone, or of this `person`. `right`: the
        password may be the right one."""
        if handler.fails:
            return frozenset({"perm_denied"})
        if self.absent(handler):
            return frozenset({"module_unknown"})
        name = handler.row.name
        known = _KNOWN.get(name)
        found = known(self, handler.row, kind, person) if known else _ANY
        if not right and kind == "auth" and name not in NEVER_ASKS:
            found = (found - {"success", "ignore", "new_authtok_reqd"}) or _FAIL
        if not right and name in _CONDITIONS and len(found) > 1:
            found = found - {"success"}
        return found

    def succeeds(
        self, kind: PamType, person: SystemAccount | None = None, right: bool = True, but: Handler | None = None
    ) -> bool:
        """Whether the stack can end in success; `but`: as if this handler did."""
        stack = self.stack(kind)
        if len(stack) == _MOST:
            return True

        def judge(handler: Handler) -> Returns:
            return _YES if handler is but else self.returns(handler, kind, person, right)

        return can_succeed(stack, judge)

    def culprits(self, kind: PamType, person: SystemAccount | None = None) -> tuple[Handler, ...]:
        """Why it cannot: the handlers of which each alone, were it content, would let somebody in; else those that
        always fail."""
        stack = self.stack(kind)
        fixed = {id(h): self.returns(h, kind, person) for h in stack}

        def without(at: int) -> bool:
            """Whether it could succeed if this handler were content, or did not count."""
            idle = replace(stack[at], actions={}, otherwise=_IGNORE)
            rest = [*stack[:at], idle, *stack[at + 1 :]]
            return can_succeed(stack, lambda h: _YES if h is stack[at] else fixed[id(h)]) or can_succeed(
                rest, lambda h: _YES if h is idle else fixed[id(h)]
            )

        steps = [at for at, h in enumerate(stack) if not h.is_substack]
        odd = tuple(stack[at] for at in steps if _hopeless(stack, at))
        failing = tuple(stack[at] for at in steps if "success" not in fixed[id(stack[at])])
        return odd or tuple(stack[at] for at in steps if without(at)) or failing

    @cached_property
    def unlocked(self) -> Self:
        """The same, as it is once all that was counted is reset."""
        return replace(self, tallies={})

    def lock(self, name: str, uid: int | None = None, groups: Sequence[str] = ()) -> tuple[Lock, Row] | None:
        """What locks this user out, of the failures that were counted, and the line that asks for them."""
        for handler in self.stack("auth"):
            row = handler.row
            if row.name == "pam_faillock" and "authfail" not in row.arguments:
                limits = Limits.of_faillock(self.settings(row))
            elif row.name == "pam_tally2":
                limits = Limits.of_tally2(settings_of((), row.arguments))
            else:
                continue
            tally = self.tallies.get((row.name, limits.folder, name))
            is_admin = uid == 0 or bool(limits.admins and limits.admins in groups)
            if tally is not None and (found := limits.lock(row.name, tally, is_admin, self.now)):
                return found, row
        return None

    def settings(self, row: Row) -> dict[str, str]:
        """What a line of pam_faillock asks for, with its file."""
        path = _option(row, "conf") or FAILLOCK_CONF
        return settings_of(self.confs.get(path, ()), [a for a in row.arguments if not a.startswith("conf=")])

    @property
    def stores(self) -> tuple[str, ...]:
        """The modules of its auth stack that look at passwords, in order, as `unix`, `ldap`."""
        stack = self.stack("auth")
        asked = (h.row.name for h in stack if h.row.name and h.row.name not in NEVER_ASKS and not h.is_substack)
        return tuple(dict.fromkeys(name.removeprefix("pam_") for name in asked))

    @property
    def proof(self) -> Evidence | None:
        """That its stacks can end in success, and only by a password."""
        if not self.path or not self.stores or not (self.succeeds("auth") and self.succeeds("account")):
            return None
        return Evidence(self.path, f"asks {', '.join(self.stores)}, and can end in success")


# ---- libpam's way through a stack


def can_succeed(stack: Sequence[Handler], judge: Judge) -> bool:
    """Whether any of what the handlers could return ends in PAM_SUCCESS (pam_dispatch.c, _pam_dispatch_aux())."""
    start: _Place = (0, "none", False, 0, ())
    todo = [start]
    seen = {start}
    returns = {id(h): judge(h) for h in stack}
    while todo:
        at, impression, success, before, saved = todo.pop()
        if at >= len(stack):
            if success and impression == "positive":
                return True
            continue
        h = stack[at]
        if before < h.level:
            saved = (*saved[: h.level - 1], *([(impression, success)] * (h.level - len(saved[: h.level - 1]))))
        elif h.level < len(saved):
            saved = saved[: h.level]
        if h.is_substack:
            following: set[_Place] = {(at + 1, impression, success, h.level, saved)}
        else:
            following = {
                (*_step(stack, at, impression, success, returned, saved), saved) for returned in returns[id(h)]
            }
        for state in following - seen:
            seen.add(state)
            todo.append(state)
    return False


def _step(
    stack: Sequence[Handler],
    at: int,
    impression: str,
    success: bool,
    returned: str,
    saved: tuple[tuple[str, bool], ...],
) -> tuple[int, str, bool, int]:
    """After one return: where to go on, the impression, whether the status is success, the level."""
    h = stack[at]
    action = h.action(returned)
    if action == _RESET:
        before = saved[h.level - 1] if 0 < h.level <= len(saved) else ("none", False)
        return at + 1, *before, h.level
    if action in (_OK, _DONE):
        if impression == "none" or (impression == "positive" and success):
            impression, success = "positive", returned == "success"
        if action == _DONE and impression == "positive":
            return _beyond(stack, at), impression, success, h.level
    elif action in (_BAD, _DIE):
        impression, success = "negative", False
        if action == _DIE:
            return _beyond(stack, at), impression, success, h.level
    elif action != _IGNORE:
        at, left = _jumped(stack, at, int(action))
        if left:
            impression, success = "negative", False
    return at + 1, impression, success, h.level


def _beyond(stack: Sequence[Handler], at: int) -> int:
    """The first handler behind the (sub)stack of this one."""
    level = stack[at].level
    at += 1
    while at < len(stack) and stack[at].level >= level:
        at += 1
    return at


def _jumped(stack: Sequence[Handler], at: int, steps: int) -> tuple[int, int]:
    """The handler skipped last, and steps that there were no handlers for."""
    level = stack[at].level
    while steps and at + 1 < len(stack) and stack[at + 1].level >= level:
        at += 1
        while at + 1 < len(stack) and stack[at + 1].level > level:
            at += 1
        steps -= 1
    return at, steps


def _hopeless(stack: Sequence[Handler], at: int) -> bool:
    """Whether even the success of its module counts as a failure: a misspelt control, a file that is not there, a jump
    beyond the end."""
    action = stack[at].action("success")
    if action in _ACTIONS:
        return bool(stack[at].fails) or (action in (_BAD, _DIE) and not stack[at].actions)
    return bool(_jumped(stack, at, int(action))[1])


# ---- reading


_LINE = re.compile(r"(-?)(@?\w[\w-]*)(?:\s+(\[[^\]]*\]|\S+))?(?:\s+(\S+))?(?:\s+(.*))?")


def _rows(path: str, lines: Sequence[str]) -> Iterator[Row]:
    whole, first = "", 0
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        first = first if whole else number
        if text.endswith("\\"):
            whole += text[:-1] + " "
            continue
        text, whole = (whole + text).strip(), ""
        m = _LINE.fullmatch(text)
        if not text:
            continue
        if m is None:
            yield Row(path, first, text[:200], text.split()[0][:40], "", "", ())
        elif m[2].lower() == "@include":
            yield Row(path, first, text[:200], "@include", "include", m[3] or "", ())
        else:
            control = m[3] or ""
            control = control if control.startswith("[") else control.lower()
            arguments = tuple(re.findall(r"\[[^\]]*\]|\S+", m[5] or ""))
            yield Row(path, first, text[:200], m[2].lower(), control, m[4] or "", arguments, bool(m[1]))


def _control(word: str) -> tuple[dict[str, str], str]:
    """What to do for each return (libpam/pam_misc.c, _pam_parse_control()): all is bad where it cannot be read."""
    if word in _SIMPLE:
        actions, otherwise = _SIMPLE[word]
        return dict(actions), otherwise
    found: dict[str, str] = {}
    otherwise = ""
    pairs = re.findall(r"(\w+)\s*=\s*(\w+)", word) if word.startswith("[") else []
    for name, action in pairs:
        if (name != "default" and name not in _RETURNS) or not (
            action in _ACTIONS or re.fullmatch("[1-9][0-9]{0,4}", action)
        ):
            return {}, _BAD
        if name == "default":
            otherwise = otherwise or action
        else:
            found[name] = action
    return (found, otherwise or _BAD) if pairs else ({}, _BAD)


# ---- what modules could return, by their sources

_Model = Callable[[PamService, Row, PamType, SystemAccount | None], Returns]


def _option(row: Row, name: str) -> str:
    return next((a.partition("=")[2] for a in row.arguments if a.startswith(f"{name}=")), "")


def _constant(returned: Returns) -> _Model:
    return lambda _service, _row, _kind, _person: returned


def _unix(_service: PamService, row: Row, kind: PamType, person: SystemAccount | None) -> Returns:
    """pam_unix: passverify.c, check_shadow_expiry()."""
    if person is None:
        return _ANY - {"ignore"}
    if kind == "auth":
        if person.state == "empty":
            return _YES if "nullok" in row.arguments else _FAIL
        return _FAIL if person.state in ("locked", "none") else frozenset({"success", "auth_err"})
    if person.state == "expired":
        return frozenset({"acct_expired"})
    if person.state in ("password-expired", "must-change"):
        return frozenset({"new_authtok_reqd", "authtok_expired"})
    return _YES


def _nologin(service: PamService, row: Row, _kind: PamType, person: SystemAccount | None) -> Returns:
    if _option(row, "file") and _option(row, "file") != service.nologin:
        return frozenset({"success", "ignore", "auth_err"})
    if service.nologin:
        return _FAIL if person is None or person.uid else _PASSED_OVER
    return _YES if "successok" in row.arguments else _PASSED_OVER


def _listfile(service: PamService, row: Row, _kind: PamType, person: SystemAccount | None) -> Returns:
    """pam_listfile.c, by user, group or shell: without a file onerr counts."""
    path, item, sense = _option(row, "file"), _option(row, "item"), _option(row, "sense")
    failed = _YES if _option(row, "onerr") == "succeed" else frozenset({"service_err"})
    if not path or sense not in ("allow", "deny") or item not in ("user", "tty", "rhost", "ruser", "group", "shell"):
        return failed
    if path in service.missing:
        return failed
    look = service.list_files.get(path)
    if look is not None and (look.kind != "-" or look.world_writable):
        return _FAIL
    if item in ("tty", "ruser"):  # saslauthd sets neither: sure not to match
        return _FAIL if sense == "allow" else _YES
    lines = service.lists.get(path)
    if lines is None or item == "rhost" or _option(row, "apply"):
        return frozenset({"success", "auth_err", "ignore"})
    wanted = service._words[path]
    if person is None:
        if sense == "allow":
            return frozenset({"success", "auth_err"}) if wanted else _FAIL
        return frozenset({"success", "auth_err"})
    values = {"user": {person.name}, "group": set(person.groups), "shell": {person.shell}}[item]
    if item == "group" and sense == "allow" and not values & wanted:
        return _FAIL
    return _YES if bool(values & wanted) == (sense == "allow") else _FAIL


def _access(service: PamService, row: Row, _kind: PamType, _person: SystemAccount | None) -> Returns:
    """pam_access.c: the first line that matches counts; without one, or without the file, access is granted."""
    path = _option(row, "accessfile") or "/etc/security/access.conf"
    if path in service.missing:
        return _YES
    lines = service.lists.get(path)
    if lines is None or _option(row, "fieldsep"):
        return frozenset({"success", "perm_denied"})
    rules = [[p.strip() for p in x.split(":", 2)] for x in lines if x.strip() and not x.startswith("#")]
    rules = [rule for rule in rules if len(rule) == 3 and rule[0][:1] in ("+", "-")]
    for sign, users, origins in rules:
        if sign.startswith("-") and users == "ALL" and origins == "ALL":
            return frozenset({"perm_denied"})
        if sign.startswith("+"):
            return frozenset({"success", "perm_denied"})
    return frozenset({"success", "perm_denied"}) if rules else _YES


def _shells(service: PamService, _row: Row, _kind: PamType, person: SystemAccount | None) -> Returns:
    if person is None or service.shells is None:
        return frozenset({"success", "auth_err"})
    return _YES if (person.shell or "/bin/sh") in service.shells else _FAIL


def _localuser(_service: PamService, _row: Row, _kind: PamType, person: SystemAccount | None) -> Returns:
    return _YES if person else frozenset({"success", "perm_denied"})


def _usertype(_service: PamService, row: Row, _kind: PamType, person: SystemAccount | None) -> Returns:
    if person is None or "isregular" not in row.arguments:
        return frozenset({"success", "auth_err", "user_unknown"})
    return _YES if person.uid >= 1000 else _FAIL


def _tallies(sections: Sequence[tuple[str, str, list[str]]]) -> dict[tuple[str, str, str], Tally]:
    found = {}
    for kind, value, lines in sections:
        if kind == "tally" and len(words := value.split(" ")) == 3:
            module, user, path = words
            place = path.rpartition("/")[0] if module == "pam_faillock" else path
            found[module, place, user] = Tally.parse(path, lines)
    return found


def _seconds(stamp: str) -> int:
    try:
        return int(datetime.fromisoformat(stamp).timestamp())
    except (ValueError, OverflowError):
        return 0


def _faillock(service: PamService, row: Row, kind: PamType, person: SystemAccount | None) -> Returns:
    if kind == "account":
        return _YES
    if person is not None and service.lock(person.name, person.uid, person.groups):
        return _FAIL
    return _FAIL if "authfail" in row.arguments else frozenset({"success", "auth_err", "ignore"})


_FLAGS = frozenset({"debug", "use_uid", "quiet", "quiet_fail", "quiet_success", "audit"})


def _succeed_if(service: PamService, row: Row, _kind: PamType, person: SystemAccount | None) -> Returns:
    """pam_succeed_if.c: all conditions must hold."""
    words = [a for a in row.arguments if a not in _FLAGS]
    if len(words) % 3:
        return frozenset({"service_err"})
    if "use_uid" in row.arguments:
        return frozenset({"success", "auth_err"})
    verdicts = [_holds(service, person, *words[at : at + 3]) for at in range(0, len(words), 3)]
    if False in verdicts:
        return _FAIL
    return frozenset({"success", "auth_err"}) if None in verdicts else _YES


def _holds(service: PamService, person: SystemAccount | None, left: str, sign: str, right: str) -> bool | None:
    """Whether one condition holds; None where that cannot be told."""
    left, sign = left.lower(), sign.lower()
    constants: Mapping[str, str] = {"service": service.service, "tty": "", "ruser": ""}
    value: str | int | None = constants.get(left)
    if sign in ("ingroup", "notingroup"):
        if person is None:
            return None
        inside = bool(set(person.groups) & set(right.split(":")))
        return inside == (sign == "ingroup")
    if value is None:
        if person is None or left not in ("user", "login", "name", "uid", "gid", "shell"):
            return None
        value = {"uid": person.uid, "gid": person.gid}.get(left, person.shell if left == "shell" else person.name)
    if sign in ("<", "lt", "<=", "le", ">", "gt", ">=", "ge", "eq", "ne"):
        if not re.fullmatch(r"[0-9]{1,18}", right) or not isinstance(value, int):
            return None
        one = int(right)
        return {
            "<": value < one, "lt": value < one, "<=": value <= one, "le": value <= one, ">": value > one,
            "gt": value > one, ">=": value >= one, "ge": value >= one, "eq": value == one, "ne": value != one,
        }[sign]  # fmt: skip
    text = str(value)
    if sign in ("=", "!="):
        return (text == right) == (sign == "=")
    if sign in ("in", "notin"):
        return (text in right.split(":")) == (sign == "in")
    return None


_CONDITIONS = frozenset({
    "pam_succeed_if", "pam_listfile", "pam_access", "pam_time", "pam_wheel", "pam_localuser", "pam_usertype",
    "pam_faillock", "pam_shells",
})  # fmt: skip
"""Modules that ask for no password and let in some and others not."""

_KNOWN: Mapping[str, _Model] = {
    "pam_deny": _constant(_FAIL),
    "pam_permit": _constant(_YES),
    "pam_rootok": _constant(frozenset({"success", "auth_err"})),
    "pam_env": _constant(_PASSED_OVER),
    "pam_faildelay": _constant(_PASSED_OVER),
    "pam_warn": _constant(_PASSED_OVER),
    "pam_echo": _constant(_PASSED_OVER),
    "pam_group": _constant(_PASSED_OVER),
    "pam_cap": _constant(_PASSED_OVER),
    "pam_securetty": _constant(frozenset({"success", "ignore"})),
    "pam_time": _constant(frozenset({"success", "perm_denied"})),
    "pam_wheel": _constant(frozenset({"success", "perm_denied", "ignore"})),
    "pam_unix": _unix,
    "pam_nologin": _nologin,
    "pam_listfile": _listfile,
    "pam_access": _access,
    "pam_shells": _shells,
    "pam_localuser": _localuser,
    "pam_usertype": _usertype,
    "pam_faillock": _faillock,
    "pam_succeed_if": _succeed_if,
}


def lets_in(service: PamService, person: SystemAccount) -> bool:
    """Whether this account could get through auth and account."""
    return service.succeeds("auth", person) and service.succeeds("account", person)
