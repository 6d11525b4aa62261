"""What a step changes: the paths of files, so that each can be kept before and put back."""

from collections.abc import Callable, Mapping
from typing import Any

from maildoctor.facts.system import System
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
_SASLDB = "/etc/sasldb2"
_GROUPS = ("/etc/group", "/etc/group-", "/etc/gshadow", "/etc/gshadow-", "/etc/.pwd.lock")
"""With the copies that the tools make, and the lock of lckpwdf(3), which stays."""
_INDEX = {"hash": (".db",), "btree": (".db",), "cdb": (".cdb",), "lmdb": (".lmdb",), "dbm": (".pag", ".dir"),
          "sdbm": (".pag", ".dir")}  # fmt: skip
"""What postmap(1) and makemap(8) put behind the name of a source, by type of table (dict_*.h of Postfix, smdb*.c of
sendmail)."""


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
    **dict.fromkeys(
        (BuildMap, BuildTable, BuildAliases), lambda s: tuple(f"{s.path}{end}" for end in _INDEX.get(s.type, ()))
    ),
    SetPostfix: lambda _: _MAIN,
    UnsetPostfix: lambda s: _MASTER if s.service else _MAIN,
    SetPostfixService: lambda _: _MASTER,
    SetPostfixOption: lambda _: _MASTER,
    AddPostfixService: lambda _: _MASTER,
    AddUser: lambda s: (s.path or _SASLDB,),
    DeleteUser: lambda _: (_SASLDB,),
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


def changes(step: Step, system: System) -> tuple[str, ...]:
    """The paths of all that a step changes; empty where that is not known beforehand, or it is no file."""
    find = _CHANGES.get(type(step))
    paths = tuple(find(step)) if find else ()
    if system.family != "freebsd":
        return paths
    if isinstance(step, JoinGroup):
        return ("/etc/group",)  # pw(8)
    # ports have their own place, and libsasl's ndbm, which is libc's, its own ending
    of_port = tuple(f"/usr/local{path}" if path in (*_MAIN, *_MASTER, _SASLDB) else path for path in paths)
    return of_port + tuple(f"{path}.db" for path in of_port if isinstance(step, AddUser | DeleteUser))


def kind(step: Step) -> StepKind:
    """What a step is; empty where its command has a word that a person must put in, as a user who is not known."""
    if isinstance(step, AddUser) and step.user == "USER":
        return ""
    return _KINDS.get(type(step), "changes")
