"""Which revision is what a spec declares: found out by comparing whole versions, and then remembered.

The comparison reads the stored texts of every revision. A model is looked at several times while it starts and again
at every change of a pod, and the answer is the same for as long as nothing has changed that it was made from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tandem.api.objects import ModelDeployment, ModelRevision
from tandem.cluster.cache import Key
from tandem.manifests.configs import ConfigContent
from tandem.manifests.declared import Declared, declare, same_version

_Basis = tuple[object, ...]
"""What an answer was made from: the declaration, its ConfigMaps' content, and the revisions there were."""


@dataclass(frozen=True)
class Match:
    """The newest revision that is what the spec declares, or else what a new one is to be made of."""

    revision: str | None = None
    declared: Declared | None = None


class Declarations:
    """Remembers an answer for each ModelDeployment until it is forgotten with it."""

    def __init__(self) -> None:
        self._known: dict[Key, tuple[_Basis, str]] = {}

    def match(
        self,
        deployment: ModelDeployment,
        contents: Mapping[str, ConfigContent],
        revisions: Mapping[str, ModelRevision],
    ) -> Match:
        """Return what the spec declares, ``contents`` being the ConfigMaps that it names.

        Raises ``DeclarationError`` when it cannot become a revision.
        """
        key = (deployment.metadata.namespace, deployment.metadata.name)
        basis = _basis(deployment, contents, revisions)
        known = self._known.get(key)
        if known is not None and known[0] == basis:
            return Match(revision=known[1])
        declared = declare(deployment.spec, contents)
        revision = _newest_same(declared, revisions)
        if revision is None:
            self._known.pop(key, None)
            return Match(declared=declared)
        self._known[key] = (basis, revision)
        return Match(revision=revision)

    def forget(self, key: Key) -> None:
        """Drop the answer for a ModelDeployment that is gone."""
        self._known.pop(key, None)


def _basis(
    deployment: ModelDeployment, contents: Mapping[str, ConfigContent], revisions: Mapping[str, ModelRevision]
) -> _Basis:
    # The generation counts changes of the spec, and what a revision was made of never changes.
    return (
        deployment.metadata.uid,
        deployment.metadata.generation,
        tuple(sorted((name, content.digest()) for name, content in contents.items())),
        tuple(sorted(revision.metadata.uid for revision in revisions.values())),
    )


def _newest_same(declared: Declared, revisions: Mapping[str, ModelRevision]) -> str | None:
    newest_first = sorted(revisions.values(), key=lambda revision: revision.spec.number, reverse=True)
    return next((item.metadata.name for item in newest_first if same_version(declared, item.spec)), None)
