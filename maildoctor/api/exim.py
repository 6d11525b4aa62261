"""What checks may ask of Exim: the configuration that it reads, its authenticators, lists and ports."""

from maildoctor.facts.exim.conf import DEBIAN, Authenticator, Exim
from maildoctor.install.exim import set_up as set_up_exim

__all__ = ["DEBIAN", "Authenticator", "Exim", "set_up_exim"]
