"""Typed steps as commands of the shell, exact for one distribution and its init system."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from maildoctor import model
from maildoctor.facts.packages import install_command, package_for
from maildoctor.facts.system import System
from maildoctor.plan.changes import changes, kind
from maildoctor.plan.edits import edits
from maildoctor.plan.steps import (
    AddAccount,
    AddBefore,
    AddBehind,
    AddInBlock,
    AddLine,
    AddMacro,
    AddPassword,
    AddPostfixService,
    AddServiceKey,
    AddToLine,
    AddUser,
    Adopt,
    BuildAliases,
    BuildMap,
    BuildTable,
    Chmod,
    Chown,
    CloseUp,
    CommentOut,
    CommentOutLines,
    CommentOutRow,
    CopyChain,
    CopyFile,
    CreateFile,
    Decrypt,
    DeleteUser,
    Disable,
    Draft,
    DropFlag,
    DropMacro,
    DropPort,
    EditFile,
    EditMacroFile,
    EndProcess,
    Generate,
    GenerateExim,
    Inspect,
    Install,
    JoinGroup,
    KeepCopy,
    Link,
    ListenForAll,
    MakeCertificate,
    MakeDevice,
    MakeFolder,
    MakeIncluded,
    MakeKey,
    Manual,
    Move,
    NoExpiry,
    PutBack,
    QuoteItems,
    Rebuild,
    Relabel,
    Remount,
    RemoveFile,
    RemoveFolder,
    RemoveLine,
    RenameOption,
    RenameRow,
    RenewCertificate,
    Restart,
    SelfSigned,
    SeparateByColon,
    SetInLine,
    SetMacro,
    SetOption,
    SetPort,
    SetPostfix,
    SetPostfixOption,
    SetPostfixService,
    SetRow,
    SetUpPam,
    Start,
    Step,
    StopAndStart,
    Unban,
    Unmount,
    UnsetPostfix,
    WriteFile,
    WriteLogin,
)
from maildoctor.plan.words import quoted, remark, script_word, shell_word, shell_words


def rendered(steps: Iterable[Step], system: System) -> Iterator[model.Step]:
    """The steps as commands for this system; one for which it has none is left out."""
    installed: set[str] = set()
    for step in steps:
        command = _command(step, system)
        if not command or command in installed:
            continue
        if isinstance(step, Install):  # one package may bring several things
            installed.add(command)
        undo = "; ".join(filter(None, (_command(back, system) for back in step.inverse)))
        left = _left_out(step, system)
        by_hand = command.startswith("#")
        changed = () if by_hand else changes(step, system)
        yield model.Step(
            str(command),
            "manual" if by_hand else step.safety,
            # nobody sees what cannot be printed, so nobody can copy it
            undo if undo.isprintable() else "",
            "" if by_hand or left else step.effect,
            "by_hand" if by_hand else "changes" if left else kind(step),
            changed,
            () if by_hand else tuple(_edits(step, command, changed)),
            _runs("restart", "sendmail", system) if isinstance(step, Rebuild | Adopt | PutBack) else "",
            isinstance(step, Start) and bool(_enabling(step, system)),
            isinstance(step, Install),
        )
        yield from rendered(left, system)


def _edits(step: Step, command: str, changed: tuple[str, ...]) -> Iterator[model.Edit]:
    """Of a path that is not known on this system nothing can be shown."""
    known = (command.edit,) if isinstance(command, _Sed) else edits(step, changed)
    return (edit for edit in known if not edit.path or edit.path in changed)


def _left_out(step: Step, system: System) -> Sequence[Step]:
    """What the command of a step would do as well, if an init system ran."""
    return (
        [Restart("sendmail")] if isinstance(step, Rebuild | Adopt) and not _runs("restart", "sendmail", system) else ()
    )


def _command(step: Step, system: System) -> str:
    return _RENDERERS[type(step)](step, system)


# ---- services

_NAMES: Mapping[str, Mapping[str, str]] = {
    "sendmail": {"solaris": "smtp:sendmail"},
    "postfix": {},
    "dovecot": {},
    "saslauthd": {},
    "cyrus-imapd": {"freebsd": "imapd"},
    "exim": {"debian": "exim4"},
    "opensmtpd": {"alpine": "smtpd", "arch": "smtpd", "freebsd": "smtpd", "openbsd": "smtpd"},
    "rsyslog": {"alpine": "syslog", "freebsd": "syslogd"},
    "slapd": {},
    "krb5kdc": {"debian": "krb5-kdc", "freebsd": "kdc"},
}
"""Services, and what a distribution calls them if it is otherwise."""

_RELOADS = {"postfix": "postfix reload", "dovecot": "doveadm reload"}
"""Mail servers that read their configuration anew by a command of their own, whatever the init system."""

_MANAGERS = {
    "systemd": "systemctl {verb} {name}",
    "openrc": "rc-service {name} {verb}",
    "rc.d": "service {name} one{verb}",
    "sysv": "service {name} {verb}",
    "rcctl": "rcctl {verb} {name}",
    "smf": "svcadm {verb} {name}",
}
"""How an init system does it. `one` of rc(8): also where rc.conf does not enable the service."""

_USUAL = {"fedora": "systemd", "suse": "systemd", "arch": "systemd", "alpine": "openrc", "freebsd": "rc.d",
          "openbsd": "rcctl", "solaris": "smf"}  # fmt: skip
"""The init system of a distribution where the host does not tell; of the others `service` knows it."""


def _runs(verb: str, service: str, system: System) -> str:
    """The command that starts a service, empty where no init system would."""
    name = _NAMES[service].get(system.family, service)
    init = system.init or _USUAL.get(system.family, "sysv")
    if system.family == "debian" and init in _MANAGERS:
        init = "sysv"  # its service(8) speaks to systemd and OpenRC too
    if init == "smf":
        verb = {"start": "enable", "stop": "disable"}.get(verb, verb)
    return _MANAGERS[init].format(verb=verb, name=name) if init in _MANAGERS else ""


_AT_BOOT = {
    "systemd": "systemctl enable --now {name}",
    "openrc": "rc-update add {name} && rc-service {name} start",
    "rc.d": "sysrc {name}_enable=YES && service {name} start",
    "rcctl": "rcctl enable {name} && rcctl start {name}",
    "smf": "svcadm enable {name}",
}


def _start(step: Start, system: System) -> str:
    return _enabling(step, system) or _service("start", step.service, system)


def _enabling(step: Start, system: System) -> str:
    """The command that starts a service now and at each boot, empty where the step does not ask for it. Of other init
    systems a package enables what it installs."""
    enable = _AT_BOOT.get(system.init or _USUAL.get(system.family, ""), "")
    if step.at_boot and enable and step.service in _NAMES:
        return enable.format(name=_NAMES[step.service].get(system.family, step.service))
    return ""


_NOT_AT_BOOT = {
    "systemd": "systemctl disable --now {name}",
    "openrc": "rc-service {name} stop; rc-update del {name}",
    "rc.d": "service {name} onestop; sysrc {name}_enable=NO",
    "sysv": "service {name} stop; chkconfig {name} off",
    "debian": "service {name} stop; update-rc.d {name} disable",
    "rcctl": "rcctl stop {name}; rcctl disable {name}",
    "smf": "svcadm disable {name}",
}
_AGAIN = {
    **_AT_BOOT,
    "sysv": "chkconfig {name} on; service {name} start",
    "debian": "update-rc.d {name} enable; service {name} start",
}


def _disable(step: Disable, system: System) -> str:
    """systemctl(1) does it for services that have a script of SysV only, too."""
    init = system.init or _USUAL.get(system.family, "sysv")
    if init not in _NOT_AT_BOOT or step.service not in _NAMES:
        words = "have {name} started here again" if step.back else "take {name} out of what is started here"
        return remark(words, (("name", step.service),))
    if init == "sysv" and system.family == "debian":
        init = "debian"
    return (_AGAIN if step.back else _NOT_AT_BOOT)[init].format(
        name=_NAMES[step.service].get(system.family, step.service)
    )


_BY_THEMSELVES = {"postfix": ("postfix start", "postfix stop; postfix start"), "dovecot": ("dovecot", "dovecot")}
"""Mail servers that can be started, and started anew, without an init system."""

_SUPERVISORS = {
    "supervisord": "supervisorctl {verb} {name}",
    "s6": "s6-svc {flag} /run/service/{name}",
    "runit": "sv {verb} {name}",
}
"""What stands in the place of an init system in containers, and how it does it (s6-overlay 3 for s6)."""


def _service(verb: str, service: str, system: System) -> str:
    """`verb`: `start`; `restart`, for which reading the configuration anew is enough; `stop and start`."""
    if system.init == "image":
        return "# nothing runs in an image: build it again, and start a new container from it"
    if system.init in _SUPERVISORS and (name := system.programs.get(service)):
        if verb == "restart" and service in _RELOADS:
            return _RELOADS[service]
        starts = verb == "start"
        return _SUPERVISORS[system.init].format(
            verb="start" if starts else "restart", name=name, flag="-u" if starts else "-r"
        )
    if service in _BY_THEMSELVES and verb != "restart":
        start, anew = _BY_THEMSELVES[service]
        return _runs("start" if verb == "start" else "restart", service, system) or (start if verb == "start" else anew)
    if service in _RELOADS:
        return _RELOADS[service]
    if service not in _NAMES:
        return ""
    if verb == "restart" and service == "opensmtpd" and system.family == "debian" and system.init == "sysv":
        # its init script starts the new one while the old one still ends
        return f"{_runs('stop', service, system)}; sleep 2; {_runs('start', service, system)}"
    return _runs(verb, service, system) or (
        f"# {verb} {service}: no init system runs that would do it; in a container, restart the container"
    )


# ---- files


def _chown(step: Chown, _: System) -> str:
    program, owner = ("chgrp", step.owner[1:]) if step.owner.startswith(":") else ("chown", step.owner)
    paths = shell_words(*step.paths)
    mode = f" && chmod {step.mode} {paths}" if step.mode else ""
    return f"{program} {shell_word(owner)} {paths}{mode}"


def _group(step: JoinGroup, system: System) -> str:
    join, leave = {
        "alpine": ("addgroup {user} {group}", "delgroup {user} {group}"),
        "freebsd": ("pw groupmod {group} -m {user}", "pw groupmod {group} -d {user}"),
        "openbsd": ("usermod -G {group} {user}", "# take {user} out of {group} in /etc/group"),
        # its usermod -G takes the account out of all other groups
        "solaris": ("# add {user} to {group} in /etc/group", "# take {user} out of {group} in /etc/group"),
    }.get(system.family, ("usermod -a -G {group} {user}", "gpasswd -d {user} {group}"))
    command, values = leave if step.leaves else join, (("user", step.user), ("group", step.group))
    return remark(command[2:], values) if command.startswith("#") else quoted(command, values)


def _folder(step: MakeFolder, system: System) -> str:
    if system.family == "solaris":  # whose install(1) is another
        path = shell_word(step.path)
        owner = shell_word(f"{step.owner}:{step.group}")
        return f"mkdir -p {path} && chown {owner} {path} && chmod {step.mode} {path}"
    return f"install -d -o {shell_word(step.owner)} -g {shell_word(step.group)} -m {step.mode} {shell_word(step.path)}"


def _copy(step: CopyFile, system: System) -> str:
    words = shell_words(step.source, step.path)
    if system.family == "solaris":  # whose install(1) is another
        return f"(umask 077; cp {words}) && chmod {step.mode} {shell_word(step.path)}"
    return f"install -m {step.mode} {words}"


_PAM = {
    "debian": "@include common-{0}",
    "suse": "{0} include common-{0}",
    "fedora": "{0} include password-auth",
    "alpine": "{0} include base-{0}",
    "arch": "{0} include system-auth",
    "freebsd": "{0} include system",
}
"""How a service of PAM does as the others do, for `auth` and `account`."""


def _pam(step: SetUpPam, system: System) -> str:
    row = _PAM.get(system.family, _PAM["debian"])
    return f"printf '{row.format('auth')}\\n{row.format('account')}\\n' > {shell_word(step.path)}"


# ---- settings: sed(1)


_IN_PLACE = {"freebsd": "sed -i ''", "solaris": "gsed -i"}
"""FreeBSD's sed needs the suffix of a copy, empty for none; that of Solaris changes no file."""


