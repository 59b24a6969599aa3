"""The one way out: every outgoing call of the control plane passes here."""
