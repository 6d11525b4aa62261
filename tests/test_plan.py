"""Steps of remedies: as commands for each system, and done and undone by a shell in a throw-away folder."""

import os
import shlex
import stat
import subprocess
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor.collect.system import system as collected
from maildoctor.facts.cyrus.conf import SaslConf
from maildoctor.facts.paths import Look
from maildoctor.facts.system import System
from maildoctor.host import Answer, Host, Verb, Why
from maildoctor.library import load_library
from maildoctor.plan import shell, steps
from maildoctor.plan.steps import (
    AddLine,
    AddUser,
    Chmod,
    Chown,
    CreateFile,
    EditFile,
    Inspect,
    Install,
    JoinGroup,
    Link,
    Manual,
    Move,
    Rebuild,
    Restart,
    SetOption,
    SetUpPam,
    Start,
    Step,
)
from maildoctor.plan.words import filled
from maildoctor.remedy import chmod, private, set_option
from tests.test_engine import Mute
from tests.test_samples import MARKERS, SYSTEMS

(SASL007,) = (c for c in load_library().checks if c.code == "SASL007")


def written(step: Step, text: str) -> list[str]:
    return [s.command for s in shell.rendered([step], System.parse(text))]


def test_every_step_has_a_renderer() -> None:
    named = {c for c in vars(steps).values() if isinstance(c, type) and issubclass(c, Step)}
    assert {c for c in named if not c.__name__.startswith("_")} - {Step} == set(shell._RENDERERS)


# ---- what is written for each system


@pytest.mark.parametrize(
    ("system", "restart", "start"),
    [
        ("debian", "service sendmail restart", "service saslauthd start"),
        ("sysv", "service sendmail restart", "service saslauthd start"),
        ("rhel", "systemctl restart sendmail", "systemctl start saslauthd"),
        ("suse", "systemctl restart sendmail", "systemctl start saslauthd"),
        ("alpine", "rc-service sendmail restart", "rc-service saslauthd start"),
        ("freebsd", "service sendmail onerestart", "service saslauthd onestart"),
        ("unknown", "service sendmail restart", "service saslauthd start"),
    ],
)
def test_a_service_is_restarted_as_its_system_does_it(system: str, restart: str, start: str) -> None:
    text = SYSTEMS[system]
    assert written(Restart("sendmail"), text) == [restart]
    assert written(Start("saslauthd"), text) == [start]
    [rebuilt] = shell.rendered([Rebuild("/etc/mail/a.mc", "/etc/mail/a.cf")], System.parse(text))
    assert rebuilt.command.endswith(f"mv /etc/mail/a.cf.new /etc/mail/a.cf && {restart}")
    assert rebuilt.effect == "restarts sendmail"


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ("debian", "systemctl enable --now saslauthd"),
        ("sysv", "service saslauthd start"),
        ("rhel", "systemctl enable --now saslauthd"),
        ("alpine", "rc-update add saslauthd && rc-service saslauthd start"),
        ("freebsd", "sysrc saslauthd_enable=YES && service saslauthd start"),
    ],
)
def test_saslauthd_is_started_at_each_boot_too(system: str, command: str) -> None:
    sample = {"conf": "pwcheck_method: saslauthd", "processes": "", "saslauthd": "installed"}
    (finding,) = SASL007.on(sample, System.parse(SYSTEMS[system]))
    assert [s.command for s in finding.fix] == [command]


@pytest.mark.parametrize(
    ("defaults", "edit"),
    [
        ("START=no\nMECHANISMS=pam\n", "sed -i 's/^START=.*/START=yes/' /etc/default/saslauthd"),
        ("MECHANISMS=pam\n", r"printf '%s\n' START=yes >> /etc/default/saslauthd"),  # as Debian 12 ships it
    ],
)
def test_an_init_script_that_wants_start_yes_gets_it_first(defaults: str, edit: str) -> None:
    sample = {"conf": "pwcheck_method: saslauthd", "processes": ""}
    (finding,) = SASL007.on(
        {**sample, "saslauthd": f"{defaults}installed\nSTART=yes is demanded"}, System.parse(SYSTEMS["debian"])
    )
    assert edit in finding.fix[0].command and "START=yes" in finding.message
    assert finding.fix[1].command == "service saslauthd restart"  # systemd thinks that it runs
    (finding,) = SASL007.on({**sample, "saslauthd": f"{defaults}installed"}, System.parse(SYSTEMS["debian"]))
    assert not any("START" in s.command for s in finding.fix)