class _Sed(str):
    """A command of sed(1) that changes a file in place; `edit`: what it makes of the file, shown without a change."""

    edit: model.Edit

    @classmethod
    def of(cls, scripts: Sequence[str], words: str, path: str, system: System) -> "_Sed":
        """`words`: the scripts and the file, quoted."""
        program = _IN_PLACE.get(system.family, "sed -i")
        command = cls(f"{program} {words}")
        each = (word for script in scripts for word in ("-e", script))
        command.edit = model.Edit(path, "filtered", (program.partition(" ")[0], *each))
        return command

    def unless(self, line: str, guard: str) -> "_Sed":
        """Only where the file has no such `line`, which the command `guard` says."""
        command = _Sed(f"{guard} || {self}")
        command.edit = replace(self.edit, unless=line)
        return command


def _sed(script: str, path: str, system: System) -> _Sed:
    return _Sed.of([script], f"{shell_word(script)} {shell_word(path)}", path, system)


def _sed_lines(scripts: Sequence[str], path: str, system: System) -> _Sed:
    """A script of several lines: labels, and text to insert, end with a line."""
    words = " ".join(f"-e {script_word(script)}" for script in scripts)
    return _Sed.of(scripts, f"{words} {_file(path, system)}", path, system)


def _file(path: str, system: System) -> str:
    """FreeBSD calls the source of sendmail.cf after the host (/etc/mail/Makefile)."""
    if system.family == "freebsd" and path == "/etc/mail/sendmail.mc":
        return '/etc/mail/"$(hostname)".mc'
    return shell_word(path)


