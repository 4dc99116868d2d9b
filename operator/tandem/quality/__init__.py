"""The questions that a new version has to answer before it gets a request, and what its answers are worth. Pure."""
