"""Names of models for the shell's completion: from the cluster, in a short time, or none."""

import contextlib
import io
from typing import Any, Final

import typer

PATIENCE: Final = 2.0
"""Seconds that somebody waits after Tab."""


def complete_model(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the models that begin with what was typed; nothing where the cluster does not tell in time."""
    # Whatever goes wrong, the shell must show nothing: no message and no traceback between what is being typed.
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            return _names(dict(ctx.params or {}), incomplete)
    except (Exception, SystemExit):  # noqa: BLE001
        return []


def _names(options: dict[str, Any], incomplete: str) -> list[str]:
    import asyncio

    from tandem.cluster.client import Cluster
    from tandem.cluster.kinds import MODEL_DEPLOYMENT
    from tandem.cluster.kubeconfig import connect_person

    async def read() -> list[str]:
        async with asyncio.timeout(PATIENCE):
            connection = await connect_person(options.get("kubeconfig"), options.get("context"))
            async with Cluster(connection.configuration) as cluster:
                namespace = options.get("namespace") or connection.namespace
                found = await cluster.list(MODEL_DEPLOYMENT, namespace)
        return sorted(str(item["metadata"]["name"]) for item in found.items)

    return [name for name in asyncio.run(read()) if name.startswith(incomplete)]
