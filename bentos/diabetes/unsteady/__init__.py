"""A version whose answer to the same person depends on which worker gives it."""
