"""Typed steps of a remedy: what is to be done, without a word of shell.

A check yields them; `plan.shell` writes them for the system that was examined. Paths and names are as the host gave
them, unquoted. `inverse` takes a step back, and is empty where nothing does, or what was there before is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from maildoctor.model import Safety
from maildoctor.plan.words import Values


@dataclass(frozen=True, kw_only=True)
class Step:
    """`safety` as in `model.Step`; `effect`: what it does besides, as `restarts sendmail`."""

    safety: Safety = "risky"
    effect: str = ""

    @property
    def inverse(self) -> "Sequence[Step]":
        """What takes it back."""
        return ()


# ---- permissions


@dataclass(frozen=True)
class Chmod(Step):
    """Files get a mode as chmod(1) takes it; `before`: what gives each its old one back."""

    mode: str
    paths: tuple[str, ...]
    before: tuple[str, ...]
    safety: Safety = field(default="safe", kw_only=True)

    @property
    def inverse(self) -> Sequence[Step]:
        """One for each file."""
        return [Chmod(old, (path,), (self.mode,)) for path, old in zip(self.paths, self.before, strict=True)]


@dataclass(frozen=True)
class Chown(Step):
    """Files get an owner, `user`, `user:group` or `:group`, and then a mode, for chown takes set-id bits away. All had
    one owner `before`, and the mode `mode_before`."""

    owner: str
    paths: tuple[str, ...]
    before: str
    mode: str = ""
    mode_before: str = ""

    @property
    def inverse(self) -> Sequence[Step]:
        """The old owner, the old mode; none where the file was not there before."""
        return (
            []
            if not self.before
            else [replace(self, owner=self.before, before=self.owner, mode=self.mode_before, mode_before=self.mode)]
        )


@dataclass(frozen=True)
class JoinGroup(Step):
    """An account gets into one more group, of which it was no member."""

    user: str
    group: str
    leaves: bool = False
    effect: str = field(default="takes effect when the program is restarted", kw_only=True)

    @property
    def inverse(self) -> Sequence[Step]:
        """It leaves the group."""
        return [replace(self, leaves=not self.leaves)]


# ---- files


@dataclass(frozen=True)
class Move(Step):
    """A file or folder gets another name, which nothing has yet."""

    path: str
    to: str

    @property
    def inverse(self) -> Sequence[Step]:
        """Back to its old name."""
        return [Move(self.to, self.path)]


@dataclass(frozen=True)
class RemoveFile(Step):
    """A file goes."""

    path: str


@dataclass(frozen=True)
class RemoveFolder(Step):
    """An empty folder goes."""

    path: str


@dataclass(frozen=True)
class _New(Step):
    """What stands nowhere yet."""

    path: str

    @property
    def inverse(self) -> Sequence[Step]:
        """It goes again."""
        return [RemoveFile(self.path)]


@dataclass(frozen=True)
class CreateFile(_New):
    """An empty file."""

    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class WriteFile(_New):
    """A file with these lines."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Link(_New):
    """A symbolic link to `target`."""

    target: str
    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class MakeDevice(_New):
    """A character device for everybody."""

    major: int
    minor: int


@dataclass(frozen=True)
class SetUpPam(_New):
    """The file of a PAM service that does as the system's other services do."""


@dataclass(frozen=True)
class MakeKey(_New):
    """A private key of 2048 bits."""


@dataclass(frozen=True)
class SelfSigned(_New):
    """A certificate for this host and its `key`, which no authority signed."""

    key: str
    effect: str = field(default="mail programs ask whether to trust it: no authority signed it", kw_only=True)


@dataclass(frozen=True)
class CopyFile(_New):
    """A copy of the file `source`, root's own, with this mode."""

    source: str
    mode: str


@dataclass(frozen=True)
class RenewCertificate(Step):
    """certbot gets a new certificate in the place of one that it got before."""

    name: str
    effect: str = field(default="asks the certificate authority", kw_only=True)


