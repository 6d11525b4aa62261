"""Source builds of libsasl, Sendmail and Postfix, judged step by step: untouched, set up wrongly, set up rightly."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.cli.report_error import UsageError
from maildoctor.cli.sources import steps_of
from maildoctor.collect.source_tree import source_tree
from maildoctor.facts import Absent
from maildoctor.facts.source_tree import SourceTree
from maildoctor.facts.system import System
from maildoctor.guide.sources import judged
from maildoctor.guide.step import GuideStep
from maildoctor.host.rooted import Rooted

DEBIAN = System.parse("ID=debian\nVERSION_ID=12")
LOG = """This file contains any messages produced by compilers
  $ ./configure {options}
configure:14643: checking for db.h
"""
STATUS = 'S["SASL_MECHS"]=" {mechs}"\nS["prefix"]="/usr/local"\n'
ALL = "libsasldb.la libcrammd5.la libplain.la liblogin.la"
SITE = "APPENDDEF(`conf_sendmail_ENVDEF', `-DSASL=2')\nAPPENDDEF(`conf_sendmail_LIBS', `-lsasl2')\n"


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host with untouched sources below /src, as their archives unpack."""
    put(
        tmp_path,
        {
            "src/sendmail-8.18.1/sendmail/version.c": 'char\tVersion[] = "8.18.1";\n',
            "src/sendmail-8.18.1/devtools/Site/README": "the Build script looks here\n",
            "src/sendmail-8.18.1/cf/README": "",
            "src/cyrus-sasl-2.1.28/configure.ac": "AC_INIT([cyrus-sasl],[2.1.28],[x])\n",
            "src/cyrus-sasl-2.1.28/plugins/Makefile.am": "",
            "src/cyrus-sasl-2.1.28/saslauthd/Makefile.am": "",
            "src/cyrus-sasl-2.1.28/lib/Makefile.am": "",
        },
    )
    return tmp_path


def steps(root: Path, directory: str = "/src") -> dict[str, GuideStep]:
    tree = source_tree(Rooted(str(root)), directory)
    assert isinstance(tree, SourceTree), tree
    return {step.name: step for step in judged(tree, DEBIAN)}


def configured(root: Path, options: str = "--enable-login", mechs: str = ALL, log: str = "") -> GuideStep:
    sasl = root / "src/cyrus-sasl-2.1.28"
    put(sasl, {"config.log": LOG.format(options=options) + log, "config.status": STATUS.format(mechs=mechs)})
    return steps(root)["sasl-configure"]


def test_untouched_trees_are_all_to_do(root: Path) -> None:
    found = steps(root)
    assert found["sources"].state == "done" and "sendmail 8.18.1" in found["sources"].summary
    assert {s.state for name, s in found.items() if name != "sources"} == {"to_do"}
    assert all(s.commands for name, s in found.items() if name != "sources")
    assert found["sasl-configure"].commands[0].command.startswith("cd /src/cyrus-sasl-2.1.28 && ./configure --enable-l")


def test_a_tree_itself_is_taken_too(root: Path) -> None:
    assert list(steps(root, "/src/sendmail-8.18.1")) == ["sources", "site-config", "sendmail-build"]


def test_the_command_takes_any_folder_and_says_what_it_is_not(root: Path) -> None:
    found = steps_of("/src", Rooted(str(root)))
    assert [s.name for s in found][:2] == ["sources", "sasl-configure"]
    with pytest.raises(UsageError, match="does not exist"):
        steps_of("/none", Rooted(str(root)))


def test_a_folder_without_sources(root: Path) -> None:
    put(root, {"empty/file": ""})
    host = Rooted(str(root))
    assert isinstance(source_tree(host, "/empty"), Absent) and isinstance(source_tree(host, "/none"), Absent)


@pytest.mark.parametrize(
    ("sendmail", "sasl", "says"),
    [
        ("8.12.11", "2.1.28", "does not know SASL 2"),
        ("8.14.1", "2.1.22", "too old for cyrus-sasl 2.1.22"),
        ("8.14.4", "2.1.28", "8.14.6 knows it"),
        ("8.18.1", "1.5.28", "SASL 1"),
    ],
)
def test_releases_that_do_not_go_together(root: Path, sendmail: str, sasl: str, says: str) -> None:
    put(root / "src", {"sendmail-8.18.1/sendmail/version.c": f'char\tVersion[] = "{sendmail}";\n'})
    put(root / "src", {"cyrus-sasl-2.1.28/configure.ac": f"AC_INIT([cyrus-sasl],[{sasl}],[x])\n"})
    step = steps(root)["sources"]
    assert step.state == "wrong" and says in step.summary


