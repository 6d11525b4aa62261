"""Postfix: its configuration, smtpd services, tables and client side, and what it logs."""
