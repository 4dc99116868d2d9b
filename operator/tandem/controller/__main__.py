"""``python -m tandem.controller``: the operator's process."""

import argparse
import asyncio
import functools
import logging
import sys
from pathlib import Path

from tandem.cluster.connection import NoCluster, connect
from tandem.controller.app import Controller, Options
from tandem.controller.log_format import configure_logging
from tandem.controller.queue import WORKERS
from tandem.controller.reconcile import reconciler
from tandem.controller.sweep import KindAppeared
from tandem.manifests.missed import ExaminerRole
from tandem.signals.tokens import TokenFile

logger = logging.getLogger("tandem")


def main(arguments: list[str] | None = None) -> int:
    """Run the operator; returns 0 after SIGTERM or SIGINT, 1 after anything that must not end it."""
    given = _parser().parse_args(arguments)
    configure_logging(given.log_format, given.log_level)
    try:
        asyncio.run(_run(given))
    except NoCluster as error:
        logger.critical("%s", error)
        return 1
    except KindAppeared as appeared:
        logger.warning("%s", appeared)
        return 1
    except Exception:
        logger.critical("the operator has ended by an error", exc_info=True)
        return 1
    return 0


async def _run(given: argparse.Namespace) -> None:
    options = Options(
        namespaces=tuple(given.namespace),
        workers=given.workers,
        liveness=given.liveness,
        metrics_port=given.metrics_port,
    )
    tokens = TokenFile(given.prometheus_tokens) if given.prometheus_tokens is not None else None
    make = functools.partial(
        reconciler,
        prometheus=given.prometheus_address,
        tokens=tokens,
        examiner_image=given.examiner_image,
        examiner_role=given.examiner_role,
    )
    await Controller(await connect(given.kubeconfig), options, make).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tandem.controller", description="The Tandem operator.")
    parser.add_argument(
        "--namespace", action="append", default=[], help="serve this namespace (repeatable); default: all namespaces"
    )
    parser.add_argument("--kubeconfig", help="default: the pod's service account, else KUBECONFIG")
    parser.add_argument("--workers", type=int, default=WORKERS, help="reconciles at a time (default: %(default)s)")
    parser.add_argument(
        "--liveness",
        default="http://0.0.0.0:8080/healthz",
        help="where the liveness probe is answered (default: %(default)s)",
    )
    parser.add_argument("--metrics-port", type=int, default=8081, help="port of /metrics (default: %(default)s)")
    parser.add_argument(
        "--prometheus-address",
        action="append",
        default=[],
        help="only this Prometheus (repeatable) may be named as a source of evidence; default: any",
    )
    parser.add_argument(
        "--prometheus-tokens",
        type=Path,
        metavar="FILE",
        help="YAML file with a bearer token by address, for Prometheus servers that want one; read again when changed",
    )
    parser.add_argument(
        "--examiner-image",
        help="this operator's own image, for the pods that ask new versions the questions of spec.quality",
    )
    parser.add_argument(
        "--examiner-role",
        type=_role,
        metavar="KIND/NAME",
        help="ClusterRole or Role by which those pods create the Secrets that they keep missed questions in",
    )
    parser.add_argument("--log-format", choices=("json", "text"), default="json", help="default: %(default)s")
    parser.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    return parser


def _role(text: str) -> ExaminerRole:
    kind, _, name = text.partition("/")
    if kind not in ("ClusterRole", "Role") or not name:
        raise argparse.ArgumentTypeError(f"{text!r}: write ClusterRole/NAME or Role/NAME")
    return ExaminerRole(kind, name)


if __name__ == "__main__":
    sys.exit(main())
