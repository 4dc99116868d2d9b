"""Canaries on the real cluster, beside what a simulation with the judge's own code foretells of them."""
