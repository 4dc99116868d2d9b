"""A real local Kubernetes for the demo and the tests: ``python -m dev.cluster up``.

Where a Docker daemon answers (and kind is installed) it is kind's; otherwise the cluster is made of its own parts, on
Linux, as root, in network namespaces of its own. After "a cluster exists", both are the same: a kubeconfig, the
gateway's address, and one command that brings images in.
"""
