"""Checks of OpenSMTPD's configuration, beside the rules for what it logs."""
