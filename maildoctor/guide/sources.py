"""The steps of a source build, judged by the trees: libsasl first, then the mail server that is to use it.

They are the way that sendmail/README ("SASL COMPILATION AND CONFIGURATION") and the INSTALL of cyrus-sasl describe.
"""

import re
from collections.abc import Iterator

from maildoctor.facts.source_tree import Release, SourceTree, Tree
from maildoctor.facts.system import System
from maildoctor.guide.step import GuideStep
from maildoctor.model import Evidence
from maildoctor.model import Step as Command
from maildoctor.plan.shell import rendered
from maildoctor.plan.steps import AddLine, Link
from maildoctor.plan.words import shell_word

_SASL_2: Release = (8, 13, 0)
"""Sendmail's first release that knows SASL 2 (RELEASE_NOTES)."""
_DECODE: tuple[Release, Release] = ((8, 14, 2), (2, 1, 22))
"""Since this release of libsasl sasl_decode64() refuses "=", which older sendmails hand it (RELEASE_NOTES, 8.14.2)."""
_CALLBACKS: tuple[Release, Release] = ((8, 14, 6), (2, 1, 25))
"""The types of libsasl's callbacks changed (RELEASE_NOTES, 8.14.6 and 8.14.8; include/sasl.h)."""
_SAFE: dict[str, tuple[Release, str]] = {
    "sendmail": ((8, 18, 1), "before 8.18.1 mail can be smuggled past its checks (CVE-2023-51765)"),
    "cyrus-sasl": ((2, 1, 28), "before 2.1.28 SQL can be injected through its SQL plug-in (CVE-2022-24407)"),
}


def judged(tree: SourceTree, system: System) -> list[GuideStep]:
    """The steps for these trees, in their order; of a program whose tree is not there none but that it is missing."""
    sasl, sendmail, postfix = tree.of("cyrus-sasl"), tree.of("sendmail"), tree.of("postfix")
    steps = [_versions(sasl, sendmail, postfix)]
    if sasl is not None:
        steps += [_sasl_configured(tree, sasl), _sasl_installed(tree, sasl, system)]
    if sendmail is not None:
        steps += [_site(tree, sendmail, system), _sendmail_built(tree, sendmail)]
    if postfix is not None:
        steps.append(_postfix(tree, postfix))
    return steps


def _command(words: str, effect: str = "") -> Command:
    return Command(words, effect=effect, kind="changes")


def _in(tree: Tree, words: str) -> str:
    return f"cd {shell_word(tree.path)} && {words}"


def _versions(sasl: Tree | None, sendmail: Tree | None, postfix: Tree | None) -> GuideStep:
    trees = [t for t in (sasl, sendmail, postfix) if t is not None]
    summary = ", ".join(f"{t.kind} {t.version or 'of an unknown release'}" for t in trees)
    evidence = [Evidence(t.path, f"{t.kind} {t.version or 'release not found'}") for t in trees]
    title, why = "sources that belong together", "The mail server and libsasl must know each other's interface."
    wrong = _ill_matched(sasl, sendmail)
    if wrong:
        return GuideStep("sources", title, "wrong", wrong, why, tuple(evidence))
    unknown = [t for t in trees if not t.release]
    if unknown:
        reason = f"{unknown[0].path} does not tell its release"
        return GuideStep("sources", title, "unknown", summary, why, tuple(evidence), reason=reason)
    old = [words for t in trees if (known := _SAFE.get(t.kind)) and t.release < known[0] for words in (known[1],)]
    return GuideStep("sources", title, "done", "; ".join([summary, *old]), why, tuple(evidence))


