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
  probe HOST[:PORT] ...
                      what servers offer on the wire, and what is wrong with it
  healthcheck [HOST[:PORT]]
                      one line, exit status 0 or 1: can users log in here?
  explain CODE|NAME|'LINE'|--header FILE
                      the page of one check or rule, what a log line means, or
                      whether a mail was sent with a login, by its header
  list                all checks and log rules: code, severity, name, title
  report render REPORT
                      print a JSON report, made earlier, in another form
  redact [FILE ...]   print files with credentials struck out
  demo                the diagnosis of a recorded sample host; needs no server

what check examines (without these: this host):
  --root DIR          an unpacked image, a chroot or a mounted disk
  --image FILE        an image or root file system in an archive, not unpacked
  --tag NAME          which image of --image, where it holds several
  --pid N             the container, or chroot, that process N runs in
  --container NAME    a running container of podman or docker, or its id
  --snapshot DIR      what an earlier --record wrote
  --no-probe          connect to nothing: leave out the checks WIRE*
  --source DIR        also judge site.config.m4 of a source tree of sendmail
  --deadline SEC      time for everything: the rest is not judged (60)
  --record DIR        also write all that was seen to DIR, secrets struck out

what probe asks (a host without a port: 25, 465 and 587):
  --targets FILE      more servers, one a line; - is the standard input
  --port PORTS        ports where none is named
  --timeout SEC       time for a whole conversation (10)
  --wait SEC          time for a service to start (0)
  --pause SEC         time between a refused login and the next (16)
  --tls auto|starttls|implicit|never
                      how TLS is begun (auto: implicit on port 465)
  --tls-name NAME     the name that the certificate must hold
  --ca-file FILE      believe these CAs instead of the machine's
  --no-verify         log in even where the certificate cannot be verified
  --ehlo NAME         what to call ourselves (maildoctor.invalid)
  --cert FILE, --key FILE
                      our own certificate; without --user it logs in (EXTERNAL)
  -4, --ipv4, -6, --ipv6
                      this family of addresses only
  --relay-test ADDRESS
                      is mail to ADDRESS elsewhere taken? none is sent
  --send-test ADDRESS send one message, and look how it is recorded in
                      --mailbox PATH (/var/mail/USER); --from ADDRESS sends
  --authinfo [FILE]   log in as this host's sendmail would, by its authinfo map

who logs in (probe, healthcheck):
  --user NAME         log in as NAME; --authzid NAME acts as another
  --realm REALM       realm for DIGEST-MD5 (the server's first)
  --mech MECHS        only these mechanisms, with commas
  --password-file FILE, --password-env NAME, --password-fd N
                      where the password is; else the terminal is asked
  --insecure-plaintext
                      log in without TLS too: the password itself, or (CRAM-MD5,
                      DIGEST-MD5, SCRAM) an answer on which to try guesses

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
  --format FORM       text, json, junit, sarif, github, nagios or prometheus;
                      --json is short for --format json
  -o, --output [FORMAT:]FILE
                      also write the report to FILE; may be given several times,
                      as in -o junit:report.xml -o sarif:report.sarif
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
with --format nagios: 0 OK, 1 warnings, 2 errors, 3 unknown or failed

Each option has a twin in the environment, MAILDOCTOR_FORMAT for --format;
the option wins. NO_COLOR is heeded. Manual: maildoctor(1).
"""
