"""What the gateway needs to know, versioned and published."""
