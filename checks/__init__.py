"""The built-in checks, a folder a product. `CODES` is the ledger of every code ever given."""
