"""Servers that the harness starts for a model, asks, and stops."""
