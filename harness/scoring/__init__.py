"""Scores of answers by the metrics that a suite names: the harness's, and a user's own."""
