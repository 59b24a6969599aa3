"""What events tell the control plane: which keys are used, which credentials work."""
