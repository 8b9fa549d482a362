"""Asks a model that a server runs, over OpenAI's API: texts and messages go out, text comes back."""
