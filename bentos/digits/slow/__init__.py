"""A version with the right answers, each of them 300 to 600 ms late."""
