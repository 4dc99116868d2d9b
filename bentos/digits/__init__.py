"""Handwritten digits: a classifier in five versions, three of which no one should keep in production."""
