"""What can be wrong with a suite beyond each entry by itself, a file for each section."""
