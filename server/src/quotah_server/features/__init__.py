"""Control-plane nouns, one folder each; the gateway is never imported here."""
