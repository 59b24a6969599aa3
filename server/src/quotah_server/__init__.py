"""Quotah, the server side: gateway (data plane), API (control plane) and the rooms they share."""

__version__ = "0.1.0"
