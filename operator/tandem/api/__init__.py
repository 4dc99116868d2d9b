"""The objects of group ``tandem.dev`` as typed models: the one source that ``crds/`` is generated from."""
