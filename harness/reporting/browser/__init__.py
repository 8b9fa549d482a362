"""The sample browser: every answer of every model, in the one page, to be looked through."""
