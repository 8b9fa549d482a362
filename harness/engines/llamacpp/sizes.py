"""How much goes through a call together: told without llama.cpp, for the engine and for estimates of memory."""

MAX_TOKENS = 512
"""Most tokens of one call."""
LEAST_TOKENS = 32
"""Of a call for which memory has no room; with fewer a call of many streams would give each less than it needs."""
CELLS = 256
"""llama.cpp rounds a stream's cells up to a multiple of this."""
STREAMS = {"cpu": 32, "gpu": 64}
"""Most questions that are scored side by side."""
ANSWERS = {"cpu": 16, "gpu": 64}
"""Most answers that are written side by side: with more, each attends past the longest one's cells
of a greater range of lengths, and a processor gains nothing more from the batch."""
