"""Benchmarks: long runs with targets of their own in the Makefile."""