def _ill_matched(sasl: Tree | None, sendmail: Tree | None) -> str:
    """Why these two releases do not go together; empty where they do, or one of them is not known."""
    library = sasl.release if sasl else ()
    if library and library < (2,):
        return f"cyrus-sasl {sasl.version if sasl else ''} is SASL 1, which nobody maintains: take 2.1.28 or later"
    if sendmail is None or not sendmail.release:
        return ""
    release = sendmail.release
    if library and release < _SASL_2:
        return f"sendmail {sendmail.version} does not know SASL 2 (8.13 and later do)"
    for (needed, since), what in ((_DECODE, "AUTH of some clients fails"), (_CALLBACKS, "its interface has changed")):
        if library >= since and release < needed:
            at = ".".join(map(str, needed))
            of = sasl.version if sasl else ""
            return f"sendmail {sendmail.version} is too old for cyrus-sasl {of}: {what}; {at} knows it"
    return ""


# ---- cyrus-sasl

_OPTION = re.compile(r"--[a-z][\w-]{1,60}(?:=[\w./:+,@-]{0,300})?")
_DROPPED = (
    "--enable-login", "--disable-login", "--enable-plain", "--disable-plain", "--with-dblib=none", "--enable-gssapi",
    "--disable-gssapi",
)  # fmt: skip
_WANTED = "./configure --enable-login --enable-plain"


def _sasl_configured(tree: SourceTree, sasl: Tree) -> GuideStep:
    name, title = "sasl-configure", "configure cyrus-sasl"
    why = "Which mechanisms and which user database there are is decided when libsasl is configured."
    ran, found, log = tree.configured(sasl), tree.substituted(sasl), f"{sasl.path}/config.log"
    again = [_command(_in(sasl, f"{_WANTED} {_rest(tree, ran)}".strip()))]
    if not ran:
        return GuideStep(name, title, "to_do", "it was not configured yet", why, commands=tuple(again))
    evidence = [Evidence(log, f"$ {ran}")]
    if errors := tree.errors(sasl):
        evidence.append(Evidence(log, "\n".join(errors[:3])))
        return GuideStep(name, title, "wrong", f"configure gave up: {errors[0]}", why, tuple(evidence), tuple(again))
    if not found:
        reason = f"{sasl.path}/config.status says nothing: configure did not come to its end"
        return GuideStep(name, title, "unknown", reason, why, tuple(evidence), tuple(again), reason=reason)
    mechanisms, wrong = found.get("SASL_MECHS", "").split(), list[str]()
    evidence.append(Evidence(f"{sasl.path}/config.status", f"SASL_MECHS: {' '.join(mechanisms)}"))
    if "liblogin.la" not in mechanisms:
        wrong.append("LOGIN is left out, which Outlook needs (--enable-login)")
    if "libplain.la" not in mechanisms:
        wrong.append("PLAIN is left out (--enable-plain)")
    if "libsasldb.la" not in mechanisms:
        lacking = tree.lacks_header(sasl, "db.h")
        why_not = ": db.h was not found" if lacking else ""
        wrong.append(f"there is no user database, as no Berkeley DB, GDBM or LMDB was used{why_not}")
        evidence += [tree.evidence(log, "db.h: No such", "ac_cv_header_db_h=")] if lacking else []
        again = [*_database(), *again]
    if "--enable-gssapi" in ran and "libgssapiv2.la" not in mechanisms:
        wrong.append("Kerberos was asked for (--enable-gssapi) and its libraries were not found")
        evidence.append(tree.evidence(log, "gssapi.h: No such", "ac_cv_header_gssapi"))
    if wrong:
        return GuideStep(name, title, "wrong", "; ".join(wrong), why, tuple(evidence), tuple(again))
    names = " ".join(sorted(m.removeprefix("lib").removesuffix(".la") for m in mechanisms))
    without = "" if "libgssapiv2.la" in mechanisms else ", no Kerberos"
    return GuideStep(name, title, "done", f"plug-ins: {names}{without}", why, tuple(evidence))


def _database() -> Iterator[Command]:
    """The headers of Berkeley DB, where distributions have them."""
    yield Command(
        "# install the headers of Berkeley DB: libdb-dev (Debian), libdb-devel (Fedora, SUSE)", kind="by_hand"
    )


