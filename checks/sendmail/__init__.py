"""Sendmail's configuration, daemon, maps, queues and client side, and what it logs."""
