"""From a suite to its graph of steps: what has to be done, in which order, under which keys."""
