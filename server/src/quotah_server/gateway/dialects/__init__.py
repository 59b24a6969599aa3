"""What is particular to one vendor's wire: its error shape, where its key stands, what is injected."""