def _literal(text: str) -> str:
    """Text that sed puts in as it is."""
    return text.replace("\\", r"\\").replace("/", r"\/").replace("&", r"\&")


def _set(step: SetOption, system: System) -> str:
    name, sign = step.name, step.sign
    if not step.new:
        return _sed(f"s/^{name}{sign.strip()}.*/{name}{sign}{_literal(step.value)}/", step.path, system)
    # libsasl takes the first of several lines, so one that is there by now must go
    once = _sed(f"/^{name}{sign.strip()}/d", step.path, system)
    return f"{once} && {_append(f'{name}{sign}{step.value}', step.path, ended=not step.unended)}"


def _set_in_line(step: SetInLine, system: System) -> str:
    script = rf"{step.line}s/^\([ \t]*{step.name}[ \t]*=[ \t]*\).*/\1{_literal(step.value)}/"
    return _sed(script, step.path, system)


def _close_up(step: CloseUp, system: System) -> str:
    scripts = [r"s/\(-o[[:blank:]]*[A-Za-z0-9_]*\)[[:blank:]]*=[[:blank:]]*/\1=/g", r"s/,[[:blank:]]*/,/g"]
    return _sed_lines([f"{step.line}{{", *scripts, "}"], step.path, system)


def _relabel(step: Relabel, system: System) -> str:
    """Schemes are written in any case."""
    hashed = rf"\$({_pattern(step.kind)})\$".replace("(", r"\(").replace(")", r"\)")
    script = rf"s/^\([^:]*:\){{{_pattern(step.scheme)}}}{hashed}/\1{{{_literal(step.to)}}}$\2$/I"
    return _sed(script, step.path, system)