@dataclass(frozen=True)
class MakeFolder(Step):
    """A folder with owner, group and mode."""

    path: str
    owner: str
    group: str
    mode: str
    safety: Safety = field(default="safe", kw_only=True)

    @property
    def inverse(self) -> Sequence[Step]:
        """It goes again while it is empty."""
        return [RemoveFolder(self.path)]


@dataclass(frozen=True)
class MakeCertificate(_New):
    """A certificate of its own for this `name`, at `path`, with its new `key`; one that is there stays. No client knows
    its issuer."""

    key: str
    name: str


@dataclass(frozen=True)
class KeepCopy(Step):
    """A folder or file is copied with owners, modes and times to a name that nothing has yet; one that is there
    stays."""

    path: str
    to: str
    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class Unmount(Step):
    """A file system is no longer mounted in a folder, and what lies below is seen again."""

    path: str
    effect: str = field(default="what lies in it is out of sight", kw_only=True)


@dataclass(frozen=True)
class Remount(Step):
    """A file system is mounted for writing."""

    path: str


# ---- settings


@dataclass(frozen=True)
class SetOption(Step):
    """An option of a file gets a value, `NAME` `sign` `VALUE`, in the place where it stands, and in one line even if
    this is done twice. `before`: its value now, empty where it is not known or stands there more than once. `new`: it
    stands nowhere yet. `unended`: the last line of the file has no end."""

    path: str
    name: str
    value: str
    before: str = ""
    sign: str = ": "
    new: bool = False
    unended: bool = False

    @property
    def inverse(self) -> Sequence[Step]:
        """The old value, or none."""
        if self.new:
            return [RemoveLine(self.path, f"{self.name}{self.sign}{self.value}")]
        return [replace(self, value=self.before, before=self.value)] if self.before else ()


@dataclass(frozen=True)
class SetInLine(Step):
    """A setting `NAME = VALUE` in the line where it stands, for there may be others of that name. `before`: its value
    now."""

    path: str
    line: int
    name: str
    value: str
    before: str

    @property
    def inverse(self) -> Sequence[Step]:
        """The old value."""
        return [replace(self, value=self.before, before=self.value)]


@dataclass(frozen=True)
class CloseUp(Step):
    """In a line of Postfix's master.cf the blanks go that stand round the `=` of an option and behind its commas (`-o
    name = value, value`)."""

    path: str
    line: int


@dataclass(frozen=True)
class Relabel(Step):
    """In Dovecot's passwd-file hashes that begin with `$` `kind` `$` get the scheme that they are of, in the place of
    the one that stands before them."""

    path: str
    kind: str
    scheme: str
    to: str


@dataclass(frozen=True)
class CommentOut(Step):
    """A setting `NAME = …` in this line becomes a comment; `back`: it is a setting again."""

    path: str
    line: int
    name: str
    back: bool = False

    @property
    def inverse(self) -> Sequence[Step]:
        """Without the sign of a comment."""
        return [replace(self, back=not self.back)]


@dataclass(frozen=True)
class CommentOutLines(Step):
    """Lines from `first` to `last` become comments; `back`: they are none again."""

    path: str
    first: int
    last: int
    back: bool = False

    @property
    def inverse(self) -> Sequence[Step]:
        """Without the sign of a comment."""
        return [replace(self, back=not self.back)]


@dataclass(frozen=True)
class AddInBlock(Step):
    """Lines behind the one that opens a block with `{`."""

    path: str
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class RenameOption(Step):
    """An option of a file gets another name and keeps its value."""

    path: str
    name: str
    to: str


@dataclass(frozen=True)
class SeparateByColon(Step):
    """`name = value` becomes `name: value` in a whole file."""

    path: str


