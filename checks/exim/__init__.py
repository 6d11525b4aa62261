"""Checks of Exim's configuration, beside the rules for what it logs."""