def _comment_out(step: CommentOut, system: System) -> str:
    script = rf"{step.line}s/^#*\([ \t]*{step.name}[ \t]*=\)/{'' if step.back else '#'}\1/"
    return _sed(script, step.path, system)


def _comment_out_lines(step: CommentOutLines, system: System) -> str:
    return _sed(f"{step.first},{step.last}s/^{'#//' if step.back else '/#/'}", step.path, system)


def _add_in_block(step: AddInBlock, system: System) -> str:
    """Not every sed makes a line of `\\n`."""
    if system.family == "freebsd":
        words = f"in {{file}}, behind line {step.line}: {'; '.join(line.strip() for line in step.lines)}"
        return remark(words, (("file", step.path),))
    more = "".join(rf"\n{_literal(line)}" for line in step.lines)
    return _sed(rf"{step.line}s/{{[ \t]*$/&{more}/", step.path, system)


def _append(line: str, path: str, *, ended: bool = True) -> str:
    # echo of dash makes other characters of a backslash and what follows
    form = r"'%s\n'" if ended else r"'\n%s\n'"
    return f"printf {form} {shell_word(line)} >> {shell_word(path)}"


def _add_line(step: AddLine, _: System) -> str:
    return f"grep -sqxFe {shell_word(step.line)} {shell_word(step.path)} || {_append(step.line, step.path)}"


def _add_before(step: AddBefore, system: System) -> str:
    before = _sed_lines(_inserted(step.line, step.word), step.path, system)
    return before.unless(step.line, f"grep -sqxFe {script_word(step.line)} {_file(step.path, system)}")


def _add_behind(step: AddBehind, system: System) -> str:
    behind = _sed_lines(
        [f"/^{_pattern(step.anchor)}[[:blank:]]*$/a\\", step.line.replace("\\", "\\\\")], step.path, system
    )
    return behind.unless(step.line, f"grep -sqxFe {script_word(step.line)} {shell_word(step.path)}")


