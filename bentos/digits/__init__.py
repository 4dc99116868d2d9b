"""Handwritten digits: a classifier in six versions, four of which no one should keep in production."""
