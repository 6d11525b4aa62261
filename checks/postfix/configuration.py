"""CONF, RUN: main.cf and master.cf as Postfix reads them: what stops it, what it reads otherwise than it is meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from maildoctor.api import (
    CloseUp,
    CommentOutLines,
    Evidence,
    Findings,
    Restart,
    SetPostfix,
    SetPostfixOption,
    Step,
    StopAndStart,
    Unknown,
    UnsetPostfix,
    check,
    edit,
    found,
    inspect,
)
from maildoctor.api.host import Process, Processes
from maildoctor.api.postfix import Kind, Postfix, PostfixProblem, ServiceSettings, known_parameters

_HEAD = "version: 3.7.11\n==> /etc/postfix/main.cf <==\ncompatibility_level = 3.6\n"
_SMTP = "==> /etc/postfix/master.cf <==\nsmtp inet n - y - - smtpd\n"
_587 = _SMTP + "submission inet n - y - - smtpd\n"
_OFFER = _HEAD + "smtpd_sasl_auth_enable = yes\n"

_SYNTAX: frozenset[Kind] = frozenset((
    "no-equals", "no-name", "fields", "type", "flag", "wakeup", "limit", "inet-private", "name", "braces", "expansion",
    "level", "interfaces",
))  # fmt: skip
_VALUES: frozenset[Kind] = frozenset(("boolean", "number", "time", "range", "length"))
_OPTIONS: frozenset[Kind] = frozenset(("option", "argument"))
_CHARACTERS: frozenset[Kind] = frozenset(("byte-order-mark", "not-ascii-blank", "nul", "no-head", "comment-behind"))
_YES = {"true": "yes", "on": "yes", "1": "yes", "enable": "yes", "enabled": "yes", "y": "yes"}
_NO = {"false": "no", "off": "no", "0": "no", "disable": "no", "disabled": "no", "n": "no"}
_SHOWN = 80
"""Characters of an entry in a sentence."""
_MOST = 20
"""Findings of one kind; a file in which everything is wrong needs no more."""


def _of(postfix: Postfix, kinds: frozenset[Kind], *, fatal: bool | None = None) -> list[PostfixProblem]:
    return [p for p in postfix.problems if p.kind in kinds and fatal in (None, p.fatal)][:_MOST]


def _gap(postfix: Postfix) -> Iterator[Unknown]:
    """Further instances are another Postfix each."""
    for folder in postfix.instances[:_MOST]:
        yield Unknown(f"the instance of Postfix in {folder} is not looked at (multi_instance_directories)")


def _port(postfix: Postfix, title: str) -> dict[str, str]:
    """The label `port` where a problem is of one service alone."""
    port = next((s.port for s in postfix.smtpd if s.name == title and s.port), 0)
    return {"port": str(port)} if port and len(postfix.smtpd) > 1 else {}


def _set(problem: PostfixProblem, value: str) -> Step:
    if problem.service:
        return SetPostfixOption(problem.service, problem.name, value)
    return SetPostfix(problem.name, value)


@check(
    "CONF030",
    "postfix-configuration-syntax",
    "error",
    rung="program",
    role="cause",
    explains=("stopped", "no-answer", "no-offer", "no-starttls"),
    witnesses=("RUN620", "CONF624"),
    fails=[
        {"postfix": _HEAD + "smtpd_sasl_auth_enable yes\n" + _SMTP},
        {"postfix": _HEAD + "mydestination = ${myhostname\n" + _SMTP},
        {"postfix": _HEAD + "inet_interfaces = all, 192.0.2.1\n" + _SMTP},
        {"postfix": _HEAD + _SMTP + "submission inet n - yes - - smtpd\n"},
        {"postfix": _HEAD + _SMTP + "submission inet n - y - smtpd\n"},
    ],
    passes=[
        {"postfix": _HEAD + _587},
        {"postfix": _HEAD + "mydestination = ${myhostname}, $mydomain\ninet_interfaces = all\n" + _SMTP},
    ],
    refs=(
        "postfix: util/dict.c, dict_load_fp(); util/mac_expand.c; postconf/postconf_master.c; master/master_ent.c",
        "postfix: conf/postfix-script: postconf is run before `start` and `reload`",
    ),
)
def configuration_syntax(postfix: Postfix) -> Findings:
    """main.cf or master.cf has a line that Postfix cannot read.

    Each program of Postfix ends at such a line of main.cf, and `postfix reload` and `postfix start` are refused. What
    runs goes on with the old settings until it is replaced: then the port is open and nobody answers.

    Advice: correct the line, look with `postconf -n` and `postconf -M` whether all can be read, then stop and start
    Postfix.
    """
    yield from _gap(postfix)
    for problem in _of(postfix, _SYNTAX, fatal=True):
        fix: list[Step] = [_corrected(problem), inspect("postconf -n"), StopAndStart("postfix")]
        place = f"{problem.path}, line {problem.line}"
        yield found(
            f"{place}: {problem.message.rpartition(f'line {problem.line}: ')[2]}: Postfix cannot read it",
            evidence=[problem.evidence],
            fix=fix,
            path=problem.path,
            **({"option": problem.name} if problem.name else {}),  # type: ignore[arg-type]
        )


def _corrected(problem: PostfixProblem) -> Step:
    first, _, rest = problem.text.partition(" ")
    if problem.kind == "no-equals" and rest and re.fullmatch(r"[a-z][a-z0-9_]+", first):
        return edit(problem.path, "line {line}: {name} = {value}", line=str(problem.line), name=first, value=rest)
    if problem.kind == "interfaces":
        return edit(problem.path, "line {line}: inet_interfaces = all, or the addresses", line=str(problem.line))
    if problem.kind in ("no-equals", "no-name") and problem.last:
        return CommentOutLines(problem.path, problem.line, problem.last)
    return edit(problem.path, "correct line {line}", line=str(problem.line))


@check(
    "CONF031",
    "postfix-value-refused",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "no-offer", "no-starttls"),
    witnesses=("RUN620", "CONF624"),
    fails=[
        {"postfix": _HEAD + "smtpd_tls_auth_only = true\n" + _SMTP},
        {"postfix": _HEAD + "smtpd_tls_auth_only = yes # no passwords in clear\n" + _SMTP},
        {"postfix": _HEAD + "smtpd_timeout = 5x\n" + _SMTP},
        {"postfix": _HEAD + _587 + " -o smtpd_sasl_auth_enable=on\n"},
        {"postfix": _HEAD + "smtpd_helo_required = ${missing_name}\n" + _SMTP},
    ],
    passes=[
        {"postfix": _HEAD + "smtpd_tls_auth_only = YES\nsmtpd_timeout = ${stress?{10}:{300}}s\n" + _SMTP},
        {"postfix": _HEAD + "postscreen_use_tls = true\n" + _SMTP},
    ],
    refs=("postfix: global/mail_conf_bool.c, mail_conf_int.c, mail_conf_time.c, mail_conf_str.c: msg_fatal()",),
)
def value_refused(postfix: Postfix) -> Findings:
    """A setting has a value that Postfix does not take, and each program that reads it ends.

    Only `yes` and `no` are yes and no; what stands behind `#` in the same line is a part of the value. Where smtpd
    reads the setting, connections are accepted and nobody answers.

    Advice: correct the value; then stop and start Postfix, for master waits 60 s before it tries again, and a reload
    does not shorten that.
    """
    for problem in _of(postfix, _VALUES, fatal=True):
        yield found(
            f"{problem.message}: {f'smtpd of {problem.service}' if problem.service else 'each program that reads it'} "
            "ends (fatal)",
            evidence=[problem.evidence],
            fix=[_better(problem), StopAndStart("postfix")],
            option=problem.name,
            **_port(postfix, problem.service),  # type: ignore[arg-type]
        )


def _better(problem: PostfixProblem) -> Step:
    value = problem.text.partition("=")[2].strip()
    if problem.service:
        value = problem.text.partition(f"{problem.name}=")[2]
    bare = value.partition("#")[0].strip()
    if problem.kind == "boolean":
        word = bare.lower()
        word = word if word in ("yes", "no") else _YES.get(word) or _NO.get(word, "")
        return _set(problem, word) if word else UnsetPostfix(problem.name, problem.service)
    if bare != value and re.fullmatch(r"[0-9]+[smhdw]?", bare):
        return _set(problem, bare)
    return UnsetPostfix(problem.name, problem.service)


@check(
    "CONF032",
    "postfix-orphaned-lines",
    "warning",
    rung="offer",
    role="cause",
    fails=[
        {"postfix": _HEAD + _SMTP + "#submission inet n - y - - smtpd\n  -o smtpd_tls_wrappermode=yes\n"},
        {"postfix": _HEAD + "relay_domains = a.example\n#smtpd_client_restrictions =\n  permit_mynetworks\n" + _SMTP},
    ],
    passes=[
        {"postfix": _HEAD + _SMTP + "#submission inet n - y - - smtpd\n#  -o smtpd_tls_wrappermode=yes\n"},
        {"postfix": _HEAD + _587 + "#  -o smtpd_sasl_auth_enable=no\n  -o smtpd_sasl_auth_enable=yes\n"},
        {"postfix": _HEAD + "mynetworks = 127.0.0.0/8\n# the office\n  192.0.2.0/24\n" + _SMTP},
    ],
    refs=("postfix: util/readlline.c, readllines(): comments and empty lines do not end an entry",),
)
def orphaned_lines(postfix: Postfix) -> Findings:
    """Lines whose first line was commented out belong to the entry above them now.

    Postfix drops comments before it puts lines together. So the options of a service that was switched off by one `#`
    become options of the service above, another port, and the rest of a setting becomes a part of the one above it.

    Advice: put # before these lines too, or take it away from the line above them; then reload Postfix.
    """
    for problem in _of(postfix, frozenset(("orphan",))):
        severe = problem.text.startswith("-o") and any(s.service.name == problem.name for s in postfix.smtpd)
        yield found(
            f"{problem.path}: line {problem.line} ({problem.text[:60]}) belongs to the entry {problem.name} above, for "
            "its own first line is a comment",
            evidence=[problem.evidence],
            fix=[CommentOutLines(problem.path, problem.line, problem.last or problem.line), Restart("postfix")],
            severity="error" if severe else None,
            path=problem.path,
            entry=problem.name,
        )


@check(
    "CONF033",
    "postfix-set-twice",
    "warning",
    rung="none",
    role="risk",
    witnesses=("CONF621",),
    fails=[
        {"postfix": _OFFER + "smtpd_tls_auth_only = yes\nsmtpd_sasl_auth_enable = no\n" + _SMTP},
        {"postfix": _HEAD + _587 + " -o smtpd_tls_auth_only=yes\n -o smtpd_tls_auth_only=no\n"},
        {"postfix": _HEAD + _587 + "submission inet n - n - - smtpd\n"},
    ],
    passes=[{"postfix": _OFFER + "smtpd_sasl_auth_enable = yes\n" + _SMTP}],
    refs=("postfix: util/dict.c, dict_load_fp(); master/single_server.c, -o; master/master_conf.c",),
)
def set_twice(postfix: Postfix) -> Findings:
    """A setting stands twice with two values: the last one counts, wherever the other stands.

    Who edits the first sees no effect. Postfix warns at each start of a program.

    Advice: remove the one that is not meant, and reload Postfix.
    """
    for problem in _of(postfix, frozenset(("overridden", "option-twice", "service-twice"))):
        what = problem.name or problem.text.partition(" ")[0]
        count = postfix.main.parameters.get(problem.name)
        if problem.kind == "overridden" and count and count.line != problem.line:
            continue  # a later one replaces this too
        before = postfix.main.earlier.get(problem.name, ()) if problem.kind == "overridden" else ()
        lines = [Evidence(f"{problem.path}:{p.line}", f"{problem.name} = {p.value}") for p in before[-_MOST:]]
        whole = problem.text if len(problem.text) <= _SHOWN else f"{problem.text[:_SHOWN]}…"
        yield found(
            f"{what} is set twice: {problem.evidence.source} ({whole}) counts, not what stands before it",
            evidence=[*lines, problem.evidence],
            fix=[edit(problem.path, "leave one setting of {name}", name=what), Restart("postfix")],
            option=what,
            **({"service": problem.service} if problem.service else {}),  # type: ignore[arg-type]
        )


def _without_blanks(problems: Sequence[PostfixProblem]) -> list[Step]:
    """Where nothing but blanks round the sign and behind commas keeps an option from being one, they go. What comes
    behind is read again then: after a stray word master takes no option any more."""
    first = problems[0]
    said = [p.message for p in problems if p.line == first.line]
    words = [message.partition("argument: ")[2] for message in said[1:]]
    values = words[1:] if words[:1] == ["="] else words
    if "missing '='" in said[0] and values and words[0].startswith("=") and all(v.endswith(",") for v in values[:-1]):
        return [CloseUp(first.path, first.line)]
    return [edit(first.path, "line {line}: write -o name=value without blanks", line=str(first.line))]


@check(
    "CONF034",
    "postfix-option-cut",
    "error",
    rung="program",
    role="cause",
    scope=("listener",),
    explains=("stopped", "no-answer", "no-offer", "no-starttls"),
    witnesses=("RUN620",),
    fails=[
        {"postfix": _HEAD + _587 + " -o smtpd_client_restrictions=permit_sasl_authenticated, reject\n"},
        {"postfix": _HEAD + _587 + " -o smtpd_sasl_auth_enable = yes\n"},
        {"postfix": _HEAD + _587 + " -o\n"},
    ],
    passes=[
        {"postfix": _HEAD + _587 + " -o smtpd_client_restrictions=permit_sasl_authenticated,reject -v\n"},
        {"postfix": _HEAD + _587 + " -o { smtpd_client_restrictions = permit_sasl_authenticated, reject }\n"},
        {"postfix": _HEAD + _SMTP + "maildrop unix - n n - - pipe flags=DRhu user=vmail argv=/usr/bin/maildrop\n"},
    ],
    refs=("postfix: master(5), -o; master/single_server.c; smtpd/smtpd.c: unexpected command-line argument",),
)
def option_cut(postfix: Postfix) -> Findings:
    """An option of a service in master.cf has blanks in it, so it ends at the first, and the program at the rest.

    The log says "unexpected command-line argument" or "invalid -o option value". Connections to that port are accepted
    and nobody answers.

    Advice: write -o name=value without any blank, lists with commas alone; or, from Postfix 3.0 on,
    -o { name = value }.
    """
    first: dict[str, list[PostfixProblem]] = {}
    for problem in _of(postfix, _OPTIONS, fatal=True):
        first.setdefault(problem.service, []).append(problem)
    for service, problems in first.items():
        problem = problems[0]
        yield found(
            f"{service} in {problem.path}: {problem.message}: its program ends (fatal)",
            evidence=list(dict.fromkeys(p.evidence for p in problems)),
            fix=[
                *_without_blanks(problems),
                StopAndStart("postfix"),
            ],
            path=problem.path,
            service=service,
            **_port(postfix, service),  # type: ignore[arg-type]
        )


@check(
    "CONF035",
    "postfix-reference-to-nothing",
    "info",
    rung="none",
    role="note",
    fails=[{"postfix": _HEAD + _587 + " -o smtpd_client_restrictions=$mua_client_restrictions\n"}],
    passes=[
        {
            "postfix": _HEAD
            + "mua_client_restrictions = permit_sasl_authenticated, reject\n"
            + _587
            + " -o smtpd_client_restrictions=$mua_client_restrictions\n"
        },
        {"postfix": _HEAD + "smtpd_banner = $myhostname ESMTP ${other_name?{x}:{y}}\n" + _SMTP},
    ],
    refs=("postfix: util/dict.c, dict_eval_lookup(): a name that is not set is an empty text, without any message",),
)
def reference_to_nothing(postfix: Postfix) -> Findings:
    """A setting refers to a name that is set nowhere, which counts as nothing, without any message.

    The examples in master.cf name $mua_client_restrictions and the like; who takes the # away must set them in main.cf,
    or these lists are empty.

    Advice: set the name in main.cf, or take the reference away.
    """
    for problem in _of(postfix, frozenset(("undefined",))):
        name = problem.message.rpartition(" ")[2]
        if problem.name.startswith("mua_") or not re.search(
            r"_(restrictions|maps|checks|networks|domains)$", problem.name
        ):
            continue
        yield found(
            f"{problem.evidence.text[:120]}: ${name} is set nowhere and counts as nothing",
            evidence=[problem.evidence],
            fix=[
                SetPostfix(name, "permit_sasl_authenticated, reject")
                if name.startswith("mua_")
                else edit(postfix.main.path, "give {name} a value", name=name),
                Restart("postfix"),
            ],
            option=problem.name,
            name=name,
            **({"service": problem.service} if problem.service else {}),  # type: ignore[arg-type]
        )


@check(
    "CONF036",
    "postfix-parameter-unknown",
    "warning",
    rung="offer",
    role="cause",
    witnesses=("CONF620",),
    fails=[
        {"postfix": _HEAD + "smtpd_sasl_auth_enabled = yes\n" + _SMTP},
        {"postfix": _HEAD + "smtp_sasl_password_map = hash:/etc/postfix/sasl_passwd\n" + _SMTP},
        {"postfix": _HEAD + _587 + " -o smtpd_sasl_authenable=yes\n"},
    ],
    passes=[
        {"postfix": _HEAD + "own_name = x\nmydestination = $own_name\n" + _SMTP},
        {"postfix": _HEAD + "something_of_my_own = x\n" + _SMTP},
        {"postfix": _HEAD + "smtpd_use_tls = yes\n" + _SMTP},
    ],
    refs=("postfix: global/mail_conf.c: unknown names are taken without a word; postconf tells `unused parameter`",),
)
def parameter_unknown(postfix: Postfix) -> Findings:
    """A name in main.cf or master.cf is none of Postfix, but nearly one: the setting has no effect.

    The programs of Postfix say nothing of names that they do not know.

    Advice: correct the name, and reload Postfix.
    """
    every = known_parameters(postfix.version)
    for problem in _of(postfix, frozenset(("unknown",))):
        own = "smtp_", "smtpd_", "lmtp_", "tls_", "my", "virtual_", "relay", "inet_", "cyrus_", "broken_"
        if not problem.name.startswith(own):
            continue
        near = get_close_matches(problem.name, every, 1, 0.92)
        if not near or near[0] in postfix.main.parameters:
            continue
        value = problem.text.partition("=")[2].strip()
        right: Step = SetPostfix(near[0], value)
        if problem.service:
            right = SetPostfixOption(problem.service, near[0], value)
        yield found(
            f"{problem.name} is no parameter of Postfix, so this setting has no effect; {near[0]} is one",
            evidence=[problem.evidence],
            fix=[right, UnsetPostfix(problem.name, problem.service), Restart("postfix")],
            option=problem.name,
            **({"service": problem.service} if problem.service else {}),  # type: ignore[arg-type]
        )


@check(
    "CONF037",
    "postfix-characters-that-nobody-sees",
    "warning",
    rung="offer",
    role="cause",
    fails=[
        {"postfix": "==> /etc/postfix/main.cf <==\n\ufeffsmtpd_sasl_auth_enable = yes\n" + _SMTP},
        {"postfix": _HEAD + "smtpd_sasl_auth_enable\u00a0= yes\n" + _SMTP},
        {"postfix": _HEAD + "smtpd_tls_security_level = may # or encrypt\n" + _SMTP},
        {"postfix": "==> /etc/postfix/main.cf <==\n  smtpd_sasl_auth_enable = yes\n" + _SMTP},
    ],
    passes=[
        {"postfix": _HEAD.replace("\n", "\r\n") + _SMTP},
        {"postfix": _HEAD + "smtpd_banner = Grüß Gott $myhostname ESMTP\n" + _SMTP},
    ],
    refs=(
        "postfix: util/readlline.c, util/split_nameval.c: blank, tab and line feed alone are blanks; a # begins a "
        "comment at the beginning of a line alone",
    ),
)
def characters_that_nobody_sees(postfix: Postfix) -> Findings:
    """A line has characters that look like nothing and are something for Postfix, so it reads another setting.

    A byte order mark at the beginning of the file and a no-break space belong to the word beside them. A `#` behind a
    value begins no comment. A first line that begins with a blank continues nothing and is dropped.

    Advice: write the line anew in a plain editor, comments in lines of their own.
    """
    for problem in _of(postfix, _CHARACTERS, fatal=False):
        if problem.kind == "comment-behind" and problem.name.endswith(("banner", "footer", "checks")):
            continue
        yield found(
            f"{problem.evidence.source}: {problem.message.removeprefix(problem.path).lstrip(':, ')[:200]}",
            evidence=[problem.evidence],
            fix=[edit(problem.path, "write line {line} anew", line=str(problem.line)), Restart("postfix")],
            path=problem.path,
            line=problem.text[:80],
        )


@check(
    "CONF038",
    "postfix-old-parameters",
    "info",
    rung="none",
    role="note",
    fails=[
        {"postfix": _HEAD.replace("3.7.11", "3.10.13") + "smtpd_use_tls = yes\n" + _SMTP},
        {"postfix": _HEAD.replace("3.7.11", "3.10.13") + "smtpd_tls_dcert_file = x\nlmtp_tls_per_site = y\n" + _SMTP},
    ],
    passes=[{"postfix": _HEAD + "smtpd_use_tls = yes\n" + _SMTP}],
    refs=("postfix: postconf/postconf_unused.c: names with a deprecation warning as of 3.9 and 3.11",),
)
def old_parameters(postfix: Postfix) -> Findings:
    """main.cf or master.cf sets parameters that this release of Postfix no longer has, or will drop.

    A parameter that is gone has no effect. One that will go works still, and Postfix warns of it.

    Advice: set what took its place before the next upgrade.
    """
    old = _of(postfix, frozenset(("deprecated", "removed")))
    if old:
        yield found(
            f"Parameters that this Postfix drops or has dropped: {', '.join(dict.fromkeys(p.name for p in old))}",
            evidence=[p.evidence for p in old],
            fix=[edit(p.path, "{words}", words=p.message) for p in old[:5]],
            path=postfix.main.path,
        )


@check(
    "CONF039",
    "postfix-compatibility-level-missing",
    "info",
    rung="none",
    role="note",
    fails=[
        {
            "postfix": "version: 3.7.11\n==> /etc/postfix/main.cf <==\nmyhostname = a.example.com\n"
            + _SMTP
            + "submission inet n - - - - smtpd\n"
        },
    ],
    passes=[
        {"postfix": _HEAD + _587},
        {"postfix": "version: 2.11.3\n==> /etc/postfix/main.cf <==\nmyhostname = a.example.com\n" + _587},
        {"postfix": "==> /etc/postfix/main.cf <==\nmyhostname = a.example.com\n" + _587},
    ],
    refs=("postfix: COMPATIBILITY_README; global/mail_params.h",),
)
def compatibility_level_missing(postfix: Postfix) -> Findings:
    """compatibility_level is not set, so the defaults of Postfix before 3.0 apply.

    Services with `-` in the chroot column of master.cf are in a chroot; smtpd_relay_restrictions is empty from 3.3 on;
    mynetworks holds the whole subnet; a name without a domain gets $mydomain.

    Advice: look what postconf(1) warns of, then set compatibility_level to the release of Postfix.
    """
    if postfix.version < (3,) or postfix.level >= (1,):
        return
    depends = [s.name for s in postfix.smtpd if s.service.chroot == "-"]
    if "smtpd_relay_restrictions" not in postfix.main.parameters and postfix.version >= (3, 3):
        depends.append("smtpd_relay_restrictions")
    if "mynetworks" not in postfix.main.parameters:
        depends.append("mynetworks")
    if depends:
        release = ".".join(map(str, postfix.version[:2]))
        yield found(
            f"compatibility_level is {postfix.value('compatibility_level') or '0'}: old defaults apply to "
            f"{', '.join(depends[:6])}",
            evidence=[postfix.main.evidence("compatibility_level")],
            fix=[
                edit(
                    postfix.main.path, "compatibility_level = {release}, after a look at what changes", release=release
                ),
                Restart("postfix"),
            ],
            path=postfix.main.path,
        )


_STRUCK = "***"
_RUNS = "7 postfix 9.0 /usr/lib/postfix/sbin/smtpd smtpd -n submission -t inet -u -c -o stress= -s 2"


@check(
    "RUN030",
    "postfix-runs-with-older-options",
    "warning",
    rung="offer",
    role="cause",
    scope=("listener",),
    explains=("no-offer", "no-starttls"),
    fails=[
        {"postfix": _HEAD + _587 + " -o smtpd_sasl_auth_enable=yes\n", "processes": _RUNS},
        {"postfix": _HEAD + _587.replace("submission inet n - y", "submission inet n - n"), "processes": _RUNS},
        {"postfix": _HEAD + _587, "processes": f"{_RUNS} -o smtpd_tls_security_level=encrypt"},
    ],
    passes=[
        {"postfix": _HEAD + _587, "processes": _RUNS},
        {"postfix": _HEAD + _587 + " -o smtpd_banner=a\n", "processes": f"{_RUNS} -o smtpd_banner=a"},
        {
            "postfix": _HEAD + _587 + " -o { smtpd_client_restrictions = permit, reject }\n",
            "processes": f"{_RUNS} -o smtpd_client_restrictions=permit, reject",
        },
        {"postfix": _HEAD + _587 + " -o smtpd_banner=a\n", "processes": f"{_RUNS} -o ***"},
    ],
    refs=("postfix: master/master_ent.c: the options of master.cf are the arguments of the process",),
)
def runs_with_older_options(postfix: Postfix, processes: Processes) -> Findings:
    """master.cf was changed, and Postfix was not told: smtpd runs with other options than stand there.

    The options of a service are the arguments of its processes. Postfix reads master.cf at a start and at a reload.

    Advice: reload Postfix.
    """
    newest: dict[str, Process] = {}
    for process in processes.named("smtpd", users=("postfix", postfix.value("mail_owner"))):
        title = _title(process.command)
        if title and (title not in newest or newest[title].started < process.started):
            newest[title] = process
    for settings in postfix.smtpd:
        running = newest.get(settings.name)
        if running is None or _STRUCK in running.command:  # an option that is not shown may be the same or not
            continue
        if (difference := _difference(settings, running.command)) == "":
            continue
        yield found(
            f"{settings.name} runs with other options than master.cf has: {difference}",
            evidence=[running.evidence, settings.evidence_of_entry],
            fix=[Restart("postfix")],
            **(_port(postfix, settings.name) or {"service": settings.name}),  # type: ignore[arg-type]
        )


def _title(command: str) -> str:
    """Which service a process is: its arguments -n and -t (master/master_ent.c)."""
    kind = re.search(r" -t (inet|pass)(?: |$)", command)
    name = re.search(r" -n (\S{1,300})", command)
    return f"{name[1] if name else 'smtpd'}/{kind[1]}" if kind else ""


def _difference(settings: ServiceSettings, command: str) -> str:
    """The first option that is not the same; empty where all are. Blanks do not count: ps does not quote."""
    running = _options(command)
    written = {name: re.sub(r"\s", "", value) for name, value in settings.service.options.items()}
    if len(command) > 4000:
        return ""
    for name in (*written, *(n for n in running if n not in written)):
        if written.get(name) != running.get(name):
            has, runs = written.get(name), running.get(name)
            return f"-o {name}={has if has is not None else '(not there)'} in master.cf, " + (
                f"-o {name}={runs} in the process" if runs is not None else "not in the process"
            )
    if settings.chrooted != (" -c " in f"{command} "):
        return f"chroot is {'y' if settings.chrooted else 'n'} in master.cf"
    return ""


def _options(command: str) -> Mapping[str, str]:
    found_there: dict[str, str] = {}
    for part in command.split(" -o ")[1:]:
        name, _, value = part.partition("=")
        value = re.split(r" -[a-zA-Z](?: |$)", value, maxsplit=1)[0]
        if name.strip() != "stress":
            found_there[name.strip()] = re.sub(r"\s", "", value)
    return found_there
