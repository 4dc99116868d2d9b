"""A version whose answers are right, under a name that no caller looks for."""
