"""The one client of the Hub: what is there, what is needed of it, and getting it once."""
