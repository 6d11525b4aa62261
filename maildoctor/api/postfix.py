"""What checks may ask of Postfix: its main.cf and master.cf."""

from maildoctor.facts.postfix.main_cf import PostfixMain
from maildoctor.facts.postfix.master_cf import PostfixMaster

__all__ = [
    "PostfixMain",
    "PostfixMaster",
]
