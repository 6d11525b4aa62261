"""The fleet as JUnit XML: a test case for each host, failed where its own report would have ended with status 1."""

from xml.etree import ElementTree

from maildoctor.fleet.summary import Fleet, Host
from maildoctor.render.escape import shown
from maildoctor.render.style import Style


def render(fleet: Fleet, style: Style) -> str:
    """One suite. What is not known of a host, or of a report that could not be used, is skipped."""
    cases = [*map(_of_host, fleet.hosts), *(_skipped(shown(p.source), shown(p.why)) for p in fleet.problems)]
    suites = ElementTree.Element("testsuites")
    counts = {
        "name": "maildoctor fleet",
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": "0",
    }
    ElementTree.SubElement(suites, "testsuite", counts).extend(cases)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _of_host(host: Host) -> ElementTree.Element:
    if host.status not in (0, 1):
        return _skipped(shown(host.name), shown(host.sentence))
    case = _case(shown(host.name))
    if host.status == 1:
        ElementTree.SubElement(
            case, "failure", type=host.verdict or "findings", message=shown(host.sentence)
        ).text = " ".join(map(shown, host.causes))
    return case


def _skipped(name: str, why: str) -> ElementTree.Element:
    case = _case(name)
    ElementTree.SubElement(case, "skipped", message=why)
    return case


def _case(name: str) -> ElementTree.Element:
    return ElementTree.Element("testcase", name=name, classname="maildoctor.fleet", time="0")