def _add_to_line(step: AddToLine, system: System) -> str:
    return _sed(f"{step.line}s/[[:blank:]]*$/ {_literal(step.words)}/", step.path, system)


def _rename(step: RenameOption, system: System) -> str:
    return _sed(f"s/^{step.name}:/{step.to}:/", step.path, system)


def _colons(step: SeparateByColon, system: System) -> str:
    return _sed(r"s/^\([A-Za-z0-9_-]*\)[ \t]*=[ \t]*/\1: /", step.path, system)


def _write(step: WriteFile, _: System) -> str:
    form = r"'%s\n'"
    return f"printf {form} {shell_words(*step.lines)} > {shell_word(step.path)}"


def _add_postfix_service(step: AddPostfixService, _: System) -> str:
    """postconf(1) puts the same line in the place of one that is there."""
    options = shell_words(*(f"{step.name}/{key}={value}" for key, value in step.options))
    return f"postconf -M {shell_word(f'{step.name}={step.fields}')}" + (f" && postconf -P {options}" if options else "")


def _pattern(text: str) -> str:
    """Text that sed finds as it is."""
    return "".join("\\" + c if c in r"\/.*[^$" else c for c in text)


def _remove_line(step: RemoveLine, system: System) -> str:
    return _sed(f"/^{_pattern(step.line)}$/d", step.path, system)


def _set_row(step: SetRow, system: System) -> str:
    row = f"{_literal(step.key)} {_literal(step.value)}"
    return _sed(f"s/^{_pattern(step.key)}[[:blank:]].*/{row}/", step.path, system)


def _rename_row(step: RenameRow, system: System) -> str:
    script = rf"s/^{_pattern(step.key)}\([[:blank:]]\)/{_literal(step.to)}\1/I"
    return _sed(script, step.path, system)


def _comment_out_row(step: CommentOutRow, system: System) -> str:
    mark, then = ("# ", "") if step.back else ("", "# ")
    return _sed(rf"s/^{mark}\({_pattern(step.key)}[[:blank:]]\)/{then}\1/I", step.path, system)


def _quote_items(step: QuoteItems, system: System) -> str:
    item = r's/\([[:blank:]]\)\([UIPRM]\)[:=]\([^"[:blank:]]\{1,\}\)/\1"\2:\3"/g'
    return _sed_lines([f"/^{_pattern(step.key)}[[:blank:]]/I{{", item, "}"], step.path, system)


def _drop_flag(step: DropFlag, system: System) -> str:
    flag = _pattern(step.flag)
    scripts = [rf's/ {flag}\([" ]\)/\1/', rf's/"{flag} */"/']
    return _sed_lines(["/^[A-Za-z_]*=/{", *scripts, "}"], step.path, system)


# ---- certificates


def _self_signed(step: SelfSigned, system: System) -> str:
    name = "$(hostname)" if system.family in ("freebsd", "openbsd", "solaris") else "$(hostname -f)"
    about = f'-subj "/CN={name}" -addext "subjectAltName=DNS:{name}"'
    return f"openssl req -x509 -new -days 365 -key {shell_word(step.key)} {about} -out {shell_word(step.path)}"


# ---- sendmail and users


def _then_restarted(command: str, system: System) -> str:
    return " && ".join(filter(None, (command, _runs("restart", "sendmail", system))))


def _kept(step: Rebuild) -> str:
    return f"cp -p {shell_words(step.path, step.keep)} && " if step.keep else ""


def _rebuild(step: Rebuild, system: System) -> str:
    """By way of another file: a failing m4 must not leave an empty one. FreeBSD keeps the source as HOST.mc, and its
    Makefile knows where cf.m4 is."""
    if system.family == "freebsd" and step.source == "/etc/mail/sendmail.mc":
        return _then_restarted(f"{_kept(step)}make -C /etc/mail all install", system)
    path, new = shell_word(step.path), shell_word(step.path + ".new")
    return _then_restarted(f"{_kept(step)}m4 {shell_word(step.source)} > {new} && mv {new} {path}", system)


def _generate(step: Generate, system: System) -> str:
    if system.family == "freebsd" and step.source == "/etc/mail/sendmail.mc":
        return "make -C /etc/mail all install"
    return f"m4 {shell_word(step.source)} > {shell_word(step.path)}"


