"""What a suite needs of disk, memory and time, before a byte of a model is there.

Pure functions of a configuration (`shape`, `disk`, `inference`, `training`, `pace`), and what turns a
suite's plan into such questions (`forecast`). Nothing here imports torch. docs/fit.md has the
formulas, and estimates against measured peaks.
"""
