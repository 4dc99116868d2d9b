"""``tandem rules``: alerts on what was promised, for Prometheus and Alertmanager."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tandem.cli.values import refuse

if TYPE_CHECKING:
    from tandem.api.objects import ModelDeployment


def command(
    files: Annotated[list[str], typer.Argument(help="Files with ModelDeployments; - for standard input.")],
    plain: Annotated[bool, typer.Option("--plain", help="A rule file for Prometheus, without Kubernetes.")] = False,
    routing: Annotated[
        bool, typer.Option("--routing", help="Routes and receivers for Alertmanager, from the owners' contacts.")
    ] = False,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Namespace of models whose file names none.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="A label for the PrometheusRules, by which Prometheus finds them.", metavar="KEY=VALUE"),
    ] = None,
) -> None:
    """Write PrometheusRules: the owner is called when a budget of bad requests burns too fast, or a model is stuck.

    By spec.requirements, owners, tier and runbook. Nothing is asked of a cluster. docs/objectives.md explains them.

    Exit codes: 0 written; 2 wrong usage, or a file that is not in order.

    Examples: tandem rules model.yaml | kubectl apply -f -; tandem rules model.yaml --plain > rules/fraud.yaml
    """
    import yaml

    from tandem.alerting.rules import groups

    if plain and routing:
        refuse("--plain and --routing are two files: ask for one at a time")
    labels = dict(_pair(each) for each in label or [])
    deployments = _read(files, namespace)
    documents: list[dict[str, Any]]
    if routing:
        typer.echo(_routing(deployments))
        return
    if plain:
        documents = [{"groups": [group for each in deployments for group in groups(each)]}]
    else:
        documents = [_object(each, labels) for each in deployments]
    typer.echo(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=10_000).rstrip())


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        refuse(f"--label {text}: a label is written KEY=VALUE, such as release=kube-prometheus-stack")
    return key, value


def _read(files: list[str], namespace: str | None) -> "list[ModelDeployment]":
    from tandem.cli.documents import InvalidFile, read_deployments
    from tandem.cli.files import parsed

    found = []
    try:
        for document in read_deployments(files):
            deployment, problems = parsed(document)
            if deployment is None:
                refuse("\n".join(str(problem) for problem in problems))
            where = document.part("metadata").get("namespace") or namespace
            if not where:
                refuse(f"{document.path}:{document.line()}: {document.name} names no namespace: give --namespace")
            meta = deployment.metadata.with_changes(namespace=str(where))
            found.append(deployment.with_changes(metadata=meta))
    except InvalidFile as error:
        refuse(str(error))
    if not found:
        refuse(f"{', '.join(files)}: no ModelDeployment of tandem.dev/v1alpha1")
    return found


def _object(deployment: "ModelDeployment", labels: dict[str, str]) -> dict[str, Any]:
    from tandem.alerting.rules import groups

    meta: dict[str, Any] = {"name": f"tandem-{deployment.metadata.name}", "namespace": deployment.metadata.namespace}
    if labels:
        meta["labels"] = labels
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": meta,
        "spec": {"groups": groups(deployment)},
    }


def _routing(deployments: "list[ModelDeployment]") -> str:
    import yaml

    from tandem.alerting.routing import routing

    found = routing(deployments)
    head = [
        "# For alertmanager.yml: put the routes among yours, above those that match anything, and add the receivers."
    ]
    for name, contact in found.unknown.items():
        head.append(f"# Receiver {name}: how Alertmanager reaches {contact} only you know; complete it.")
    data = {"route": {"routes": found.routes}, "receivers": found.receivers}
    return "\n".join([*head, yaml.safe_dump(data, sort_keys=False, allow_unicode=True).rstrip()])