def _rest(tree: SourceTree, ran: str) -> str:
    """The options of the last run that stay as they are; Kerberos is left out where its headers are not there."""
    kept = [w for w in ran.split()[1:] if _OPTION.fullmatch(w) and not w.startswith(_DROPPED)]
    sasl = tree.of("cyrus-sasl")
    lacking = sasl is not None and tree.lacks_header(sasl, "gssapi/gssapi.h")
    return " ".join([*kept, *(["--disable-gssapi"] if lacking else [])])


def _sasl_installed(tree: SourceTree, sasl: Tree, system: System) -> GuideStep:
    name, title = "sasl-install", "build and install cyrus-sasl"
    why = "A libsasl that does not find its plug-ins offers no mechanism, and says so only in the log."
    plugins = f"{tree.substituted(sasl).get('prefix', '/usr/local')}/lib/sasl2"
    make = (_command(_in(sasl, "make && make install"), "installs below the prefix"),)
    objects = [n for n in tree.listed(f"{sasl.path}/lib/.libs") if n.startswith("libsasl2.so")]
    if not objects:
        return GuideStep(name, title, "to_do", "it was not built yet", why, commands=make)
    built = Evidence(f"{sasl.path}/lib/.libs", " ".join(objects))
    if tree.there(plugins) is None:
        reason = f"{plugins} could not be looked at"
        return GuideStep(name, title, "unknown", reason, why, (built,), reason=f"{reason}: run as root")
    names = tree.listed(plugins)
    if not any(map(_is_plugin, names)):
        return GuideStep(name, title, "to_do", f"there are no plug-ins in {plugins}", why, (built,), make)
    evidence = (built, Evidence(plugins, " ".join(filter(_is_plugin, names))[:300]))
    searched = tree.plugins_searched(sasl) or plugins
    real = tree.answers.get(("real", searched))
    if searched == plugins or (real and real == tree.answers.get(("real", plugins))):
        return GuideStep(name, title, "done", f"plug-ins in {plugins}, where libsasl looks for them", why, evidence)
    seen = (*evidence, Evidence(built.source, f"looks for plug-ins in {searched}"))
    link = tuple(rendered([Link(searched, plugins)], system))
    if not tree.there(searched):
        summary = f"libsasl looks for plug-ins in {searched}, which does not lead to {plugins}"
    elif not tree.listed(searched):
        summary = f"libsasl looks for plug-ins in {searched}, an empty folder in the place of a link to {plugins}"
        link = (_command(f"rmdir {shell_word(searched)}"), *link)
    else:
        summary = f"libsasl looks for plug-ins in {searched}, which holds others than {plugins}"
        moved = f"{searched}.before"
        link = (_command(f"mv {shell_word(searched)} {shell_word(moved)}", "other programs lose theirs"), *link)
    return GuideStep(name, title, "wrong", summary, why, seen, link)


def _is_plugin(name: str) -> bool:
    return name.startswith("lib") and name.endswith(".so")


# ---- sendmail


