"""Routes of the gateway: kept, ordered, and tried out before anybody calls."""
