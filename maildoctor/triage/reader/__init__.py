"""Lines that no rule knows, read by their words: who speaks, what could not be done, with what, and which error."""
