"""Doing what a suite asks for: the graph walker, worker processes, the stores."""
