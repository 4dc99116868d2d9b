"""Tools for developing Tandem: the local cluster, the images, the demo. Run from the root of the repository."""
