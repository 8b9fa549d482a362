"""Asking and grading: classify, summarize, divergence, write, speed."""
