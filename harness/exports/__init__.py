"""Results in the formats of other programs: an exporter a file, listed in `formats.py`."""
