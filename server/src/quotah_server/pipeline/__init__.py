"""From a finished call to a stored event: record, journal, drain."""
