"""Sample history: a believable past for a workspace, made inside the event store, the same every time."""
