"""The version of the harness, where any module can read it without importing the rest."""

__version__ = "0.1.0"
