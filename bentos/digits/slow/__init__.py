"""A version with the right answers, each of them 1 to 1.5 s late."""
