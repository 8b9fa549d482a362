"""Adapters into their bases."""
