"""A version that raises while it loads: its model file lacks what its service reads."""
