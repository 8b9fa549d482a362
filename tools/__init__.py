"""Programs for those who build the harness."""