def _site(tree: SourceTree, sendmail: Tree, system: System) -> GuideStep:
    name, title = "site-config", "set sendmail's build up for SASL"
    why = "Without both the flag and the library sendmail is built without AUTH, and nothing says so."
    path = f"{sendmail.path}/devtools/Site/site.config.m4"
    lines = ("APPENDDEF(`conf_sendmail_ENVDEF', `-DSASL=2')", "APPENDDEF(`conf_sendmail_LIBS', `-lsasl2')")
    site = tree.site
    if site is None:
        steps = tuple(rendered([AddLine(path, line) for line in (*lines, *_directories(tree))], system))
        return GuideStep(name, title, "to_do", "there is no site.config.m4", why, commands=steps)
    evidence = (tree.evidence(site.path, "SASL", "sasl", "confINCDIRS", "confLIBDIRS"),)
    wrong, add, change = list[str](), list[str](), list[str]()
    if site.generation != 2:
        wrong.append("-DSASL=2 is not in ENVDEF" if not site.generation else "-DSASL asks for SASL 1: write -DSASL=2")
        change += [] if not site.generation else [r"s/-DSASL\(=[0-9]*\)\{0,1\}\([^A-Za-z0-9_=]\)/-DSASL=2\2/g"]
        add += [] if site.generation else [lines[0]]
    if site.library != 2:
        wrong.append("-lsasl2 is not in LIBS" if not site.library else "-lsasl links SASL 1: write -lsasl2")
        change += [] if not site.library else [r"s/-lsasl\([^0-9A-Za-z_]\)/-lsasl2\1/g"]
        add += [] if site.library else [lines[1]]
    headers, libraries = tree.headers(), tree.libraries()
    if not wrong and not headers:
        wrong.append("sasl/sasl.h is in none of the directories that the compiler searches (confINCDIRS)")
        add += _directories(tree)
    if not wrong and not libraries:
        wrong.append("libsasl2.so is in none of the directories that the linker searches (confLIBDIRS)")
        add += _directories(tree)
    if wrong:
        lines_added = rendered([AddLine(site.path, line) for line in dict.fromkeys(add)], system)
        steps = (*(_in_place(expression, site.path) for expression in change), *lines_added)
        return GuideStep(name, title, "wrong", "; ".join(wrong), why, evidence, steps)
    path, release = libraries[0]
    sasl = tree.of("cyrus-sasl")
    if sasl is not None and release and sasl.version and not release.endswith(sasl.version):
        summary = f"the linker takes {path}, which is {release}, and the tree is {sasl.version}: name the tree's first"
        steps = tuple(rendered([AddLine(site.path, line) for line in _directories(tree)], system))
        return GuideStep(name, title, "wrong", summary, why, evidence, steps)
    found = f"-DSASL=2 and -lsasl2; {path} is {release or 'of an unknown release'}"
    return GuideStep(name, title, "done", found, why, evidence)


def _in_place(expression: str, path: str) -> Command:
    """What sed does to each line, also where its -i is not that of GNU."""
    file = shell_word(path)
    return _command(f"sed {shell_word(expression)} {file} > {file}.new && mv {file}.new {file}")


def _directories(tree: SourceTree) -> list[str]:
    """Where the libsasl of this tree is, or will be, installed; nothing where compilers look anyway."""
    sasl = tree.of("cyrus-sasl")
    prefix = tree.substituted(sasl).get("prefix", "") if sasl else ""
    if prefix in ("", "/usr", "NONE"):
        return []
    return [f"APPENDDEF(`confINCDIRS', `-I{prefix}/include')", f"APPENDDEF(`confLIBDIRS', `-L{prefix}/lib')"]


