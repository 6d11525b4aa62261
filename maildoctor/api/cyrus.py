"""What checks may ask of Cyrus SASL: its configuration, plug-ins, users, saslauthd; the mechanisms of a login."""

from maildoctor.auth.mechanisms import Mechanisms, Offer, asks_auxprop, mechanisms, uses_sasldb
from maildoctor.facts.cyrus.conf import OPTIONS, PWCHECK_METHODS_OF_SASL_1, SaslConf
from maildoctor.facts.cyrus.files import SaslFiles
from maildoctor.facts.cyrus.mechanism_flags import PLAINTEXT, WITHOUT_SECRET, lacks
from maildoctor.facts.cyrus.outside import Outside
from maildoctor.facts.cyrus.plugins import Directory, Plugin, Plugins, plugin_of
from maildoctor.facts.cyrus.saslauthd import Saslauthd
from maildoctor.facts.cyrus.sasldb import SaslDb, User
from maildoctor.facts.cyrus.shipped import Shipped

__all__ = [
    "OPTIONS",
    "PLAINTEXT",
    "PWCHECK_METHODS_OF_SASL_1",
    "WITHOUT_SECRET",
    "Directory",
    "Mechanisms",
    "Offer",
    "Outside",
    "Plugin",
    "Plugins",
    "SaslConf",
    "SaslDb",
    "SaslFiles",
    "Saslauthd",
    "Shipped",
    "User",
    "asks_auxprop",
    "lacks",
    "mechanisms",
    "plugin_of",
    "uses_sasldb",
]
