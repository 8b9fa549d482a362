"""Metrics: what each is called, what it means, and how an answer is scored."""
