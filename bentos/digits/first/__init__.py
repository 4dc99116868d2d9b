"""The first version that went to production."""
