"""Diabetes: a regressor on people, with their age and sex among what it is told."""
