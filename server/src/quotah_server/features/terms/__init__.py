"""What each workspace pays instead of the list, read by all who price."""
