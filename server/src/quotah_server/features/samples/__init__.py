"""Sample history: a believable past for a workspace, the same every time."""
