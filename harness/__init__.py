"""A benchmark and evaluation harness for local language models."""

__version__ = "0.1.0"
