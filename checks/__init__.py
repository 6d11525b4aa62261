"""The built-in checks, a file a family. `CODES` is the ledger of every code ever given."""