def _sendmail_built(tree: SourceTree, sendmail: Tree) -> GuideStep:
    name, title = "sendmail-build", "build sendmail and see that it has SASL"
    why = "What was compiled in can be seen before the program in use is replaced."
    build = _command(f"cd {shell_word(f'{sendmail.path}/sendmail')} && sh Build -c", "removes what was built before")
    if not tree.built:
        makefile = any(p.startswith(f"{sendmail.path}/obj.") and said for (_, p), said in tree.answers.items())
        summary = "the build was begun and made no program" if makefile else "it was not built yet"
        return GuideStep(name, title, "wrong" if makefile else "to_do", summary, why, commands=(build,))
    one = tree.built[0]
    library, at = one.sasl
    compiled = Evidence(one.path, f"Compiled with: {' '.join(sorted(one.flags)) or 'unknown'}")
    linked = Evidence(f"ldd {one.path}", "\n".join(f"{n} => {p}" for n, p in one.libraries.items())[:600])
    evidence = (compiled, linked)
    if not library and not one.flags & {"SASL", "SASLv2"}:
        site = tree.site
        stale = site is not None and site.generation == 2 and "-DSASL" not in one.environment
        summary = "it was built before site.config.m4 asked for SASL" if stale else "it was built without SASL"
        return GuideStep(name, title, "wrong", summary, why, evidence, (build,))
    if not library:
        return GuideStep(name, title, "wrong", "it has SASL and is linked to no libsasl", why, evidence, (build,))
    if not at.startswith("/"):
        summary = f"it needs {library}, which the loader does not find"
        return GuideStep(name, title, "wrong", summary, why, evidence, tuple(_found_by_loader(tree)))
    if library.startswith("libsasl.so"):
        summary = f"it is linked to SASL 1 ({at})"
        return GuideStep(name, title, "wrong", summary, why, evidence, (build,))
    if clash := _two_databases(tree, one.database):
        return GuideStep(name, title, "wrong", clash, why, evidence, (build,))
    return GuideStep(name, title, "done", f"SASLv2, linked to {at}", why, evidence)


def _two_databases(tree: SourceTree, database: str) -> str:
    """Two releases of Berkeley DB in one process: sendmail/README asks for the same; empty where it is so."""
    sasl = tree.of("cyrus-sasl")
    other = tree.database(sasl) if sasl is not None else ""
    if database and other.startswith("libdb") and other != database:
        return f"it is linked to {database}, and libsasl's user database to {other}: they must be the same"
    return ""


def _found_by_loader(tree: SourceTree) -> Iterator[Command]:
    sasl = tree.of("cyrus-sasl")
    prefix = tree.substituted(sasl).get("prefix", "/usr/local") if sasl else "/usr/local"
    folder = shell_word(f"{prefix}/lib")
    yield _command(f"echo {folder} > /etc/ld.so.conf.d/cyrus-sasl.conf && ldconfig", "all programs look there")


# ---- Postfix


def _postfix(tree: SourceTree, postfix: Tree) -> GuideStep:
    """Source: README_FILES/SASL_README, "Building Postfix with SASL support"."""
    name, title = "postfix-makefiles", "set Postfix's build up for SASL"
    why = "Without the flag Postfix is built with Dovecot's SASL at most, or with none."
    made = tree.made_with(postfix)
    flags, libraries = (
        made.get("CCARGS", ""),
        " ".join(v for k, v in made.items() if k.startswith(("AUXLIBS", "SYSLIBS"))),
    )
    again = _command(
        _in(
            postfix,
            '{ make tidy; make makefiles CCARGS="-DUSE_SASL_AUTH -DUSE_CYRUS_SASL -I/usr/include/sasl"'
            ' AUXLIBS="-lsasl2" && make; }',
        ),
        "removes what was built before",
    )
    if not made:
        return GuideStep(name, title, "to_do", "make makefiles was not run yet", why, commands=(again,))
    path = next((p for (v, p), said in tree.answers.items() if v == "read" and p.endswith("makedefs.out") and said), "")
    evidence = (tree.evidence(path, "CCARGS", "AUXLIBS"),)
    lacking = [w for w in ("-DUSE_SASL_AUTH", "-DUSE_CYRUS_SASL") if w not in flags.split()]
    if "-DUSE_SASL_AUTH" in flags.split() and "-DUSE_CYRUS_SASL" in lacking:
        summary = "SASL by Dovecot only; for Cyrus SASL -DUSE_CYRUS_SASL is missing"
        return GuideStep(name, title, "done", summary, why, evidence)
    lacking += [] if "-lsasl2" in libraries.split() else ["-lsasl2"]
    if lacking:
        summary = f"{', '.join(lacking)} missing"
        return GuideStep(name, title, "wrong", summary, why, evidence, (again,))
    return GuideStep(name, title, "done", "built with Cyrus SASL", why, evidence)
