"""Shared stores by URL: what machines without a common file system give each other, verified by hash."""
