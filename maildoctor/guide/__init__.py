"""The way from nothing to a proven login, in steps that the checks judge."""
