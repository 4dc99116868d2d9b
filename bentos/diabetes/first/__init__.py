"""The first version: what a nurse can write down without a laboratory."""
