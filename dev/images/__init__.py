"""Container images for the local cluster: the Debian base image, the example bentos, the operator.

No registry is needed: images are built by buildah (or by Docker, where its daemon answers) and kept as archives that
`dev.cluster` brings into the cluster's nodes.
"""

from dev.images.build import build_all
from dev.images.command import ImageBuildError

__all__ = ["ImageBuildError", "build_all"]
