"""The baseline: what an earlier report already knew."""

import json

from maildoctor import filesystem
from maildoctor.cli.report_error import UsageError
from maildoctor.render.reread import LARGEST

_REMEDY = "give a report that `maildoctor check --json` wrote"


def fingerprints(path: str) -> frozenset[str]:
    """The fingerprints of the findings in an earlier JSON report."""
    try:
        found = filesystem.read(path, LARGEST + 1)
        if len(found) > LARGEST:
            raise UsageError(f"the baseline is too large for a report: more than {LARGEST >> 20} MB", path, _REMEDY)
        report = json.loads(found)
    except OSError as error:
        raise UsageError(f"cannot read the baseline: {error.strerror}", path, _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise UsageError("the baseline is no JSON", path, _REMEDY) from error
    try:
        if not report["schema"].startswith("maildoctor/"):
            raise UsageError("the baseline is another program's report", path, _REMEDY)
        return frozenset(str(finding["fingerprint"]) for finding in report["findings"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError("the baseline is no report of maildoctor", path, _REMEDY) from error
