"""The way from a command to the cluster and back: options as kubectl has them, errors as sentences and exit codes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from tandem.cluster.client import Cluster
    from tandem.cluster.connection import Connection
    from tandem.cluster.errors import ClusterError

_T = TypeVar("_T")

NOT_COME_ABOUT: Final = 1
UNREACHABLE: Final = 3
FORBIDDEN: Final = 4
NOT_FOUND: Final = 5
TOO_LATE: Final = 6

MANAGER: Final = "tandem-cli"
"""The name that ``metadata.managedFields`` shows for orders that were given here."""

CLUSTER_PANEL: Final = "Which cluster"
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Namespace; else the context's own.", rich_help_panel=CLUSTER_PANEL),
]
Context = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig.", rich_help_panel=CLUSTER_PANEL)
]
Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", help="File; else $KUBECONFIG or ~/.kube/config.", rich_help_panel=CLUSTER_PANEL),
]


@dataclass(frozen=True)
class Access:
    """Which cluster and namespace, as the user said."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None

    @property
    def flags(self) -> str:
        """The options that lead to the same cluster again."""
        given = (("--context", self.context), ("--kubeconfig", self.kubeconfig))
        return " ".join(f"{option} {value}" for option, value in given if value is not None)

    async def connection(self) -> "Connection":
        """Return the way to it, as kubectl would take it. Raises ``NoCluster``."""
        from tandem.cluster.kubeconfig import connect_person

        return await connect_person(self.kubeconfig, self.context)


def run(access: Access, work: "Callable[[Cluster, str], Awaitable[_T]]") -> _T:
    """Do the work with a client and the namespace that is meant; what goes wrong ends the command with a sentence."""
    from tandem.cluster.connection import NoCluster
    from tandem.cluster.errors import ClusterError

    try:
        return asyncio.run(_run(access, work))
    except NoCluster as error:
        end(UNREACHABLE, str(error))
    except ClusterError as error:
        end(*told(error))


async def _run(access: Access, work: "Callable[[Cluster, str], Awaitable[_T]]") -> _T:
    from tandem.cluster.client import Cluster

    connection = await access.connection()
    async with Cluster(connection.configuration, MANAGER) as cluster:
        return await work(cluster, access.namespace or connection.namespace)


def told(error: "ClusterError") -> tuple[int, str]:
    """Return exit code and sentence for what the API server said."""
    from tandem.cluster.errors import ClusterRefused, KindMissing, NotFound

    if isinstance(error, ClusterRefused) and error.reason == "Forbidden":
        return FORBIDDEN, f"a right is missing to {error.doing}: {error.message}; {advice(error.doing)}"
    if isinstance(error, KindMissing):
        return UNREACHABLE, f"{error.doing}: this cluster does not know Tandem's objects: install the chart first"
    if isinstance(error, NotFound):
        return NOT_FOUND, f"{error}; see `tandem get -A` for what there is"
    if "Unauthorized" in error.detail:
        return UNREACHABLE, f"{error.doing}: the cluster does not take these credentials: log in again"
    return (NOT_COME_ABOUT if isinstance(error, ClusterRefused) else UNREACHABLE), str(error)


def advice(doing: str) -> str:
    """Say which of the roles that Kubernetes has everywhere includes a right."""
    writes = doing.startswith(("patch", "read Secret"))  # who may read Secrets may edit
    role = "edit (or admin)" if writes else "view"
    return f"the ClusterRole {role} of that namespace includes it"


def end(code: int, message: str) -> NoReturn:
    """Say why a command ends, on standard error, and end it."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