def _draft(step: Draft, system: System) -> str:
    new = shell_word(step.path + ".new")
    if system.family == "freebsd" and step.source == "/etc/mail/sendmail.mc":
        return f'make -C /etc/mail all && cp /etc/mail/"$(hostname)".cf {new}'
    return f"m4 {shell_word(step.source)} > {new}"


def _add_macro(step: AddMacro, system: System) -> str:
    before = _sed_lines(_inserted(step.line), step.path, system)
    return before.unless(step.line, f"grep -sqxFe {script_word(step.line)} {_file(step.path, system)}")


def _inserted(line: str, word: str = "MAILER") -> list[str]:
    """Before the first line that begins so; where that is the first of all, `1,/…/` would go on to the next."""
    return [f"1,/^{word}/{{", f"/^{word}/i\\", line.replace("\\", "\\\\"), "}"]


def _call(macro: str, name: str) -> str:
    """A pattern for the beginning of a call, its first argument in quotes or not."""
    return f"^{macro}(`*{_pattern(name)}'*[,)]" if name else f"^{macro}("


def _set_macro(step: SetMacro, system: System) -> str:
    return _sed_lines([*_inserted(step.line), f"/{_call(step.macro, step.name)}.*)/d"], step.path, system)


def _drop_macro(step: DropMacro, system: System) -> str:
    """A definition may have several lines, and ends where its quote does."""
    call = _call(step.macro, step.name)
    if step.macro != "define":
        return _sed_lines([f"s/{call}/dnl &/"], step.path, system)
    scripts = [f"/{call}/{{", ":a", "/')/!{", "N", "ba", "}", "s/^/dnl /", r"s/\n/&dnl /g", "}"]
    return _sed_lines(scripts, step.path, system)


def _set_port(step: SetPort, system: System) -> str:
    """The key goes from where it stands, and comes at the end."""
    name = f".*Name={_pattern(step.name)}[,']" if step.name else ""
    scripts = [f"s/, *{step.key}=[^,']*//", f"s/{step.key}=[^,']*, *//"]
    if step.value:
        scripts.append(f"s/')/, {step.key}={_literal(step.value)}')/")
    return _sed_lines([f"/^{step.macro}({name}/{{", *scripts, "}"], step.path, system)


def _drop_port(step: DropPort, system: System) -> str:
    return _sed_lines([f"/^DAEMON_OPTIONS(.*Name={_pattern(step.name)}[,']/s/^/dnl /"], step.path, system)


def _listen_for_all(step: ListenForAll, system: System) -> str:
    return _sed("/^DAEMON_OPTIONS.*Port=submission/s/, *Addr=127[.]0[.]0[.]1//", step.path, system)


def _put_back(step: PutBack, system: System) -> str:
    return _then_restarted(f"cp -p {shell_words(step.kept, step.path)}", system)


def _install(step: Install, system: System) -> str:
    package = package_for(step.what, system.family)
    return install_command(package, system.family, again=step.again) or remark(
        f"{'reinstall' if step.again else 'install'} the package with {{what}}", (("what", step.what),)
    )


def _saslpasswd(options: str, user: str, realm: str) -> str:
    name = f"-- {shlex.quote(user)}" if user.startswith("-") else shell_word(user)
    return f"saslpasswd2 {options}-u {shell_word(realm)} {name}"


def _add_user(step: AddUser, _: System) -> str:
    unusual = step.path and step.path not in ("/etc/sasldb2", "/etc/sasldb")
    options = ("" if step.exists else "-c ") + (f"-f {shell_word(step.path)} " if unusual else "")
    return _saslpasswd(options, step.user, step.realm)


def _add_account(step: AddAccount, system: System) -> str:
    name = shell_word(step.user)
    if step.exists:
        return f"passwd {name}"
    if system.family == "alpine":
        return f"adduser {name}"
    return f"{f'pw useradd {name} -m' if system.family == 'freebsd' else f'useradd -m {name}'} && passwd {name}"


def _add_password(step: AddPassword, system: System) -> str:
    """crypt(3) of musl and of the BSDs knows what openssl-passwd(1) makes; OpenBSD has a program of its own."""
    path = shell_word(step.path)
    ready = f"(umask 077; touch {path}) && chown {shell_word(f'root:{step.group}')} {path} && chmod 640 {path}"
    hashed = "encrypt -p" if system.family == "openbsd" else "openssl passwd -6"
    gone = _sed(f"/^{_pattern(step.user)}[:[:blank:]]/d", step.path, system)
    return f"{ready} && h=$({hashed}) && {gone} && printf '%s{step.sign}%s\\n' {shell_word(step.user)} \"$h\" >> {path}"


