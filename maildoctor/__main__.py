"""The way in: `maildoctor` and `python -m maildoctor`.

Only `sys` is imported here and the usual questions are answered by hand, so that `--version` and `--help` cost what
starting Python costs. Everything else is imported by the command that needs it.
"""

import sys


def main(argv: list[str] | tuple[str, ...] | None = None) -> int:
    """Run one command and give its exit status; nothing that happens inside ends in a traceback."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        return _answer(words)
    except BaseException as error:
        from maildoctor.cli.report_error import report_error

        return report_error(error, words)


def _answer(words: list[str]) -> int:
    if not words:
        from maildoctor.cli.usage import USAGE

        # Not on stdout and not 0: a script whose variables came out empty must not take this for a clean bill.
        sys.stderr.write(USAGE)
        return 2
    if words[0] in ("-h", "--help"):
        from maildoctor.cli.stdout import say
        from maildoctor.cli.usage import USAGE

        say(USAGE)
        return 0
    if words[0] in ("-V", "--version"):
        from maildoctor import __version__
        from maildoctor.cli.stdout import say

        say(f"maildoctor {__version__}\n")
        return 0
    name, joined, shell = words[0].partition("=")
    if name == "--completion":
        from maildoctor.cli.completion import run

        return run([shell, *words[1:]] if joined else words[1:])
    from maildoctor.cli.commands import call

    return call(words[0], words[1:])


if __name__ == "__main__":
    sys.exit(main())
