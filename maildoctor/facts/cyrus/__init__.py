"""Cyrus SASL: its configuration, plug-ins, user database and saslauthd."""
