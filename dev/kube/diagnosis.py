"""What a person would look at when something is wrong, gathered as text."""

from dev.kube.client import Kube, KubeFailed

OPERATOR_NAMESPACE = "tandem-system"
_OPERATOR_LINES = 60
_POD_LINES = 8
_LINE_LENGTH = 300


def diagnose(kube: Kube, namespace: str) -> str:
    """Return objects, conditions, events and the last log lines of the pods of `namespace` and of the operator."""
    return "\n".join(f"--- {title}\n{_said(kube, *words)}" for title, words in _looks(kube, namespace))


def _looks(kube: Kube, namespace: str) -> list[tuple[str, list[str]]]:
    here = ["--namespace", namespace]
    looks = [
        (
            "what there is",
            ["get", "modeldeployments,modelrevisions,deployments,pods,services,httproutes", *here, "-o", "wide"],
        ),
        ("the model deployments", ["describe", "modeldeployments", *here]),
        ("events", ["get", "events", *here, "--sort-by=.lastTimestamp"]),
        ("nodes", ["get", "nodes", "-o", "wide"]),
        ("the operator", ["get", "pods", "--namespace", OPERATOR_NAMESPACE, "-o", "wide"]),
        (
            "the operator's log",
            [
                "logs",
                "--namespace",
                OPERATOR_NAMESPACE,
                "--selector=app.kubernetes.io/name=tandem",
                f"--tail={_OPERATOR_LINES}",
            ],
        ),
    ]
    pods = [pod for pod in _said(kube, "get", "pods", *here, "-o", "name").split() if pod.startswith("pod/")]
    return looks + [(f"log of {pod}", ["logs", pod, *here, f"--tail={_POD_LINES}"]) for pod in pods]


def _said(kube: Kube, *words: str) -> str:
    try:
        said = kube.kubectl(*words, seconds=20)
    except KubeFailed as error:
        return str(error)
    return "\n".join(line[:_LINE_LENGTH] for line in said.splitlines())