def test_where_no_init_system_runs_it_is_said() -> None:
    built, by_hand = shell.rendered([Rebuild("/m.mc", "/m.cf", keep="/m.old")], System.parse(SYSTEMS["container"]))
    assert built.command == "cp -p /m.cf /m.old && m4 /m.mc > /m.cf.new && mv /m.cf.new /m.cf"
    assert built.undo == "cp -p /m.old /m.cf"
    assert "restart" not in built.effect
    assert by_hand.command.startswith("# restart sendmail: no init system runs")
    assert (by_hand.safety, by_hand.effect) == ("manual", "")


def test_mail_servers_that_reload_do_so_everywhere() -> None:
    assert {c for text in SYSTEMS.values() for c in written(Restart("postfix"), text)} == {"postfix reload"}
    assert written(Restart("exim"), SYSTEMS["debian"]) == ["service exim4 restart"]
    assert written(Restart("exim"), SYSTEMS["rhel"]) == ["systemctl restart exim"]
    assert written(Restart("a program that we do not know"), SYSTEMS["debian"]) == []


@pytest.mark.parametrize(
    ("step", "system", "command"),
    [
        (Install("DIGEST-MD5", again=True), "debian", "apt-get install --reinstall libsasl2-modules"),
        (Install("DIGEST-MD5"), "rhel", "dnf install cyrus-sasl-md5"),
        (Install("digestmd5"), "alpine", "apk add cyrus-sasl-digestmd5"),
        (Install("sendmail", again=True), "debian", "apt-get install --reinstall sendmail-bin"),
        (Install("digestmd5"), "unknown", "# install the package with digestmd5"),
        (Install("a'b"), "unknown", "# install the package with WHAT"),
        (JoinGroup("smmsp", "sasl"), "debian", "usermod -a -G sasl smmsp"),
        (JoinGroup("smmsp", "sasl"), "alpine", "addgroup smmsp sasl"),
        (JoinGroup("smmsp", "sasl"), "freebsd", "pw groupmod sasl -m smmsp"),
        (SetOption("/s.conf", "log_level", "3"), "debian", "sed -i 's/^log_level:.*/log_level: 3/' /s.conf"),
        (SetOption("/s.conf", "log_level", "3"), "freebsd", "sed -i '' 's/^log_level:.*/log_level: 3/' /s.conf"),
        (
            SetUpPam("/etc/pam.d/smtp"),
            "rhel",
            "printf 'auth include password-auth\\naccount include password-auth\\n' > /etc/pam.d/smtp",
        ),
        (
            Chown("--reference=/home/eve/f", ("/etc/mail/access.db",), "root"),
            "debian",
            "chown NAME /etc/mail/access.db",
        ),
        (AddUser("-d", "example.com"), "debian", "saslpasswd2 -c -u example.com -- -d"),
        (Manual("ask {who}", (("who", "me"),)), "debian", "# ask me"),
        (EditFile("/a b", "drop {it}", (("it", ["p", "$(x)"]),)), "debian", "# in FILE: drop p"),
        (Inspect("ls {path}", (("path", "/a b"),)), "debian", "ls '/a b'"),
    ],
)
def test_commands_are_exact_for_their_system(step: Step, system: str, command: str) -> None:
    assert written(step, SYSTEMS[system]) == [command]


HOSTILE = st.one_of(
    st.sampled_from([*MARKERS, "PWN;x", "\nPWN\n", "$(PWN)", "'PWN'", "-PWN", "a/PWN &;b\\"]), st.text(min_size=1)
)


