"""The answers and request bodies of the API; `--json` of the command line prints the same."""
