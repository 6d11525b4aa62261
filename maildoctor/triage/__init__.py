"""From a gigabyte of mail log to the cause: sources, headers, rules, one pass over large blocks, tally, judgement."""
