"""A model of a suite as files that other programs run: adapter, weights, GGUFs, Modelfile, card."""
