"""Query in, Table out: the one analytics interface, whoever asks."""
