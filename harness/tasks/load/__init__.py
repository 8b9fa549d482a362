"""Load: requests to a server, by so many users at once or at a fixed rate, and how long each took."""
