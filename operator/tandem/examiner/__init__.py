"""Asking a version the questions of ``spec.quality``: from a pod of its own in the cluster, or from a laptop."""
