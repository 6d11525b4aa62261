"""Cyrus SASL, whoever uses libsasl: plug-ins, settings, user database, mechanisms, saslauthd."""