@dataclass(frozen=True)
class AddLine(Step):
    """A line at the end of a file where no such line is."""

    path: str
    line: str

    @property
    def inverse(self) -> Sequence[Step]:
        """It goes again."""
        return [RemoveLine(self.path, self.line)]


@dataclass(frozen=True)
class AddBefore(Step):
    """A line before the first one of a file that begins with `word`, where no such line is."""

    path: str
    line: str
    word: str

    @property
    def inverse(self) -> Sequence[Step]:
        """It goes again."""
        return [RemoveLine(self.path, self.line)]


@dataclass(frozen=True)
class AddBehind(Step):
    """A line behind each one of a file that is `anchor`, where no such line is."""

    path: str
    line: str
    anchor: str

    @property
    def inverse(self) -> Sequence[Step]:
        """It goes again."""
        return [RemoveLine(self.path, self.line)]


@dataclass(frozen=True)
class AddToLine(Step):
    """Words at the end of a line."""

    path: str
    line: int
    words: str


@dataclass(frozen=True)
class SetRow(Step):
    """A row of a table's source, a key and blanks and a value, gets another value; `before`: its value now."""

    path: str
    key: str
    value: str
    before: str

    @property
    def inverse(self) -> Sequence[Step]:
        """The old value."""
        return [replace(self, value=self.before, before=self.value)]


@dataclass(frozen=True)
class RenameRow(Step):
    """A row of a table's source gets another key, in whatever case the old one stands there."""

    path: str
    key: str
    to: str

    @property
    def inverse(self) -> Sequence[Step]:
        """The old key."""
        return [replace(self, key=self.to, to=self.key)]


@dataclass(frozen=True)
class CommentOutRow(Step):
    """The rows of a table's source with this key, in whatever case, become comments; `back`: they count again."""

    path: str
    key: str
    back: bool = False

    @property
    def inverse(self) -> Sequence[Step]:
        """Without the sign of a comment."""
        return [replace(self, back=not self.back)]


@dataclass(frozen=True)
class QuoteItems(Step):
    """In the row of this key the items `U=name` of a login become `"U:name"`."""

    path: str
    key: str


@dataclass(frozen=True)
class DropFlag(Step):
    """An option goes from the command lines that a file of settings `NAME="OPTIONS"` holds."""

    path: str
    flag: str


@dataclass(frozen=True)
class RemoveLine(Step):
    """Every such line of a file goes."""

    path: str
    line: str


@dataclass(frozen=True)
class SetPostfix(Step):
    """A parameter of Postfix's main.cf gets a value."""

    name: str
    value: str


@dataclass(frozen=True)
class SetPostfixService(Step):
    """A field of Postfix's master.cf gets a value, for services (`submission/inet`) that had one value `before`."""

    services: tuple[str, ...]
    name: str
    value: str
    before: str

    @property
    def inverse(self) -> Sequence[Step]:
        """The old value."""
        return [replace(self, value=self.before, before=self.value)]


@dataclass(frozen=True)
class AddPostfixService(Step):
    """One more service in Postfix's master.cf: `fields` as they stand there, and parameters of its own."""

    name: str
    fields: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SetPostfixOption(Step):
    """A service of master.cf (`submission/inet`) gets a value of its own for a parameter (`-o`)."""

    service: str
    name: str
    value: str


@dataclass(frozen=True)
class UnsetPostfix(Step):
    """A parameter goes from main.cf, or with a `service` the `-o` of that service, so that what is behind it counts."""

    name: str
    service: str = ""


# ---- sendmail


@dataclass(frozen=True)
class BuildMap(Step):
    """A map from its source, of the same name without `.db`."""

    type: str
    path: str
    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class BuildTable(Step):
    """The index of a lookup table of Postfix from its source."""

    type: str
    path: str
    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class BuildAliases(Step):
    """The aliases from their source, of which `path` is one."""

    type: str = "hash"
    path: str = "/etc/aliases"
    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class AddMacro(Step):
    """A line of sendmail.mc, before its mailers, where no such line is."""

    path: str
    line: str


