"""Dovecot: its settings, and what is behind its sockets."""
