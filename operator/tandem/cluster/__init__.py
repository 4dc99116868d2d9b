"""I/O: the Kubernetes API, and what Tandem remembers of it."""
