"""The local cluster as a person at a shell uses it: kubectl and helm, watches, and where to look for trouble.

The demo and the end-to-end tests both go through here, so that what they do can be done by hand.
"""
