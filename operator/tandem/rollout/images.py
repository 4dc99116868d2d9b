"""Whether the pods of a version run one image: what container runtimes report, and which reports can be compared.

Of an image that was pulled, the runtime reports what the registry calls it (``repository@sha256:...``): of one for
several architectures the digest of its index, which is the same on every node. Of an image that was loaded onto a node
by hand it reports the digest of the image's own configuration (``sha256:...``), which the same image pulled elsewhere
does not have, nor has it for another architecture. And a node that knows an image from two repositories reports either.
So a report speaks against another one only where both are of the same kind and name the same repository.
"""

from tandem.rollout.observation import RevisionState


def different_images(state: RevisionState) -> frozenset[str]:
    """Return the image ids, seen now or before, that contradict another one; empty if all may be of one image."""
    ids = state.images | set(state.revision.status.image_ids or [])
    return frozenset(one for one in ids if any(_contradict(one, other) for other in ids))


def _contradict(one: str, other: str) -> bool:
    (repository, digest), (other_repository, other_digest) = _parts(one), _parts(other)
    return repository == other_repository and digest != other_digest


def _parts(image_id: str) -> tuple[str, str]:
    """Return the repository, empty where there is none, and the digest; Docker puts a scheme before them."""
    repository, _, digest = image_id.rpartition("://")[2].rpartition("@")
    return repository, digest