def test_an_old_release_is_done_and_says_what_it_lacks(root: Path) -> None:
    put(root / "src", {"sendmail-8.18.1/sendmail/version.c": 'char\tVersion[] = "8.17.1";\n'})
    step = steps(root)["sources"]
    assert step.state == "done" and "CVE-2023-51765" in step.summary


def test_configured_rightly(root: Path) -> None:
    step = configured(root)
    assert step.state == "done" and "login" in step.summary and "no Kerberos" in step.summary


@pytest.mark.parametrize(
    ("options", "mechs", "log", "says", "runs"),
    [
        ("--prefix=/opt/sasl", "libsasldb.la libplain.la", "", "LOGIN is left out", "--enable-login"),
        ("--enable-login", "libplain.la liblogin.la", "ac_cv_header_db_h=no\n", "db.h was not found", "libdb-dev"),
        ("--enable-gssapi --enable-login", ALL, "ac_cv_header_gssapi_gssapi_h=no\n", "Kerberos", "--disable-gssapi"),
    ],
)
def test_configured_wrongly(root: Path, options: str, mechs: str, log: str, says: str, runs: str) -> None:
    step = configured(root, options, mechs, log)
    assert step.state == "wrong" and says in step.summary
    assert runs in " ".join(c.command for c in step.commands)


def test_the_other_options_of_the_last_run_are_kept(root: Path) -> None:
    step = configured(root, "--prefix=/opt/sasl --disable-login --with-x=$(reboot) ;reboot", "libplain.la libsasldb.la")
    (command,) = step.commands
    assert command.command.endswith("./configure --enable-login --enable-plain --prefix=/opt/sasl")


def test_configure_that_gave_up(root: Path) -> None:
    step = configured(root, log="configure:9: error: OpenSSL is required\n")
    assert step.state == "wrong" and "OpenSSL is required" in step.summary


@pytest.mark.parametrize(
    ("site", "says"),
    [
        ("APPENDDEF(`confENVDEF', `-DSASL')\nAPPENDDEF(`confLIBS', `-lsasl2')\n", "asks for SASL 1"),
        ("APPENDDEF(`confENVDEF', `-DSASL=2')\n", "-lsasl2 is not in LIBS"),
        ("APPENDDEF(`confENVDEF', `-DSASL=2')\nAPPENDDEF(`confLIBS', `-lsasl')\n", "links SASL 1"),
        ("APPENDDEF(`confLIBS', `-lsasl2')\n", "-DSASL=2 is not in ENVDEF"),
        ("dnl nothing yet\n", "-DSASL=2 is not in ENVDEF; -lsasl2 is not in LIBS"),
    ],
)
def test_the_printed_commands_cure_the_site_file(root: Path, site: str, says: str) -> None:
    """Run as they are printed, on this file; and run twice they do no harm."""
    path = root / "src/sendmail-8.18.1/devtools/Site/site.config.m4"
    path.write_text(site)
    put(root, {"usr/include/sasl/sasl.h": "", "usr/lib/libsasl2.so": ""})
    step = steps(root)["site-config"]
    assert step.state == "wrong" and says in step.summary
    for _ in range(2):
        for command in step.commands:
            run = command.command.replace("/src/", f"{root}/src/")
            subprocess.run(["sh", "-c", run], check=True)
    after = steps(root)["site-config"]
    assert after.state == "done", path.read_text()
    assert path.read_text().count("-DSASL=2") == 1 and path.read_text().count("-lsasl2") == 1


def test_headers_and_library_in_the_directories_that_are_named(root: Path) -> None:
    path = root / "src/sendmail-8.18.1/devtools/Site/site.config.m4"
    path.write_text(SITE)
    assert "sasl/sasl.h is in none" in steps(root)["site-config"].summary
    named = ("APPENDDEF(`confINCDIRS', `-I/opt/sasl/include')", "APPENDDEF(`confLIBDIRS', `-L/opt/sasl/lib')", "")
    path.write_text(SITE + "\n".join(named))
    put(root, {"opt/sasl/include/sasl/sasl.h": ""})
    assert "libsasl2.so is in none" in steps(root)["site-config"].summary
    put(root, {"opt/sasl/lib/libsasl2.so": ""})
    assert steps(root)["site-config"].state == "done"


COMPILER = shutil.which("gcc")


