"""Asking and grading: classify, summarize, divergence, speed."""
