"""What a step changes: the paths of files, so that each can be kept before and put back."""

from collections.abc import Callable, Mapping
from typing import Any

from maildoctor.facts.system import System
from maildoctor.model import StepKind
from maildoctor.plan import steps

_MAIN, _MASTER = ("/etc/postfix/main.cf",), ("/etc/postfix/master.cf",)
_SASLDB = "/etc/sasldb2"
_GROUPS = ("/etc/group", "/etc/group-", "/etc/gshadow", "/etc/gshadow-", "/etc/.pwd.lock")
"""With the copies that the tools make, and the lock of lckpwdf(3), which stays."""
_SHADOW = ("/etc/shadow", "/etc/shadow-", "/etc/.pwd.lock")
_INDEX = {"hash": (".db",), "btree": (".db",), "cdb": (".cdb",), "lmdb": (".lmdb",), "dbm": (".pag", ".dir"),
          "sdbm": (".pag", ".dir")}  # fmt: skip
"""What postmap(1) and makemap(8) put behind the name of a source, by type of table (dict_*.h of Postfix, smdb*.c of
sendmail)."""


def _path(step: Any) -> tuple[str, ...]:
    return (step.path,)


_CHANGES: Mapping[type[steps.Step], Callable[[Any], tuple[str, ...]]] = {
    steps.Chmod: lambda s: s.paths,
    steps.Chown: lambda s: s.paths,
    steps.JoinGroup: lambda _: _GROUPS,
    steps.NoExpiry: lambda _: _SHADOW,
    steps.Move: lambda s: (s.path, s.to),
    **dict.fromkeys(
        (
            steps.RemoveFile, steps.RemoveFolder, steps.CreateFile, steps.WriteFile, steps.Link, steps.MakeDevice,
            steps.SetUpPam, steps.MakeKey, steps.CopyFile, steps.MakeFolder, steps.SetOption, steps.SetInLine,
            steps.CloseUp, steps.Relabel,
            steps.CommentOut, steps.CommentOutLines, steps.AddInBlock, steps.RenameOption, steps.SeparateByColon,
            steps.AddLine, steps.RemoveLine, steps.SetRow, steps.RenameRow, steps.CommentOutRow, steps.QuoteItems,
            steps.DropFlag, steps.SelfSigned, steps.AddMacro, steps.SetMacro,
            steps.DropMacro, steps.SetPort, steps.DropPort, steps.ListenForAll, steps.Generate, steps.PutBack,
        ),
        _path,
    ),
    steps.Decrypt: lambda s: (s.path, f"{s.path}.plain"),
    steps.CopyChain: lambda s: (s.to,),
    steps.WriteLogin: lambda s: (s.path, f"{s.path}.new"),
    steps.Draft: lambda s: (f"{s.path}.new",),
    steps.Adopt: lambda s: (s.path, f"{s.path}.new"),
    steps.MakeCertificate: lambda s: (s.path, s.key),
    steps.Rebuild: lambda s: (s.path, f"{s.path}.new", *([s.keep] if s.keep else [])),
    **dict.fromkeys(
        (steps.BuildMap, steps.BuildTable, steps.BuildAliases),
        lambda s: tuple(f"{s.path}{end}" for end in _INDEX.get(s.type, ())),
    ),
    steps.SetPostfix: lambda _: _MAIN,
    steps.UnsetPostfix: lambda s: _MASTER if s.service else _MAIN,
    steps.SetPostfixService: lambda _: _MASTER,
    steps.SetPostfixOption: lambda _: _MASTER,
    steps.AddPostfixService: lambda _: _MASTER,
    steps.AddUser: lambda s: (s.path or _SASLDB,),
    steps.DeleteUser: lambda _: (_SASLDB,),
}  # fmt: skip
"""Step -> what it changes; of those that are not here it is not known beforehand, or they change no file."""

_KINDS: Mapping[type[steps.Step], StepKind] = {
    steps.Restart: "restarts",
    steps.Start: "restarts",
    steps.StopAndStart: "restarts",
    steps.Rebuild: "restarts",
    steps.Adopt: "restarts",
    steps.PutBack: "restarts",
    steps.AddUser: "asks",
    steps.AddAccount: "asks",
    steps.WriteLogin: "asks",
    steps.Decrypt: "asks",
    steps.Inspect: "looks",
    steps.Manual: "by_hand",
    steps.EditFile: "by_hand",
    steps.EditMacroFile: "by_hand",
}


def changes(step: steps.Step, system: System) -> tuple[str, ...]:
    """The paths of all that a step changes; empty where that is not known beforehand, or it is no file."""
    find = _CHANGES.get(type(step))
    paths = tuple(find(step)) if find else ()
    if system.family != "freebsd":
        return paths
    if isinstance(step, steps.JoinGroup):
        return ("/etc/group",)  # pw(8)
    if isinstance(step, steps.NoExpiry):
        return ()
    if "/etc/mail/sendmail.mc" in paths:
        return ()  # which is called after the host there
    # ports have their own place, and libsasl's ndbm, which is libc's, its own ending
    of_port = tuple(f"/usr/local{path}" if path in (*_MAIN, *_MASTER, _SASLDB) else path for path in paths)
    return of_port + tuple(f"{path}.db" for path in of_port if isinstance(step, steps.AddUser | steps.DeleteUser))


def kind(step: steps.Step) -> StepKind:
    """What a step is; empty where its command has a word that a person must put in, as a user who is not known."""
    if isinstance(step, steps.AddUser | steps.AddAccount) and step.user == "USER":
        return ""
    return _KINDS.get(type(step), "changes")
