"""The numbers: values, intervals, paired differences and gates, as functions from data to data.

Nothing here reads a file, runs a model, or draws from a generator that it was not handed a seed
for. Samples come in as records, figures go out as records.
"""
