"""The commented ModelDeployment: what is known of a model, in the API's own words, and what is not as a suggestion."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel

from tandem.api.names import API_VERSION, MODEL_DEPLOYMENT
from tandem.api.spec import ModelDeploymentSpec
from tandem.drafts.commented import Field, commented_yaml, section

Side = Literal["dataScience", "engineering"]

SUGGESTIONS: Final[Mapping[str, Any]] = {
    "purpose": "What it decides, for whom, in one sentence",
    "owners.dataScience": {"team": "data-science", "contact": "data-science@example.com"},
    "owners.engineering": {"team": "platform", "contact": "oncall@example.com"},
    "consumers": [{"team": "checkout", "contact": "checkout@example.com", "timeout": "300ms"}],
    "runbook": "https://wiki.example.com/runbook",
    "fallback": "What callers do while the model does not answer",
    "model.service": "ServiceClass",
    "model.subjects": "People",
    "model.trained": "2026-01-31",
    "requirements.latency": {"p99": "150ms"},
    "requirements.availability": "99.9%",
    "requirements.throughput": {"peak": 50, "night": 1},
    "serving.timeout": "60s",
    "serving.replicas": {"min": 2},
    "serving.resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}},
    "serving.startup": {"deadline": "3m"},
    "traffic.gateway": {
        "parentRefs": [{"name": "public", "namespace": "gateway"}],
        "hostnames": ["models.example.com"],
        "path": "/model",
    },
}
"""What people are asked for where it is missing: an example of each, by its place in the spec."""

_DATA_SCIENCE: Final = ("purpose", "fallback", "model", "quality", "owners.dataScience")


@dataclass(frozen=True, slots=True)
class Draft:
    """A ModelDeployment to be: its spec as far as it is known, in the API's own form."""

    name: str
    spec: Mapping[str, Any]
    namespace: str | None = None
    preface: str = ""
    """What the reader should know of how it was made."""
    drafted: Mapping[str, Any] | None = None
    """Parts that a person is to confirm: written as suggestions, by their place in the spec."""


def deployment_yaml(draft: Draft) -> str:
    """Return the whole ModelDeployment in one commented document."""
    return _document(draft, lambda _: True, draft.preface)


def yaml_of_side(draft: Draft, side: Side) -> str:
    """Return the fields of one team: data science's are the base, engineering's a patch of it."""
    texts = {
        "dataScience": "What data science hands over and answers for. Engineering's part is in engineering.yaml; "
        "kustomize puts both together: kubectl apply -k .",
        "engineering": "How engineering runs the model, and what production requires of it: a patch of "
        "data-science.yaml.",
    }
    preface = "\n\n".join(text for text in (texts[side], draft.preface if side == "dataScience" else "") if text)
    return _document(draft, lambda path: side_of(path) == side, preface)


def side_of(path: str) -> Side:
    """Return whose a field of the spec is, given by its dotted path."""
    mine = any(path == each or path.startswith(f"{each}.") for each in _DATA_SCIENCE)
    return "dataScience" if mine else "engineering"


def _document(draft: Draft, wanted: Callable[[str], bool], preface: str) -> str:
    metadata = {"name": draft.name} | ({"namespace": draft.namespace} if draft.namespace else {})
    drafted = dict(draft.drafted or {})
    fields = [
        Field("apiVersion", API_VERSION),
        Field("kind", MODEL_DEPLOYMENT),
        Field("metadata", metadata),
        Field("spec", fields=tuple(_Walk({**SUGGESTIONS, **drafted}, wanted).of(ModelDeploymentSpec, draft.spec, ""))),
    ]
    return commented_yaml(fields, preface)


@dataclass(frozen=True, slots=True)
class _Walk:
    suggestions: Mapping[str, Any]
    wanted: Callable[[str], bool]

    def of(self, model: type[BaseModel], values: Mapping[str, Any], where: str) -> Iterator[Field]:
        for name, info in model.model_fields.items():
            key = info.alias or name
            path = f"{where}.{key}".lstrip(".")
            found = self._field(key, path, info.annotation, values.get(key), info.description or "")
            if found is not None:
                yield found

    def _field(self, key: str, path: str, annotation: Any, value: Any, why: str) -> Field | None:
        inner = _model(annotation)
        deeper = inner is not None and (value is not None or self._asks_within(path)) and path not in self.suggestions
        if inner is not None and deeper:
            known = value if isinstance(value, Mapping) else {}
            return section(key, why, list(self.of(inner, known, path)))
        if not self.wanted(path):
            return None
        if value is not None:
            return Field(key, value, why=why)
        if path in self.suggestions:
            return Field(key, self.suggestions[path], why=why, suggested=True)
        return None

    def _asks_within(self, path: str) -> bool:
        return any(each.startswith(f"{path}.") for each in self.suggestions)


def _model(annotation: Any) -> type[BaseModel] | None:
    """Return the API type of a field that holds one object, not a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    choices = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
    return choices[0] if len(choices) == 1 and type(None) in get_args(annotation) else None
