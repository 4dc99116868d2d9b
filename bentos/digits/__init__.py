"""Handwritten digits: a classifier in seven versions, five of which no one should keep in production."""
