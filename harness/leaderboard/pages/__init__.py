"""What stands on each page, as plain data for its template; words are made here, and nowhere before."""
