"""The baseline: what an earlier report already knew."""

import json

from maildoctor import filesystem
from maildoctor.cli.trouble import Trouble

_LARGEST = 64 * 1024 * 1024
"""Bytes of a report, as `maildoctor report render` takes them."""

_REMEDY = "give a report that `maildoctor check --json` wrote"


def fingerprints(path: str) -> frozenset[str]:
    """The fingerprints of the findings in an earlier JSON report."""
    try:
        report = json.loads(filesystem.read(path, _LARGEST + 1))
    except OSError as error:
        raise Trouble(f"cannot read the baseline: {error.strerror}", path, _REMEDY) from error
    except ValueError as error:
        raise Trouble("the baseline is no JSON", path, _REMEDY) from error
    try:
        if not report["schema"].startswith("maildoctor/"):
            raise Trouble("the baseline is another program's report", path, _REMEDY)
        return frozenset(str(finding["fingerprint"]) for finding in report["findings"])
    except (KeyError, TypeError, AttributeError) as error:
        raise Trouble("the baseline is no report of maildoctor", path, _REMEDY) from error
