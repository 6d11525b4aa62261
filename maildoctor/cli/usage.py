"""What `maildoctor --help` prints: a constant, so that asking for help imports no parser.

A test holds it equal to what the parsers of the commands know.
"""

USAGE = """\
usage: maildoctor COMMAND [options]

Says why SMTP AUTH fails on a mail server, shows the evidence and gives the
command that mends it. It reads; it changes nothing.

commands:
  check               examine this host, an unpacked root or a recorded host
  triage [FILE ...]   read mail logs, packed or piped, and name the causes
  explain CODE|NAME|'LINE'
                      the page of one check or rule, or what a log line means
  list                all checks and log rules: code, severity, name, title
  demo                the diagnosis of a recorded sample host; needs no server

what check examines (without these: this host):
  --root DIR          an unpacked image, a chroot or a mounted disk
  --snapshot DIR      what an earlier --record wrote
  --source DIR        also judge site.config.m4 of a source tree of sendmail
  --record DIR        also write all that was seen to DIR, secrets struck out

what triage reads (without FILE: a pipe, or the logs of this host):
  --journal [UNIT]    the systemd journal, of these units only
  --follow            go on reading what is written; Ctrl-C ends it
  --since TIME        only lines from then on: 2026-11-22 09:00, 1h, yesterday
  --until TIME        only lines up to then
  --exact             read every line of a flood, slower
  --procs N           read large files with so many processes
  --unmatched         also list lines about logins that no rule knows
  --top N             how many names and addresses to tell (5)

what is printed:
  --format text|json  the form of the report; --json is short for json
  -o, --output [FORMAT:]FILE
                      also write the report to FILE; may be given several times
  -v, --verbose       also what passed, what was not judged, what was run;
                      -vv all evidence in full
  -q, --quiet         only the causes, one line each; nothing if there are none
  --color auto|always|never
                      colours; --no-color is short for never
  --ascii             no sign beyond ASCII

what counts:
  --select CHECKS     only these checks: codes, names, globs, with commas
  --ignore CHECKS     not these
  --checks DIR        load the checks in DIR too; may be given several times
  --baseline FILE     an earlier JSON report: only what is not in it counts
  --fail-on error|warning|never
                      the mildest finding that makes the exit status 1
  --allow-unknown     exit status 0 also where something was not judged
  --exit-zero         exit status 0 whatever was found

  -h, --help          this text; maildoctor COMMAND --help for one command
  -V, --version       the version

exit status:
  0  judged, and nothing at or above --fail-on (default: error)
  1  findings
  2  wrong usage, or maildoctor itself failed
  3  nothing found, but something was not judged (no right to read it,
     nothing to look at)

Each option has a twin in the environment, MAILDOCTOR_FORMAT for --format;
the option wins. NO_COLOR is heeded. Manual: maildoctor(1).
"""