@dataclass(frozen=True)
class SetMacro(Step):
    """A call in sendmail.mc, before its mailers, in the place of those of the same `macro` and first argument `name`
    that are in one line; m4 takes the last of several definitions, so that one of several lines counts no more. `name`
    empty: of every such call. `line` is the whole new one."""

    path: str
    macro: str
    name: str
    line: str


@dataclass(frozen=True)
class DropMacro(Step):
    """The calls of `macro` with the first argument `name` in sendmail.mc become comments (`dnl`)."""

    path: str
    macro: str
    name: str


@dataclass(frozen=True)
class SetPort(Step):
    """In sendmail.mc the port options with `Name=` `name` get `key` `=` `value`, or lose `key` where `value` is empty.
    `macro`: DAEMON_OPTIONS or CLIENT_OPTIONS; `name` empty: all of them."""

    path: str
    name: str
    key: str
    value: str
    macro: str = "DAEMON_OPTIONS"


@dataclass(frozen=True)
class DropPort(Step):
    """The DAEMON_OPTIONS with `Name=` `name` in sendmail.mc become comments (`dnl`)."""

    path: str
    name: str


@dataclass(frozen=True)
class ListenForAll(Step):
    """The port of submission in sendmail.mc is no longer bound to the loopback address alone."""

    path: str


@dataclass(frozen=True)
class MakeIncluded(Step):
    """Debian's own scripts make a certificate and what sendmail.mc includes for TLS and AUTH, where it is not there."""

    effect: str = field(default="makes a certificate and files in /etc/mail/tls and /etc/mail/sasl", kw_only=True)


@dataclass(frozen=True)
class Rebuild(Step):
    """sendmail.cf from its m4 source, and sendmail restarted; `keep`: a path for a copy of the old one."""

    source: str
    path: str
    keep: str = ""
    effect: str = field(default="restarts sendmail", kw_only=True)

    @property
    def inverse(self) -> Sequence[Step]:
        """The copy in its place."""
        return [PutBack(self.keep, self.path)] if self.keep else ()


@dataclass(frozen=True)
class Draft(Step):
    """sendmail.cf from its m4 source, beside the one at `path` and not yet in its place."""

    source: str
    path: str


@dataclass(frozen=True)
class Adopt(Step):
    """What `Draft` made takes the place of the old sendmail.cf, and sendmail is restarted."""

    path: str
    effect: str = field(default="restarts sendmail", kw_only=True)


@dataclass(frozen=True)
class PutBack(Step):
    """A copy of sendmail.cf in its place again, and sendmail restarted."""

    kept: str
    path: str


@dataclass(frozen=True)
class Generate(_New):
    """A .cf file that is missing, from its m4 source."""

    source: str


@dataclass(frozen=True)
class Decrypt(Step):
    """A private key is stored without its passphrase, in the same file, whose owner and mode stay."""

    path: str
    effect: str = field(default="asks for the passphrase", kw_only=True)


@dataclass(frozen=True)
class CopyChain(Step):
    """The certificates of `path` behind its first are added to the file `to`; a key that stands among them is not."""

    path: str
    to: str


@dataclass(frozen=True)
class GenerateExim(Step):
    """Debian's update-exim4.conf makes the configuration that Exim reads, and leaves the old one where Exim would
    refuse the new one."""

    safety: Safety = field(default="safe", kw_only=True)


# ---- programs and users


@dataclass(frozen=True)
class Unban(Step):
    """An address that is locked out is let in again. `by`: `route` or `route6` (of IPv6), `fail2ban` (`name`: the jail,
    empty: all of them), `nft` (`name`: family, table and set) or `ipset` (`name`: the set)."""

    address: str
    by: str
    name: str = ""
    effect: str = field(default="lets that address connect again", kw_only=True)


