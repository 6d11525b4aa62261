"""The fleet as metrics for the textfile collector of node_exporter: how many, never which."""

from maildoctor.fleet.summary import WORST_FIRST, Fleet
from maildoctor.render.prometheus import Samples, lines
from maildoctor.render.style import Style

_MOST_CODES = 1000


def render(fleet: Fleet, style: Style) -> str:
    """Metrics in the text format, version 0.0.4."""
    verdicts: Samples = {(("verdict", code or "in_part"),): fleet.having(code) for code in WORST_FIRST}
    causes: Samples = {
        (("code", cause.code), ("severity", cause.severity)): len(cause.hosts) for cause in fleet.causes[:_MOST_CODES]
    }
    problems: Samples = {(): len(fleet.problems)}
    metrics = (
        ("maildoctor_fleet_hosts", "Hosts by their verdict.", verdicts),
        ("maildoctor_fleet_cause_hosts", "Hosts that have a root cause.", causes),
        ("maildoctor_fleet_problems", "Reports that could not be used.", problems),
    )
    return "".join(f"{line}\n" for name, text, samples in metrics for line in lines(name, "gauge", text, samples))
