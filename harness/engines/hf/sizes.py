"""How much goes through a pass together: told without torch, for the engine and for estimates of memory."""

MOST_TOKENS = {"cpu": 1024, "cuda": 16384}
"""Beyond so many tokens a pass gets no faster per token; a longer prompt is a pass alone."""
MOST_ROWS = 512
"""Positions of a pass that get logits, at most."""
MOST_SLOTS = {"cpu": 32, "cuda": 256}
"""Answers that are written side by side, at most."""
HEAD_PART = 1 << 25
"""Most weights of the output head that are widened to float32 at a time (128 MiB)."""
STEP = 64
"""Tokens by which slots of the cache grow."""