def _make_certificate(step: MakeCertificate, _: System) -> str:
    # a longer name than ub-common-name of RFC 5280 stands among the others alone, where clients look for it
    common = f"/CN={step.name}" if len(step.name) <= _COMMON_NAME else "/"
    subject = f"-subj {shell_word(common)} -addext {shell_word(f'subjectAltName=DNS:{step.name}')}"
    files = f"-keyout {shell_word(step.key)} -out {shell_word(step.path)}"
    make = f"openssl req -x509 -newkey rsa:2048 -nodes -days 825 {subject} {files}"
    return f"test -s {shell_word(step.path)} || (umask 077; {make})"


_COMMON_NAME = 64

_ROWS = {
    "authinfo": ("AuthInfo:", r'\"U:%s\" \"I:%s\" \"P:%s\" \"M:PLAIN\"\n" "$2" "$3" "$3" "$p"'),
    "sasl_passwd": ("", r'%s:%s\n" "$2" "$3" "$p"'),
}
"""For sh: what stands before the server in a row of each form, and behind it, with $2 the server as the row names it,
$3 the user and p the password (cf/README of sendmail, SASL_README of Postfix). The printf is the shell's own, so that
no list of processes shows the password."""


def _write_login(step: WriteLogin, _: System) -> str:
    """Rows of other servers stay."""
    before, behind = _ROWS[step.form]
    ask = 'umask 077; stty -echo; printf "Password: "; IFS= read -r p; stty echo; echo'
    others = 't=$(printf "\\t"); [ ! -e "$1" ] || grep -viF -e "$2 " -e "$2$t" "$1"'
    words = shell_words(step.path, f"{before}{step.server}", step.user)
    row = f'printf "%s {behind}'
    return f'sh -c \'{ask}; {{ {others}; {row}; }} > "$1.new" && mv "$1.new" "$1"\' sh {words}'


_BEHIND_FIRST = "'/-----BEGIN/ {c = /CERTIFICATE/; n += c} c && n > 1'"
"""For awk: the certificates of a PEM file behind the first, and no key."""


def _decrypt(step: Decrypt, _: System) -> str:
    key, plain = shell_word(step.path), shell_word(f"{step.path}.plain")
    return f"(umask 077; openssl pkey -in {key} -out {plain}) && cat {plain} > {key} && rm {plain}"


def _unban(step: Unban, _: System) -> str:
    address = shell_word(step.address)
    if step.by == "fail2ban":
        jail = f"set {shell_word(step.name)} unbanip" if step.name else "unban"
        return f"fail2ban-client {jail} {address}"
    if step.by == "nft":
        return f"nft delete element {shell_words(*step.name.split())} '{{ {address} }}'"
    if step.by == "ipset":
        return f"ipset del {shell_words(step.name, step.address)}"
    return f"ip {'-6 ' if step.by == 'route6' else ''}route del {address}"


def _no_expiry(step: NoExpiry, system: System) -> str:
    command = "pw usermod {user} -e 0" if system.family == "freebsd" else "chage -E -1 {user}"
    return quoted(command, (("user", step.user),))


def _add_service_key(step: AddServiceKey, _: System) -> str:
    """kadmin.local takes no password, and reads words as a shell does not: blanks alone part them."""
    queries = (f"addprinc -randkey {step.principal}", f"ktadd -k {step.keytab} {step.principal}")
    return "; ".join(f"kadmin.local -q {shlex.quote(query)}" for query in queries)


def _end_process(step: EndProcess, _: System) -> str:
    return f"ps -o comm= -p {step.pid} | grep -qxFe {shell_word(step.program)} && kill {step.pid}"


def _delete_user(step: DeleteUser, _: System) -> str:
    return _saslpasswd(f"-d -a {shell_word(step.application)} ", step.user, step.realm)


