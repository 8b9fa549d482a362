"""Models that should be one, held against each other: conversions, merges, prompts."""
