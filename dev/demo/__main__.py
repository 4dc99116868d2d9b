"""Show the main job: a model reaches production, a better one replaces it, bad ones are refused or sent back.

python -m dev.demo          makes what is needed (cluster, images, operator) and shows it
python -m dev.demo down     removes the cluster and everything in it
"""

import argparse
import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from dev.cluster.settings import DEFAULT_NAME
from dev.demo.failed import DemoFailed
from dev.demo.live import RolloutView
from dev.demo.refusal import NAME, Refusal
from dev.demo.render import render
from dev.demo.report import Refused, Report
from dev.demo.screen import Screen
from dev.demo.settings import DEADLINES, DEPLOYMENT, NAMESPACE, RATE, REPOSITORY, TRAFFIC_SECONDS
from dev.demo.story import Story
from dev.kube import stack
from dev.kube.client import Kube, KubeFailed
from dev.kube.diagnosis import diagnose
from dev.kube.watch import Watch
from dev.traffic.process import Traffic, TrafficFailed

_SVG_WIDTH = 110
_GO_ON = {
    "the whole story": f"kubectl describe modeldeployment {DEPLOYMENT} -n {NAMESPACE}",
    "where each version is, and why": f"kubectl get modelrevisions -n {NAMESPACE}",
    "what a field is for": "kubectl explain modeldeployment.spec.rollout",
    "this cluster at your shell": 'eval "$(python -m dev.cluster env)"',
    "try a rejected version again": "change spec.rollout.attempt in its manifest, and apply it",
    "remove all but the build cache": "make demo-down",
}


def main() -> int:
    """Run the demo; returns 0 if everything came about as it must and no request was lost."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["up", "down"], default="up", help="show it (default), or remove it")
    parser.add_argument("--cluster", default=DEFAULT_NAME, help="which local cluster (%(default)s)")
    parser.add_argument("--svg", type=Path, help="keep the report as a picture")
    parser.add_argument("--json", type=Path, help="keep the report's numbers")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the traffic and the watches are ended, too
    screen = Screen()
    kube = Kube(given.cluster, on_command=screen.command)
    try:
        if given.what == "down":
            stack.remove_cluster(given.cluster, screen.command)
            return 0
        _prepare(kube, screen)
        report = _play(kube, screen)
    except stack.SetupFailed as error:
        screen.show(f"[bold red]✗[/] {error}")
        return 1
    except (DemoFailed, KubeFailed, TrafficFailed) as error:
        screen.console.print(f"\n✗ {error}\n", style="bold red", markup=False)
        screen.output(diagnose(Kube(given.cluster), NAMESPACE))
        return 1
    except KeyboardInterrupt:
        screen.say("interrupted; `make demo` begins again, `make demo-down` removes everything")
        return 130
    _keep(report, given.svg, given.json)
    return 1 if report.lost else 0


def _prepare(kube: Kube, screen: Screen) -> None:
    screen.act(1, "A local Kubernetes with a gateway")
    stack.make_cluster(kube.name, screen.command)
    screen.act(2, "The example bentos and the operator")
    archives = stack.load_images(kube.name, screen.command)
    stack.install_operator(kube, archives)
    stack.remove_namespace(kube, NAMESPACE, DEADLINES.objects)
    stack.make_namespace(kube, NAMESPACE)


def _play(kube: Kube, screen: Screen) -> Report:
    folder = kube.run / "demo"
    rows, outcomes = folder / "rows.jsonl", folder / "outcomes.jsonl"
    folder.mkdir(parents=True, exist_ok=True)
    outcomes.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "dev.traffic.digits", str(rows)], cwd=REPOSITORY, check=True)
    with (
        Watch(kube, "modeldeployments", NAMESPACE) as deployments,
        Watch(kube, "modelrevisions", NAMESPACE) as revisions,
        Watch(kube, "httproutes", NAMESPACE) as routes,
    ):
        view = RolloutView(deployments, revisions, routes)
        quiet = Kube(kube.name)
        story = Story(kube, quiet, screen, deployments, revisions, routes, view)
        refusal = Refusal(kube, quiet, screen, revisions, routes, RolloutView(deployments, revisions, routes, NAME))
        screen.act(3, "The first versions of two models reach production")
        story.first_version()
        refusal.prepare()
        screen.act(4, f"Steady traffic: {RATE:.0f} requests a second, held-out rows, every answer checked")
        with Traffic(story.url, rows, outcomes, rate=RATE, seconds=TRAFFIC_SECONDS) as traffic:
            story.steady_traffic(traffic)
            refused = _rollouts(story, refusal, screen, traffic)
            report = story.report(traffic, refused)
    screen.act(10, "Report")
    screen.show(render(report, _GO_ON, screen.console.width))
    return report


def _rollouts(story: Story, refusal: Refusal, screen: Screen, traffic: Traffic) -> Refused:
    screen.act(5, "A better version: canary, promotion")
    story.better_version()
    screen.act(6, "A version that fails on some inputs")
    story.bad_version("3-failing")
    screen.act(7, "A version that is right, but slow")
    story.bad_version("4-slow", latency_objective=story.latency_objective("4-slow"))
    screen.act(8, "The rejected version once more, as a GitOps sync would")
    story.rejected_again("4-slow", traffic)
    screen.act(9, "A version that is better in the mean, and fails one sex")
    refused = refusal.refuse()
    traffic.check()
    return refused


def _keep(report: Report, svg: Path | None, numbers: Path | None) -> None:
    if numbers is not None:
        numbers.parent.mkdir(parents=True, exist_ok=True)
        numbers.write_text(json.dumps(report.to_dict(), indent=2) + "\n")
    if svg is not None:
        svg.parent.mkdir(parents=True, exist_ok=True)
        console = Console(record=True, width=_SVG_WIDTH, file=io.StringIO(), force_terminal=True)
        console.print(render(report, _GO_ON, _SVG_WIDTH))
        # Without the fonts that rich would have fetched from elsewhere: the reader's own will do.
        svg.write_text(re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="make demo"), flags=re.DOTALL))


if __name__ == "__main__":
    sys.exit(main())
