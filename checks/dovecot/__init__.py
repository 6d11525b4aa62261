"""Dovecot: its configuration, sockets and user databases, and what it logs."""
