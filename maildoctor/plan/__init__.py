"""What a remedy does: typed steps (`steps`), how a shell does them on one system (`shell`), quoting (`words`)."""
