"""Sendmail: its program, configuration, sources, maps and queues."""