@given(HOSTILE, HOSTILE, st.sampled_from(sorted(SYSTEMS)))
@settings(max_examples=300, deadline=None)
def test_no_value_of_a_step_becomes_shell(one: str, two: str, system: str) -> None:
    """Whatever the host's names are, a shell finds the same operators and words as with harmless ones."""
    for harmless, hostile in zip(_examples("x", "y"), _examples(one, two), strict=True):
        for plain, odd in zip(
            shell.rendered([harmless], System.parse(SYSTEMS[system])),
            shell.rendered([hostile], System.parse(SYSTEMS[system])),
            strict=True,
        ):
            if plain.command.startswith("#"):
                assert odd.command.startswith("# ") and "\n" not in odd.command
                continue
            for a, b in ((plain.command, odd.command), (plain.undo, odd.undo)):
                if b:
                    wanted, got = _taken_apart(a), _taken_apart(b)
                    assert len(wanted) == len(got), b
                    assert all(x == y for x, y in zip(wanted, got, strict=True) if set(x) <= OPERATORS), b


OPERATORS = set("();<>|&")


def _taken_apart(command: str) -> list[str]:
    """Words and operators as a shell finds them, without the `--` that protects a name like an option."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.commenters, lexer.whitespace_split = "", True
    return [word for word in lexer if word != "--"]


def test_the_owner_of_a_file_that_was_not_there_cannot_be_given_back() -> None:
    assert not Chown("root:dovecot", ("/etc/dovecot/users",), "", "640").inverse


def _examples(a: str, b: str) -> list[Step]:
    """A step of each type with these names of the host in it."""
    fixed: dict[type[Step], Step] = {
        Chmod: Chmod("600", (a, b), ("0644", "0640")),
        steps.Chown: steps.Chown(f"root:{a}", (b,), f":{a}", "640", "0644"),
        steps.MakeFolder: steps.MakeFolder(a, b, b, "750"),
        steps.MakeDevice: steps.MakeDevice(a, 1, 3),
        SetOption: SetOption(a, "mech_list", b, before=b),
        steps.RenameOption: steps.RenameOption(a, "mech", "mech_list"),
        steps.SetInLine: steps.SetInLine(a, 3, "mode", b, b),
        steps.CommentOut: steps.CommentOut(a, 3, "mode"),
        steps.AddInBlock: steps.AddInBlock(a, 3, (b,)),
        steps.CommentOutLines: steps.CommentOutLines(a, 3, 5),
        steps.SetPostfix: steps.SetPostfix("mynetworks", b),
        steps.SetPostfixService: steps.SetPostfixService((b,), "chroot", "n", "y"),
        steps.AddPostfixService: steps.AddPostfixService("submission/inet", f"{a} inet", (("mynetworks", b),)),
        steps.WriteFile: steps.WriteFile(a, (b, a)),
        steps.SetPostfixOption: steps.SetPostfixOption(a, "mynetworks", b),
        steps.AddBefore: steps.AddBefore(a, b, "match"),
        steps.AddBehind: steps.AddBehind(a, b, "begin authenticators"),
        steps.AddToLine: steps.AddToLine(a, 3, b),
        steps.AddPassword: steps.AddPassword(a, b, a),
        steps.SetRow: steps.SetRow(a, b, a, b),
        steps.RenameRow: steps.RenameRow(a, b, a),
        steps.NoExpiry: steps.NoExpiry(a),
        steps.EndProcess: steps.EndProcess(7, b),
        steps.AddServiceKey: steps.AddServiceKey("smtp/mail.example.com", "/etc/krb5.keytab"),
        steps.SelfSigned: steps.SelfSigned(a, b),
        steps.CloseUp: steps.CloseUp(a, 3),
        steps.Relabel: steps.Relabel(a, "6", b, a),
        steps.CopyFile: steps.CopyFile(a, b, "600"),
        steps.QuoteItems: steps.QuoteItems(a, b),
        steps.DropFlag: steps.DropFlag(a, b),
        steps.SetMacro: steps.SetMacro(a, "define", "confLOG_LEVEL", f"define(`confLOG_LEVEL', `{b}')dnl"),
        steps.DropMacro: steps.DropMacro(a, "FEATURE", b),
        steps.SetPort: steps.SetPort(a, b, "M", a),
        steps.BuildTable: steps.BuildTable("hash", b),
        steps.UnsetPostfix: steps.UnsetPostfix("mynetworks", a),
        steps.StopAndStart: steps.StopAndStart("postfix"),
        steps.SetInLine: steps.SetInLine(a, 3, "mode", b, a),
        steps.CommentOut: steps.CommentOut(a, 3, "mode"),
        steps.AddInBlock: steps.AddInBlock(a, 3, (b, a)),
        steps.MakeCertificate: steps.MakeCertificate(a, b, a),
        steps.WriteLogin: steps.WriteLogin(a, "authinfo", b, a),
        steps.DeleteUser: steps.DeleteUser(a, b, "Sendmail"),
        Inspect: Inspect("ls {one} {two}", (("one", a), ("two", b))),
        Manual: Manual("see {one}", (("one", a),)),
        EditFile: EditFile(a, "see {one}", (("one", b),)),
        steps.EditMacroFile: steps.EditMacroFile(a, "see {one}", (("one", b),)),
        Rebuild: Rebuild(a, b, keep=a),
    }
    return [fixed[kind] if kind in fixed else _of_names(kind, a, b) for kind in shell._RENDERERS]


def _of_names(kind: type[Step], a: str, b: str) -> Step:
    """All fields that have no default are names."""
    if kind in (Restart, Start):
        return Restart("sendmail")
    wanted = [f.name for f in fields(kind) if f.default is MISSING]
    return kind(**dict(zip(wanted, (a, b), strict=False)))  # type: ignore[arg-type]


# ---- what a set-up does


@pytest.mark.parametrize(
    ("form", "row"),
    [("authinfo", 'AuthInfo:hub.example.com "U:anna" "I:anna" "P:se cret" "M:PLAIN"'),
     ("sasl_passwd", "hub.example.com anna:se cret")],
)  # fmt: skip
def test_a_login_elsewhere_takes_the_place_of_the_old_one_however_that_is_written(
    tmp_path: Path, form: str, row: str
) -> None:
    path = tmp_path / "logins"
    key = row.split()[0]
    path.write_text(f"{key}\told\n{key} older\n{key.upper()}  oldest\n{key}.org\tstays\n")
    (step,) = shell.rendered([steps.WriteLogin(str(path), form, "hub.example.com", "anna")], System.parse("ID=debian"))
    for _ in range(2):
        subprocess.run(["sh", "-c", step.command], input=b"se cret\n", capture_output=True, check=True, timeout=10)
        assert path.read_text() == f"{key}.org\tstays\n{row}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["mail.example.com", f"{'long-' * 12}name.eu-central-1.compute.example.com"])
def test_a_certificate_is_made_for_a_name_of_any_length(tmp_path: Path, name: str) -> None:
    path, key = tmp_path / "host.pem", tmp_path / "host.key"
    (step,) = shell.rendered([steps.MakeCertificate(str(path), str(key), name)], System.parse("ID=debian"))
    subprocess.run(["sh", "-c", step.command], capture_output=True, check=True, timeout=60)
    words = ["openssl", "x509", "-in", str(path), "-noout", "-ext", "subjectAltName"]
    assert f"DNS:{name}" in subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_a_draft_is_made_where_the_system_keeps_its_source() -> None:
    draft = steps.Draft("/etc/mail/sendmail.mc", "/etc/mail/sendmail.cf")
    (step,) = shell.rendered([draft], System.parse("ID=freebsd"))
    assert step.command == 'make -C /etc/mail all && cp /etc/mail/"$(hostname)".cf /etc/mail/sendmail.cf.new'


# ---- done and undone

NAME = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=30).filter(str.isprintable)
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


def tree(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        p.name: (
            stat.S_IMODE(p.lstat().st_mode) if not p.is_symlink() else 0,
            os.readlink(p) if p.is_symlink() else p.read_text() if p.is_file() else "",
        )
        for p in folder.iterdir()
    }


def run(command: str, folder: Path) -> None:
    subprocess.run(["sh", "-ec", command], cwd=folder, check=True, timeout=10)


def goes_and_comes_back(step: Step, folder: Path) -> None:
    before = tree(folder)
    for s in shell.rendered([step], System.parse("ID=debian")):
        run(s.command, folder)
        assert tree(folder) != before, f"no effect: {s.command}"
        run(s.undo, folder)
        assert tree(folder) == before, s.undo


def _looked(path: Path) -> Look:
    look = Look.parse(f"{stat.filemode(path.lstat().st_mode)} root root {path}")
    assert look is not None
    return look


@given(NAME, NAME, VALUE, VALUE, st.sampled_from([0o644, 0o640, 0o755, 0o604]))
@settings(max_examples=25, deadline=None)
def test_a_step_that_is_taken_back_leaves_the_same_tree(
    tmp_path_factory: pytest.TempPathFactory, name: str, other: str, old: str, new: str, mode: int
) -> None:
    folder = tmp_path_factory.mktemp("tree")
    path, to = folder / f"a{name}", folder / f"b{other}"
    path.write_text(f"pwcheck_method: auxprop\nmech_list: {old}\n# remark\n")
    path.chmod(mode)
    one, two = str(path), str(to)
    goes_and_comes_back(Chmod("600", (one,), (f"{mode:04o}",)), folder)
    goes_and_comes_back(Move(one, two), folder)
    goes_and_comes_back(Link(two, one), folder)
    goes_and_comes_back(CreateFile(two), folder)
    goes_and_comes_back(AddLine(one, f"sql_user: {new}"), folder)
    if old != new:
        goes_and_comes_back(SetOption(one, "mech_list", new, before=old), folder)


def test_a_set_option_is_what_libsasl_then_reads(tmp_path: Path) -> None:
    path = tmp_path / "Sendmail.conf"
    path.write_text("mech_list: PLAIN,LOGIN\n")
    for option, value in (("mech_list", "PLAIN LOGIN"), ("saslauthd_path", "/run/saslauthd/mux")):
        conf = SaslConf.parse(f"# path: {path}\n{path.read_text()}")
        goes_and_comes_back(set_option(conf, option, value), tmp_path)
        [done] = shell.rendered([set_option(conf, option, value)], System.parse(""))
        run(done.command, tmp_path)
        assert SaslConf.parse(path.read_text()).value(option) == value


def test_an_option_that_stands_twice_cannot_be_put_back() -> None:
    conf = SaslConf.parse("# path: /s.conf\nlog_level: 7\nlog_level: 9\n")
    [done] = shell.rendered([set_option(conf, "log_level", "3")], System.parse(""))
    assert done.undo == ""


def test_files_of_different_modes_get_them_back(tmp_path: Path) -> None:
    for name, mode in (("one", 0o644), ("two", 0o664)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    files = [_looked(p) for p in sorted(tmp_path.iterdir())]
    goes_and_comes_back(private(files), tmp_path)
    goes_and_comes_back(chmod("a+x", *files), tmp_path)


def test_the_inverse_of_an_inverse_is_the_step() -> None:
    for step in (Move("/a", "/b"), SetOption("/a", "x", "1", before="2"), JoinGroup("u", "g")):
        [back] = step.inverse
        assert list(back.inverse) == [step]
    assert replace(Install("plain"), again=True).inverse == ()


# ---- which init system it is


class _Files(Mute):
    """A host of a few files."""

    def __init__(self, kind: str, *paths: str, why: Why = "absent") -> None:
        super().__init__(why)
        self.kind, self._paths = kind, paths

    def ask(self, verb: Verb, subject: str = "") -> Answer:
        """Whether the file is among them; it is a Debian."""
        if (verb, subject) == ("read", "/etc/os-release"):
            return "ID=debian"
        there = verb == "look" and subject in self._paths
        return f"drwxr-xr-x 2 root root 4096 {subject}" if there else super().ask(verb, subject)


@pytest.mark.parametrize(
    ("host", "init"),
    [
        (_Files("host", "/run/systemd/system", "/usr/sbin/service"), "systemd"),
        (_Files("host", "/run/openrc", "/usr/sbin/service"), "openrc"),
        (_Files("host", "/etc/rc.subr"), "rc.d"),
        (_Files("host", "/usr/sbin/service"), "sysv"),
        (_Files("container", "/usr/lib/systemd/systemd"), "none"),
        (_Files("root", "/usr/lib/systemd/systemd"), "systemd"),
        (_Files("root", "/sbin/openrc-run"), "openrc"),
        (_Files("host"), "none"),
        (_Files("host", why="unavailable"), ""),
    ],
)
def test_the_init_system_is_known_by_what_it_leaves(host: Host, init: str) -> None:
    found = collected(host, None)  # type: ignore[arg-type]
    assert isinstance(found, System)
    assert found.init == init


def paste(conf: str, option: str, value: str, path: Path) -> SaslConf:
    """What libsasl reads after an admin pasted the command, and pasted it once more."""
    path.write_text(conf)
    for _ in range(2):
        step = set_option(SaslConf.parse(f"# path: {path}\n{conf}"), option, value)
        for s in shell.rendered([step], System.parse("ID=debian")):
            run(s.command, path.parent)
    return SaslConf.parse(path.read_text())


@pytest.mark.parametrize(
    "conf",
    [
        "pwcheck_method: saslauthd\n",
        "pwcheck_method: saslauthd",
        "pwcheck_method: saslauthd\nmech_list: CRAM-MD5\n",
        "  Mech_List: CRAM-MD5\npwcheck_method: saslauthd",
        "mech_list: CRAM-MD5\npwcheck_method: saslauthd\nmech_list: DIGEST-MD5\n",
    ],
)
def test_an_option_set_twice_stands_there_and_is_the_one_that_counts(conf: str, tmp_path: Path) -> None:
    read = paste(conf, "mech_list", "PLAIN LOGIN", tmp_path / "Sendmail.conf")
    assert read.mechs == ("PLAIN", "LOGIN") and read.pwcheck_methods == ("saslauthd",)
    assert all(setting.value == "PLAIN LOGIN" for _, setting in read.repeated) and not read.broken


def test_an_option_that_another_remedy_has_added_meanwhile_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "Sendmail.conf"
    path.write_text("pwcheck_method: saslauthd\n")
    before = SaslConf.parse(f"# path: {path}\n{path.read_text()}")
    for value in ("CRAM-MD5", "PLAIN LOGIN"):
        for s in shell.rendered([set_option(before, "mech_list", value)], System.parse("ID=debian")):
            run(s.command, tmp_path)
    assert path.read_text() == "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"


def test_a_line_is_added_once(tmp_path: Path) -> None:
    path = tmp_path / "hosts.allow"
    for _ in range(2):
        for s in shell.rendered([AddLine(str(path), "sendmail: ALL")], System.parse("ID=debian")):
            run(s.command, tmp_path)
    assert path.read_text() == "sendmail: ALL\n"


@pytest.mark.parametrize(
    ("sample", "advice"),
    [
        ({"service": "mechanisms: CRAM-MD5 PLAIN"}, ["mech_list: PLAIN'", "service sendmail restart"]),
        # nothing that saslauthd could serve is offered: to list PLAIN in Sendmail.conf alone would end AUTH
        (
            {"service": "mechanisms: CRAM-MD5\ntrusted: CRAM-MD5"},
            ["mech_list: PLAIN LOGIN'", "`CRAM-MD5 PLAIN LOGIN')", "`PLAIN LOGIN')dnl", "m4 "],
        ),
    ],
)
def test_what_saslauthd_can_serve_is_offered_still(sample: dict[str, str], advice: list[str]) -> None:
    (check,) = (c for c in load_library().checks if c.code == "MECH008")
    library = "directory: /usr/lib/sasl2\n" + "".join(
        f"plugin: /usr/lib/sasl2/lib{n}.so -> /usr/lib/sasl2/lib{n}.so\nELF 64-bit LSB shared object, x86-64\n"
        for n in ("plain", "login", "crammd5")
    )
    (finding,) = check.on(
        {**sample, "plugins": library, "conf": "pwcheck_method: saslauthd\n"}, System.parse("ID=debian")
    )
    for words, step in zip(advice, finding.fix, strict=True):
        assert words in step.command


def test_of_fields_side_by_side_one_that_is_known_is_enough() -> None:
    assert filled("to {host}{proxy} ({reason}{why})", {"proxy": "192.0.2.1", "why": "refused"}) == (
        "to 192.0.2.1 (refused)"
    )
    assert filled("to {host}{proxy} as {user}", {}) == "to HOST as USER"