@pytest.mark.skipif(COMPILER is None, reason="no compiler")
@pytest.mark.parametrize(
    ("searched", "there", "state", "says"),
    [
        ("/usr/local/lib/sasl2", "", "done", "where libsasl looks"),
        ("/usr/lib/sasl2", "", "wrong", "does not lead to /usr/local/lib/sasl2"),
        ("/usr/lib/sasl2", "link", "done", "where libsasl looks"),
        ("/usr/lib/sasl2", "empty", "wrong", "an empty folder"),
        ("/usr/lib/sasl2", "others", "wrong", "holds others"),
    ],
)
def test_the_plug_in_path(root: Path, searched: str, there: str, state: str, says: str) -> None:
    configured(root)
    objects = root / "src/cyrus-sasl-2.1.28/lib/.libs"
    objects.mkdir(parents=True)
    source = f'const char *p = "{searched}", *c = "{searched}:/etc/sasl2";\n'
    (root / "p.c").write_text(source)
    subprocess.run([str(COMPILER), "-shared", "-o", str(objects / "libsasl2.so"), str(root / "p.c")], check=True)
    assert steps(root)["sasl-install"].state == "to_do"
    put(root, {"usr/local/lib/sasl2/libplain.so": ""})
    used = root / "usr/lib/sasl2"
    used.parent.mkdir(parents=True, exist_ok=True)
    if there == "link":
        used.symlink_to("/usr/local/lib/sasl2")
    elif there:
        used.mkdir()
        if there == "others":
            put(used, {"libplain.so": ""})
    step = steps(root)["sasl-install"]
    assert (step.state, says in step.summary) == (state, True), step.summary
    assert (state == "done") != bool(step.commands)


@pytest.mark.skipif(COMPILER is None, reason="no compiler")
def test_a_sendmail_that_was_built(root: Path) -> None:
    """Without libsasl; before the site's file asked for it; with one that the loader does not find."""
    there = root / "src/sendmail-8.18.1/obj.Linux/sendmail"
    put(there, {"Makefile": "ENVDEF= -DLOG\n", "m.c": "int main(void) { return 0; }\n"})
    assert steps(root)["sendmail-build"].state == "wrong", "the build was begun"
    program = str(there / "sendmail")
    subprocess.run([str(COMPILER), "-o", program, str(there / "m.c")], check=True)
    assert steps(root)["sendmail-build"].summary == "it was built without SASL"
    put(root, {"src/sendmail-8.18.1/devtools/Site/site.config.m4": SITE})
    step = steps(root)["sendmail-build"]
    assert step.summary == "it was built before site.config.m4 asked for SASL"
    assert "Build -c" in step.commands[0].command
    (root / "s.c").write_text("int sasl(void) { return 0; }\n")
    library = ["-shared", "-Wl,-soname,libsasl2.so.3", "-o", str(root / "libsasl2.so"), str(root / "s.c")]
    subprocess.run([str(COMPILER), *library], check=True)
    linked = ["-Wl,--no-as-needed", "-o", program, str(there / "m.c"), f"-L{root}", "-lsasl2"]
    subprocess.run([str(COMPILER), *linked], check=True)
    step = steps(root)["sendmail-build"]
    assert step.summary == "it needs libsasl2.so.3, which the loader does not find"
    assert "ldconfig" in step.commands[0].command


@pytest.mark.parametrize(
    ("made", "state", "says"),
    [
        ("", "to_do", "was not run"),
        ("CCARGS = -DUSE_SASL_AUTH -DUSE_CYRUS_SASL\nAUXLIBS = -lsasl2\n", "done", "with Cyrus SASL"),
        ("CCARGS = -DUSE_SASL_AUTH -DUSE_CYRUS_SASL\nAUXLIBS =\n", "wrong", "-lsasl2 missing"),
        ("CCARGS = -DHAS_DB\nAUXLIBS = -ldb\n", "wrong", "-DUSE_SASL_AUTH, -DUSE_CYRUS_SASL, -lsasl2 missing"),
        ('CCARGS = -DUSE_SASL_AUTH -DDEF_SERVER_SASL_TYPE=\\"dovecot\\"\n', "done", "by Dovecot only"),
    ],
)
def test_postfix(root: Path, made: str, state: str, says: str) -> None:
    put(root / "src/postfix-3.9.0", {"makedefs": "", "src/x": "", "conf/main.cf": ""})
    if made:
        put(root / "src/postfix-3.9.0", {"conf/makedefs.out": made})
    found = steps(root)
    assert "postfix 3.9.0" in found["sources"].summary
    assert found["postfix-makefiles"].state == state and says in found["postfix-makefiles"].summary


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    tree = SourceTree.parse(text)
    assert judged(tree, DEBIAN)[0].name == "sources"
    hostile = SourceTree.parse("[tree sendmail /s]\n[read /s/sendmail/version.c]\n| " + text.replace("\n", "\n| "))
    assert judged(hostile, DEBIAN)