_RENDERERS: Mapping[type[Step], Callable[[Any, System], str]] = {
    Chmod: lambda s, _: f"chmod {s.mode} {shell_words(*s.paths)}",
    Chown: _chown,
    JoinGroup: _group,
    Move: lambda s, _: f"mv {shell_words(s.path, s.to)}",
    RemoveFile: lambda s, _: f"rm {shell_word(s.path)}",
    RemoveFolder: lambda s, _: f"rmdir {shell_word(s.path)}",
    CreateFile: lambda s, _: f"touch {shell_word(s.path)}",
    Link: lambda s, _: f"ln -s {shell_words(s.target, s.path)}",
    MakeDevice: lambda s, _: f"mknod -m 666 {shell_word(s.path)} c {s.major} {s.minor}",
    MakeFolder: _folder,
    CopyFile: _copy,
    RenewCertificate: lambda s, _: f"certbot renew --cert-name {shell_word(s.name)}",
    MakeKey: lambda s, _: f"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out {shell_word(s.path)}",
    MakeCertificate: _make_certificate,
    KeepCopy: lambda s, _: f"test -e {shell_word(s.to)} || cp -Rp {shell_words(s.path, s.to)}",
    SetUpPam: _pam,
    Remount: lambda s, system: f"mount {'-uw' if system.family == 'freebsd' else '-o remount,rw'} {shell_word(s.path)}",
    Unmount: lambda s, _: f"umount {shell_word(s.path)}",
    SetOption: _set,
    SetInLine: _set_in_line,
    CloseUp: _close_up,
    Relabel: _relabel,
    CommentOut: _comment_out,
    CommentOutLines: _comment_out_lines,
    AddInBlock: _add_in_block,
    RenameOption: _rename,
    SeparateByColon: _colons,
    AddLine: _add_line,
    AddBefore: _add_before,
    AddBehind: _add_behind,
    AddToLine: _add_to_line,
    RemoveLine: _remove_line,
    SetRow: _set_row,
    RenameRow: _rename_row,
    QuoteItems: _quote_items,
    DropFlag: _drop_flag,
    SelfSigned: _self_signed,
    CommentOutRow: _comment_out_row,
    SetPostfix: lambda s, _: f"postconf -e {shell_word(f'{s.name} = {s.value}')}",
    SetPostfixService: lambda s, _: f"postconf -F {shell_words(*(f'{x}/{s.name}={s.value}' for x in s.services))}",
    AddPostfixService: _add_postfix_service,
    WriteFile: _write,
    SetPostfixOption: lambda s, _: f"postconf -P {shell_word(f'{s.service}/{s.name}={s.value}')}",
    UnsetPostfix: lambda s, _: (
        f"postconf -PX {shell_word(f'{s.service}/{s.name}')}" if s.service else f"postconf -X {shell_word(s.name)}"
    ),
    BuildMap: lambda s, _: f"makemap {shell_words(s.type, s.path)} < {shell_word(s.path)}",
    BuildTable: lambda s, _: f"postmap {shell_word(f'{s.type}:{s.path}')}",
    BuildAliases: lambda _, __: "newaliases",
    AddMacro: _add_macro,
    SetMacro: _set_macro,
    DropMacro: _drop_macro,
    SetPort: _set_port,
    DropPort: _drop_port,
    ListenForAll: _listen_for_all,
    MakeIncluded: lambda _, __: "/usr/share/sendmail/update_tls && /usr/share/sendmail/update_auth",
    Rebuild: _rebuild,
    Draft: _draft,
    Adopt: lambda s, system: _then_restarted(f"mv {shell_words(s.path + '.new', s.path)}", system),
    PutBack: _put_back,
    GenerateExim: lambda _, __: "update-exim4.conf",
    Generate: _generate,
    Install: _install,
    Restart: lambda s, system: _service("restart", s.service, system),
    Start: _start,
    Disable: _disable,
    StopAndStart: lambda s, system: _service("stop and start", s.service, system),
    AddUser: _add_user,
    AddAccount: _add_account,
    AddPassword: _add_password,
    WriteLogin: _write_login,
    DeleteUser: _delete_user,
    NoExpiry: _no_expiry,
    AddServiceKey: _add_service_key,
    EndProcess: _end_process,
    Unban: _unban,
    Decrypt: _decrypt,
    CopyChain: lambda s, _: f"awk {_BEHIND_FIRST} {shell_word(s.path)} >> {shell_word(s.to)}",
    Inspect: lambda s, _: quoted(s.command, s.values),
    Manual: lambda s, _: remark(s.text, s.values),
    EditFile: lambda s, _: remark(f"in {{file}}: {s.change}", (("file", s.path), *s.values)),
    EditMacroFile: lambda s, _: remark(f"in {{file}}: {s.change}", (("file", s.path), *s.values)),
}
"""Step -> how it is written; a test holds that none is missing."""
