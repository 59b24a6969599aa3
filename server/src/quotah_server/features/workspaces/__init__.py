"""Workspaces (tenants) and their projects."""