@dataclass(frozen=True)
class Install(Step):
    """The package that brings a mechanism, a plug-in, or what else `package_for` knows; `again`: over files that are
    damaged."""

    what: str
    again: bool = False


@dataclass(frozen=True)
class Restart(Step):
    """A service starts again, or reads its configuration anew where that is enough; empty: we do not know which."""

    service: str


@dataclass(frozen=True)
class Start(Step):
    """A service starts that does not run; `at_boot`: from now on at each boot too."""

    service: str
    at_boot: bool = False


@dataclass(frozen=True)
class Disable(Step):
    """A service ends, and is not started at boot any more; `back`: it is, and starts."""

    service: str
    back: bool = False

    @property
    def inverse(self) -> Sequence[Step]:
        """The other way round."""
        return [replace(self, back=not self.back)]


@dataclass(frozen=True)
class StopAndStart(Step):
    """A service ends and starts again, where to read its configuration anew is not enough: Postfix listens on other
    addresses, or starts at once what it waits to start again."""

    service: str
    effect: str = field(default="breaks off connections", kw_only=True)


@dataclass(frozen=True)
class AddUser(Step):
    """A user of a sasldb with a password, or, if it `exists`, another password; `path` where that is no usual one."""

    user: str
    realm: str
    path: str = ""
    exists: bool = False
    effect: str = field(default="asks for the password", kw_only=True)


@dataclass(frozen=True)
class AddAccount(Step):
    """A user of the system with a password, or, if it `exists`, a password."""

    user: str
    exists: bool = False
    effect: str = field(default="asks for the password", kw_only=True)


@dataclass(frozen=True)
class AddPassword(Step):
    """A user of a file `NAME` `sign` `HASH` with a password, or another password; only root and `group` may read it."""

    path: str
    user: str
    group: str
    sign: str = ":"
    effect: str = field(default="asks for the password", kw_only=True)


@dataclass(frozen=True)
class DeleteUser(Step):
    """A user of a sasldb goes, with the secrets of one application."""

    user: str
    realm: str
    application: str


@dataclass(frozen=True)
class NoExpiry(Step):
    """An account of the system that has expired does so no more."""

    user: str
    effect: str = field(default="lets that account log in again, elsewhere too", kw_only=True)


@dataclass(frozen=True)
class AddServiceKey(Step):
    """A principal of the KDC that runs here, made where it is not there, and a new key of it in the keytab."""

    principal: str
    keytab: str
    effect: str = field(default="the keys of that principal in other keytabs count no more", kw_only=True)


@dataclass(frozen=True)
class EndProcess(Step):
    """A process ends, if that number is still this program."""

    pid: int
    program: str
    effect: str = field(default="ends that program", kw_only=True)


@dataclass(frozen=True)
class WriteLogin(Step):
    """A file for root alone with one row: a login at another server, whose password is asked for. `form`: `authinfo` of
    sendmail or `sasl_passwd` of Postfix; `server`: as the row names it."""

    path: str
    form: str
    server: str
    user: str
    effect: str = field(default="asks for the password", kw_only=True)


# ---- for a person


@dataclass(frozen=True)
class Inspect(Step):
    """A command that only looks. `{name}` in it becomes the value of that name, quoted."""

    command: str
    values: Values = ()
    safety: Safety = field(default="safe", kw_only=True)


@dataclass(frozen=True)
class Manual(Step):
    """What no command does. `{name}` in it becomes the value of that name as `words.remark` has it."""

    text: str
    values: Values = ()
    safety: Safety = field(default="manual", kw_only=True)


@dataclass(frozen=True)
class EditFile(Step):
    """A change by hand to a file, values as in `Manual`."""

    path: str
    change: str
    values: Values = ()
    safety: Safety = field(default="manual", kw_only=True)


@dataclass(frozen=True)
class EditMacroFile(EditFile):
    """A change by hand to the m4 source of sendmail.cf, which then must be rebuilt."""
