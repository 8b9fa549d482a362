"""Talking to models: each in a process of its own, on demand, and pages to do it on."""
