"""Questions about events, over HTTP."""
