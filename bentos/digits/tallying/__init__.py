"""A version with a table that may be too small for what it counts: scans with more ink than it has room for raise."""
