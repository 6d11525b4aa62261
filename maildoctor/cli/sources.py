"""`guide --sources DIR`: the steps of a source build, by the trees in DIR."""

import os

from maildoctor.cli.report_error import UsageError
from maildoctor.collect import knowledge
from maildoctor.collect.source_tree import source_tree
from maildoctor.facts import Unknown
from maildoctor.facts.system import System
from maildoctor.guide.sources import judged
from maildoctor.guide.step import GuideStep
from maildoctor.host import Host


def steps_of(directory: str, host: Host) -> tuple[GuideStep, ...]:
    """The steps, judged on this host, on which `directory` lies. Raises UsageError where it holds no source tree, or
    could not be looked at."""
    tree = source_tree(host, os.path.abspath(directory))
    if isinstance(tree, Unknown):
        raise UsageError(tree.reason, "--sources", tree.remedy or "name the folder into which they were unpacked")
    system = knowledge(host, lambda _: None)[0].get(System)
    return tuple(judged(tree, system or System.parse("")))
