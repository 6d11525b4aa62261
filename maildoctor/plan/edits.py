"""What a step makes of each path, so that it can be shown before it is done.

Of steps that sed(1) does, `shell` knows it: the script that changes the file in place shows it too. Where a program
decides what comes of a file, as m4, a sentence says what it does.
"""

from collections.abc import Callable, Mapping
from typing import Any

from maildoctor.model import Edit
from maildoctor.plan import steps


def edits(step: steps.Step, changes: tuple[str, ...]) -> tuple[Edit, ...]:
    """What a step makes of the paths that it changes on one system; empty of a path of which nothing is known."""
    make = _EDITS.get(type(step))
    return tuple(make(step, changes)) if make else ()


def _each(way: str) -> Callable[[Any, tuple[str, ...]], list[Edit]]:
    """The same of the one path that it changes."""
    return lambda step, _: [Edit(step.path, way)]  # type: ignore[arg-type]


def _described(words: Callable[[Any], str]) -> Callable[[Any, tuple[str, ...]], list[Edit]]:
    """The same sentence of all that it changes, or, where that is not known, of the whole step."""
    return lambda step, changes: [Edit(path, "described", (words(step),)) for path in changes or ("",)]


def _account(words: Callable[[Any], str]) -> Callable[[Any, tuple[str, ...]], list[Edit]]:
    """The file of accounts comes first; the copies and the lock of the tools are not worth a sentence."""
    return lambda step, changes: [Edit(path, "described", (words(step),)) for path in (changes or ("",))[:1]]


def _by_way_of_another(path: str, words: str, ending: str = ".new") -> list[Edit]:
    """A file beside it, which takes its place or goes, is not there then."""
    return [Edit(path, "described", (words,)), Edit(f"{path}{ending}", "gone")]


def _chown(step: steps.Chown, _: tuple[str, ...]) -> list[Edit]:
    owners = [Edit(path, "owner", (step.owner,)) for path in step.paths]
    return owners + [Edit(path, "mode", (step.mode,)) for path in step.paths if step.mode]


def _set(step: steps.SetOption, _: tuple[str, ...]) -> list[Edit]:
    """Of one that stands there `shell` knows it; another remedy may have added this one meanwhile."""
    text = f"{step.name}{step.sign}{step.value}\n"
    return [
        Edit(step.path, "filtered", ("sed", "-e", f"/^{step.name}{step.sign.strip()}/d")),
        Edit(step.path, "appended", (f"\n{text}" if step.unended else text,)),
    ]


def _unset_postfix(step: steps.UnsetPostfix, changes: tuple[str, ...]) -> list[Edit]:
    if step.service:
        words = f"{step.service} has no {step.name} of its own any more"
        return [Edit(path, "described", (words,)) for path in changes]
    return [Edit(path, "parameter", (step.name,)) for path in changes]


