"""A version that answers rightly and keeps some of what it was asked in memory, until the container has no more."""
