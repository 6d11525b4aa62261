"""What a step changes: the paths of files, so that each can be kept before and put back."""

from collections.abc import Callable, Mapping
from typing import Any

from maildoctor.model import StepKind
from maildoctor.plan.steps import (
    AddInBlock,
    AddLine,
    AddMacro,
    AddPostfixService,
    AddUser,
    BuildAliases,
    BuildMap,
    BuildTable,
    Chmod,
    Chown,
    CommentOut,
    CommentOutLines,
    CopyChain,
    CreateFile,
    Decrypt,
    DeleteUser,
    EditFile,
    EditMacroFile,
    Generate,
    Inspect,
    JoinGroup,
    Link,
    ListenForAll,
    MakeDevice,
    MakeFolder,
    MakeKey,
    Manual,
    Move,
    PutBack,
    Rebuild,
    RemoveFile,
    RemoveFolder,
    RemoveLine,
    RenameOption,
    Restart,
    SeparateByColon,
    SetInLine,
    SetOption,
    SetPostfix,
    SetPostfixOption,
    SetPostfixService,
    SetRow,
    SetUpPam,
    Start,
    Step,
    StopAndStart,
    UnsetPostfix,
    WriteFile,
)

_MAIN, _MASTER = ("/etc/postfix/main.cf",), ("/etc/postfix/master.cf",)
_GROUPS = ("/etc/group", "/etc/group-", "/etc/gshadow", "/etc/gshadow-")
_ALIASES = ("/etc/aliases.db", "/etc/mail/aliases.db")
_INDEX = {"hash": (".db",), "btree": (".db",), "cdb": (".cdb",), "lmdb": (".lmdb",), "dbm": (".pag", ".dir"),
          "sdbm": (".pag", ".dir")}  # fmt: skip
"""What postmap(1) puts behind the name of a source, by type of table (dict_*.h of Postfix)."""


def _path(step: Any) -> tuple[str, ...]:
    return (step.path,)


_CHANGES: Mapping[type[Step], Callable[[Any], tuple[str, ...]]] = {
    Chmod: lambda s: s.paths,
    Chown: lambda s: s.paths,
    JoinGroup: lambda _: _GROUPS,
    Move: lambda s: (s.path, s.to),
    **dict.fromkeys(
        (RemoveFile, RemoveFolder, CreateFile, WriteFile, Link, MakeDevice, SetUpPam, MakeKey, MakeFolder, SetOption,
         SetInLine, CommentOut, CommentOutLines, AddInBlock, RenameOption, SeparateByColon, AddLine, RemoveLine, SetRow,
         AddMacro, ListenForAll, Generate, PutBack),
        _path,
    ),
    Decrypt: lambda s: (s.path, f"{s.path}.plain"),
    CopyChain: lambda s: (s.to,),
    Rebuild: lambda s: (s.path, f"{s.path}.new", *([s.keep] if s.keep else [])),
    BuildMap: lambda s: (f"{s.path}.db",),
    BuildTable: lambda s: tuple(f"{s.path}{end}" for end in _INDEX.get(s.type, ())),
    BuildAliases: lambda _: _ALIASES,
    SetPostfix: lambda _: _MAIN,
    UnsetPostfix: lambda s: _MASTER if s.service else _MAIN,
    SetPostfixService: lambda _: _MASTER,
    SetPostfixOption: lambda _: _MASTER,
    AddPostfixService: lambda _: _MASTER,
    AddUser: lambda s: (s.path or "/etc/sasldb2",),
    DeleteUser: lambda _: ("/etc/sasldb2",),
}  # fmt: skip
"""Step -> what it changes; of those that are not here it is not known beforehand, or they change no file."""

_KINDS: Mapping[type[Step], StepKind] = {
    Restart: "restarts",
    Start: "restarts",
    StopAndStart: "restarts",
    Rebuild: "restarts",
    PutBack: "restarts",
    AddUser: "asks",
    Decrypt: "asks",
    Inspect: "looks",
    Manual: "by_hand",
    EditFile: "by_hand",
    EditMacroFile: "by_hand",
}


def changes(step: Step) -> tuple[str, ...]:
    """The paths of all that a step changes; empty where that is not known beforehand, or it is no file."""
    find = _CHANGES.get(type(step))
    return find(step) if find else ()


def kind(step: Step) -> StepKind:
    """What a step is."""
    return _KINDS.get(type(step), "changes")
