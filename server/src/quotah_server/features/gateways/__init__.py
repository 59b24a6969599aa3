"""What gateways tell of themselves, of provider keys and of providers' limits."""