_EDITS: Mapping[type[steps.Step], Callable[[Any, tuple[str, ...]], list[Edit]]] = {
    steps.Chmod: lambda s, _: [Edit(path, "mode", (s.mode,)) for path in s.paths],
    steps.Chown: _chown,
    steps.Move: lambda s, _: [Edit(s.path, "moved", (s.to,))],
    steps.RemoveFile: _each("gone"),
    steps.RemoveFolder: _each("gone"),
    steps.CreateFile: lambda s, _: [Edit(s.path, "appended", ("",))],
    steps.WriteFile: lambda s, _: [Edit(s.path, "written", ("".join(f"{line}\n" for line in s.lines),))],
    steps.Link: lambda s, _: [Edit(s.path, "link", (s.target,))],
    steps.MakeFolder: lambda s, _: [Edit(s.path, "folder", (s.owner, s.group, s.mode))],
    steps.MakeDevice: _described(lambda s: f"is a character device, {s.major}, {s.minor}"),
    steps.SetUpPam: _described(lambda _: "does as the system's other services do"),
    steps.CopyFile: _described(lambda s: f"is a copy of {s.source}"),
    steps.RenewCertificate: _described(lambda s: f"certbot gets another certificate in the place of {s.name}"),
    steps.MakeKey: _described(lambda _: "is a new private key"),
    steps.SelfSigned: _described(lambda s: f"is a new certificate, signed by its own key, {s.key}"),
    steps.MakeCertificate: _described(lambda s: f"is a new certificate for {s.name}, or its key, where none is there"),
    steps.Decrypt: lambda s, _: _by_way_of_another(s.path, "has the same key, without its passphrase", ".plain"),
    steps.CopyChain: lambda s, _: [Edit(s.to, "described", (f"gets the certificates of {s.path} behind the first",))],
    steps.SetOption: _set,
    steps.AddLine: lambda s, _: [Edit(s.path, "appended", (f"{s.line}\n",), unless=s.line)],
    steps.SetPostfix: lambda s, changes: [Edit(path, "parameter", (s.name, s.value)) for path in changes],
    steps.UnsetPostfix: _unset_postfix,
    steps.SetPostfixService: _described(lambda s: f"{', '.join(s.services)}: {s.name} {s.before} -> {s.value}"),
    steps.SetPostfixOption: _described(lambda s: f"{s.service}: {s.name}={s.value}, whatever main.cf has"),
    steps.AddPostfixService: _described(lambda s: f"gets the service {s.name}, or another line of it"),
    steps.BuildMap: _described(lambda s: f"is built anew from {s.path}"),
    steps.BuildTable: _described(lambda s: f"is built anew from {s.path}"),
    steps.BuildAliases: _described(lambda s: f"is built anew from {s.path}"),
    steps.Rebuild: lambda s, _: [
        *([Edit(s.keep, "described", (f"is a copy of {s.path} as it is now",))] if s.keep else []),
        *_by_way_of_another(s.path, f"is made anew from {s.source} by m4"),
    ],
    steps.Generate: _described(lambda s: f"is made from {s.source} by m4"),
    steps.Draft: _described(lambda s: f"is made from {s.source} by m4"),
    steps.Adopt: lambda s, _: _by_way_of_another(s.path, f"is what was made as {s.path}.new"),
    steps.PutBack: lambda s, _: [Edit(s.path, "described", (f"is the copy {s.kept} again",))],
    steps.JoinGroup: _account(lambda s: f"{s.user} {'leaves' if s.leaves else 'gets into'} the group {s.group}"),
    steps.NoExpiry: _account(lambda s: f"the account {s.user} expires no more"),
    steps.AddUser: _described(lambda s: f"{s.user}@{s.realm} has {'another' if s.exists else 'a'} password"),
    steps.AddAccount: _described(lambda s: f"the account {s.user} has a password, and is made where it is not there"),
    steps.DeleteUser: _described(lambda s: f"{s.user}@{s.realm} has no secret of {s.application} any more"),
    steps.WriteLogin: lambda s, _: _by_way_of_another(s.path, f"has a login of {s.user} at {s.server}"),
    steps.Install: _described(
        lambda s: f"the package with {s.what} is {'installed again, over its files' if s.again else 'installed'}"
    ),
    steps.MakeIncluded: _described(lambda _: "scripts of Debian's package write below /etc/mail"),
    steps.KeepCopy: _described(lambda s: f"{s.path} is copied to {s.to}, where nothing is there"),
    steps.Remount: _described(lambda s: f"{s.path} can be written, until it is mounted anew"),
    steps.Unmount: _described(lambda s: f"what lies below {s.path} is seen again, not what is mounted there"),
    steps.GenerateExim: _described(lambda _: "is made anew from the files in /etc/exim4"),
    steps.AddPassword: _described(lambda s: f"{s.user} has a password, and whoever had one there keeps it"),
    steps.Disable: _described(
        lambda s: f"{s.service} {'starts, and' if s.back else 'ends, and no more'} starts with the system"
    ),
    steps.AddServiceKey: _described(lambda s: f"the KDC has a new key of {s.principal}, and {s.keytab} too"),
    steps.EndProcess: _described(lambda s: f"{s.program} (process {s.pid}) ends"),
    steps.Unban: _described(lambda s: f"{s.address} is locked out no more"),
}
"""Step -> what it makes of what it changes on this system."""
