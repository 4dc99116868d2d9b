"""The verbs: promote, abort, retry, pause, resume, rollback, freeze, accept: decisions on one ModelRevision."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tandem.cli.access import NOT_COME_ABOUT, TOO_LATE, Access, Context, Kubeconfig, Namespace, end, run
from tandem.cli.get import Model, read_one

if TYPE_CHECKING:
    from tandem.account.orders import Order
    from tandem.account.seen import Seen
    from tandem.api.revision import Verb
    from tandem.cluster.client import Cluster

WAIT: Final = 30.0
"""Seconds until the operator should have looked at an order; it does so within one or two."""

LONGEST_ID: Final = 64

_HELP: "Final[dict[Verb, str]]" = {
    "Promote": "Let the version that is tried pass without further evidence.",
    "Abort": "Send the version that is tried back; stable serves everything at once.",
    "Retry": "Try the version that was sent back again, with fresh evidence.",
    "Pause": "Keep the version that is tried at its weight; it can still be sent back.",
    "Resume": "Let a paused version go on, or lift a freeze.",
    "Rollback": "Leave the stable version for the last good one before it.",
    "Freeze": "Start no new version until resume.",
    "Accept": "Let the version that is tried promise less than its predecessor; it is still judged.",
}

Revision = Annotated[
    str | None, typer.Option(help="Only if it is about this ModelRevision, such as fraud-r7.", metavar="REVISION")
]
Id = Annotated[str | None, typer.Option("--id", help="Id of the order, such as a ticket's; each id is acted on once.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing: print the order as a kubectl command.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until Tandem has acted on it.")]


@dataclass(frozen=True)
class Asked:
    """What the user asked for."""

    verb: "Verb"
    model: str
    revision: str | None
    id_: str | None
    dry_run: bool
    wait: bool


def add_verbs(app: typer.Typer) -> None:
    """Add a command for each verb."""
    for verb, said in _HELP.items():
        app.command(verb.lower(), help=said, rich_help_panel="Step in")(_command(verb))


def _command(verb: "Verb") -> Callable[..., None]:
    def command(
        model: Model,
        revision: Revision = None,
        id_: Id = None,
        dry_run: DryRun = False,
        no_wait: NoWait = False,
        namespace: Namespace = None,
        context: Context = None,
        kubeconfig: Kubeconfig = None,
    ) -> None:
        asked = Asked(verb, model, revision, id_, dry_run, not no_wait)
        give(Access(namespace, context, kubeconfig), asked)

    return command


def give(access: Access, asked: Asked) -> None:
    """Give the order, or say why it makes no sense now."""
    from tandem.account import orders

    if asked.id_ is not None and not 1 <= len(asked.id_) <= LONGEST_ID:
        raise typer.BadParameter(f"an id has 1 to {LONGEST_ID} characters", param_hint="--id")
    seen, now = read_one(access, asked.model), datetime.now(UTC)
    try:
        order = orders.choose(seen, asked.verb, asked.revision, now)
    except orders.Senseless as error:
        end(NOT_COME_ABOUT, f"nothing done: {error}")
    id_ = asked.id_ or _new_id(now)
    if asked.dry_run:
        typer.echo(order.effect, err=True)
        typer.echo(orders.kubectl(seen, order, id_))
        return
    typer.echo(f"{asked.verb} (id {id_}): {order.effect}")
    if order.caution:
        typer.echo(f"but {order.caution}")
    _tell(access, seen, order, id_, wait=asked.wait)


def _new_id(now: datetime) -> str:
    import secrets

    from tandem.account.orders import id_at

    return id_at(now, secrets.token_hex(2))


def _tell(access: Access, seen: "Seen", order: "Order", id_: str, *, wait: bool) -> None:
    async def send(cluster: "Cluster", namespace: str) -> "dict[str, Any] | None":
        from tandem.cli.ordering import acted_on, write

        await write(cluster, namespace, order, id_, seen)
        return await acted_on(cluster, namespace, order.revision, id_, WAIT) if wait else None

    acted = run(access, send)
    if acted is not None:
        _say_result(acted)
    elif wait:
        end(
            TOO_LATE,
            f"the order is written, and Tandem has not acted on it within {WAIT:.0f} s: is the operator running? "
            "kubectl get pods -A -l app.kubernetes.io/name=tandem",
        )


def _say_result(acted: "dict[str, Any]") -> None:
    result = str(acted.get("result", ""))
    if result.startswith("nothing done"):
        end(NOT_COME_ABOUT, f"Tandem: {result}")
    typer.echo(f"Tandem: {result}")
