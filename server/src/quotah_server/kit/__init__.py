"""Small mechanisms that know nothing of Quotah."""
