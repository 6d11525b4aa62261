"""Many hosts' reports in one: who can log in where, what hits most hosts, and where a host differs from the others."""

import importlib

from maildoctor.fleet.summary import Fleet
from maildoctor.render.style import Style

FORMATS = ("text", "json", "junit", "prometheus", "html")


def rendered(fleet: Fleet, form: str, style: Style) -> str:
    """The fleet in one of `FORMATS`, ending in a newline."""
    text: str = importlib.import_module(f"maildoctor.fleet.{form}").render(fleet, style)
    return text
