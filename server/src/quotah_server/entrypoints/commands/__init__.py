"""One file per family of commands; each has an example in its help and `--json` where it prints data."""
