"""release/log_formats.py reads messages out of C sources and says which of them no rule knows."""

from pathlib import Path

import pytest

from maildoctor.triage.builtin import builtin
from maildoctor.triage.match import Matcher
from release import log_formats
from release.log_formats import PROGRAMS, Format, counted, filled, formats, lines, program_of

_SOURCE = r"""
#include <syslog.h>
#define REFUSED "SASL %s authentication " \
    "failed"
#define BOTH    REFUSED ": %s"
/* msg_warn("in a remark"); */
int f(int on, const char *who) {
    msg_warn("%s: " BOTH, state->namaddr, mech, reason);   // msg_warn("in another")
    msg_fatal(on ? "cannot open socket %s: %m" : ("no user \"%.*s\""), width, path);
#ifdef NEVER
    msg_info("connection " "from %s refused, "
             "%" PRIu64 "%%", addr(a, "x", '"', ')'), n);
#endif
    if (msg_verbose > 1)
        msg_info("no authentication for %s", who);
    msg_panic("bad mechanism %d", 1);
    msg_warn(format, who);
    msg_warn("unclosed %s", who
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("src/smtpd/smtpd.c", "src/postconf/postconf.c"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(_SOURCE)
    return tmp_path


def test_formats_are_read_as_c_has_them(tree: Path) -> None:
    program = program_of(tree)
    assert program is not None and program.name == "postfix"
    found = {f.text: f for f in formats(tree, program)}
    assert list(found) == [
        "%s: SASL %s authentication failed: %s",
        "cannot open socket %s: %m",
        'no user "%.*s"',
        "connection from %s refused, %llu%%",
        "no authentication for %s",
        "bad mechanism %d",
    ]
    first = found["%s: SASL %s authentication failed: %s"]
    assert (first.file, first.line, first.function) == ("/src/smtpd/smtpd.c", 8, "msg_warn")
    assert first.arguments == ("state->namaddr", "mech", "reason")
    assert found["no authentication for %s"].debugged and not first.debugged


def test_a_format_is_filled_as_its_arguments_suggest() -> None:
    def shown(text: str, *arguments: str) -> str:
        return filled(Format(text, arguments, "msg_warn", "/src/smtpd/x.c", 1))

    assert shown("%s: SASL %s failed: %m", "state->namaddr", "mech") == (
        "client.example.com[192.0.2.7]: SASL PLAIN failed: Permission denied"
    )
    assert shown("%.*s has %-5lu of 100%%", "width", "user", "n") == "alice has 13 of 100%"
    assert shown("too few %s %s", "path") == "too few /etc/mail/example example"


def test_a_message_gets_what_its_program_puts_before_it() -> None:
    postfix = next(p for p in PROGRAMS if p.name == "postfix")
    message = Format("no SASL authentication mechanisms", (), "msg_fatal", "/src/xsasl/x.c", 1)
    assert next(iter(lines(message, postfix))) == (
        "Nov 30 08:00:01 mail postfix/smtpd[12]: fatal: no SASL authentication mechanisms"
    )


def test_what_no_rule_knows_is_counted_once(tree: Path) -> None:
    postfix = next(p for p in PROGRAMS if p.name == "postfix")
    found = list(formats(tree, postfix))
    count = counted(postfix, [*found, *found], Matcher([rule for rule in builtin().rules if not rule.by_words]))
    assert (count.known, count.of_no_use) == (1, 2)
    assert [f.text for f in count.left] == [
        "cannot open socket %s: %m",
        'no user "%.*s"',
        "connection from %s refused, %llu%%",
    ]


def test_tables_of_errors_are_read(tmp_path: Path) -> None:
    heimdal = next(p for p in PROGRAMS if p.name == "heimdal")
    table = '# a table\nerror_code NO_TKT, "No credentials"\nec PREAUTH,\t"Preauthentication failed"\n'
    assert [f.text for f in log_formats.read(table, "/krb5.et", heimdal, {})] == [
        "No credentials",
        "Preauthentication failed",
    ]


def test_trees_of_other_programs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_formats.main([str(tmp_path)]) == 2
    assert "no source of postfix, dovecot" in capsys.readouterr().out


def test_the_table_and_the_list(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_formats.main(["--list", str(tree)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[1].split() == ["postfix", "6", "1", "2", "3"]
    assert "postfix src/smtpd/smtpd.c:9 msg_fatal: cannot open socket %s: %m" in table
