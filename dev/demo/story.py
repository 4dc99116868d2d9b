"""The acts of the demo: what is applied, what is waited for, and what must come of it."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from dev.demo.failed import DemoFailed
from dev.demo.live import RolloutView
from dev.demo.report import Refused, Report, SentBack, make_report
from dev.demo.screen import Screen
from dev.demo.settings import DEADLINES, DEPLOYMENT, MANIFESTS, NAMESPACE, PATH, REPOSITORY
from dev.kube.client import Kube, Object, conditions, manifests, until
from dev.kube.history import version_of, versions_of, weight_changes, weights_of
from dev.kube.watch import Watch
from dev.traffic.process import Traffic
from tandem.api.values import duration_seconds

_ENOUGH_ANSWERS = 100
_UNTOUCHED_ANSWERS = 250
"""Answers, five seconds of them, in which a re-sync must not show."""

_CONDITIONS = '{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}'


@dataclass
class Story:
    """The stage with its watches, and what happened on it so far."""

    kube: Kube
    """Shows each command."""
    quiet: Kube
    screen: Screen
    deployments: Watch
    revisions: Watch
    routes: Watch
    view: RolloutView
    applied: list[tuple[float, str]] = field(default_factory=list)
    sent_back: list[SentBack] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address of the model through the gateway."""
        return f"{self.kube.gateway_url}{PATH}"

    def first_version(self) -> None:
        """Bring the first version into production and ask it something."""
        self.apply("1-first")
        self.wait_for("condition=Ready", DEADLINES.first_version)
        self.ask_once()
        self.look()

    def better_version(self) -> None:
        """Replace it by a better one."""
        self.apply("2-better")
        self.wait_for("condition=Ready", DEADLINES.promotion)
        self.screen.say("It serves everything. Until the watch window has passed, the old one could take over at once.")
        self.wait_for("jsonpath={.status.phase}=Serving", DEADLINES.watch)
        self.look()

    def bad_version(self, manifest: str, latency_objective: float | None = None) -> None:
        """Apply a version that is to be sent back by itself."""
        applied = self.apply(manifest)
        self.wait_for("condition=Stalled", DEADLINES.rollback)
        self.sent_back.append(self._sent_back(manifest, applied, latency_objective))
        self.look()

    def rejected_again(self, manifest: str, traffic: Traffic) -> None:
        """Apply the rejected version once more, as a GitOps sync does: it must not be started again."""
        rejected = self._rejected_revision()
        self.run(
            "kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=gitops",
            "--filename", _shown(manifest), cwd=REPOSITORY,
        )  # fmt: skip
        moment = time.time()
        before = len(traffic.outcomes())
        self.show_while(
            lambda: until(
                lambda: len(traffic.outcomes()) > before + _UNTOUCHED_ANSWERS, DEADLINES.refusal, "further answers"
            )
        )
        name, version = rejected["metadata"]["name"], version_of(rejected["spec"]["image"])
        changes = [change for change in weight_changes(self.routes.history(DEPLOYMENT)) if change.at > moment]
        if any(name in change.weights for change in changes):
            raise DemoFailed(f"{version} gets requests again: a re-sync must not start a rejected version")
        again = self._rejected_revision()
        if again["metadata"]["uid"] != rejected["metadata"]["uid"] or _attempt(again) != _attempt(rejected):
            raise DemoFailed(f"{version} was tried again by a re-sync: {json.dumps(again['status'])}")
        self.run(
            "kubectl",
            "get",
            "modeldeployment",
            DEPLOYMENT,
            "--namespace",
            NAMESPACE,
            f"--output=jsonpath={_CONDITIONS}",
        )
        self.look()

    def steady_traffic(self, traffic: Traffic) -> None:
        """Wait until requests are answered."""
        self.view.traffic = traffic

        def enough() -> bool:
            traffic.check()
            return sum(not outcome.bad for outcome in traffic.outcomes()) >= _ENOUGH_ANSWERS

        self.show_while(lambda: until(enough, DEADLINES.traffic, f"{_ENOUGH_ANSWERS} correct answers"))

    def ask_once(self) -> None:
        """Show one prediction by curl."""
        [manifest] = manifests(MANIFESTS / "1-first.yaml")
        scan = manifest["spec"]["serving"]["startup"]["warmup"][0]["body"]
        self.run(
            "curl", "--silent", "--show-error", "--fail", "--max-time", "10",
            "--header", "content-type: application/json", "--data", json.dumps(scan, separators=(",", ":")),
            f"{self.url}/predict",
        )  # fmt: skip

    def look(self) -> None:
        """Show what `kubectl get` says."""
        self.run("kubectl", "get", "modeldeployments,modelrevisions", "--namespace", NAMESPACE)

    def latency_objective(self, manifest: str) -> float:
        """Return the latency objective that a manifest declares, in seconds."""
        [thing] = manifests(MANIFESTS / f"{manifest}.yaml")
        return duration_seconds(thing["spec"]["requirements"]["latency"]["p99"])

    def apply(self, manifest: str) -> float:
        """Apply a manifest of the demo; returns when, in seconds since the epoch."""
        file = MANIFESTS / f"{manifest}.yaml"
        self.screen.say(file.read_text().splitlines()[0].lstrip("# "))
        self.run("kubectl", "apply", "--filename", _shown(manifest), cwd=REPOSITORY)
        moment = time.time()
        [thing] = manifests(file)
        self.applied.append((moment, version_of(thing["spec"]["model"]["image"])))
        return moment

    def run(self, *words: str, cwd: Path | None = None) -> None:
        """Run a command and show it with what it says. Raises ``KubeFailed``."""
        self.screen.output(self.kube.command(*words, cwd=cwd))

    def wait_for(self, condition: str, seconds: float) -> None:
        """`kubectl wait` while the live view is drawn.

        Raises ``TookTooLong``, and ``DemoFailed`` at once when the version is sent back although it should not be.
        """
        wanted = "Stalled" in condition

        def work() -> None:
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(self.kube.wait, f"modeldeployment/{DEPLOYMENT}", NAMESPACE, condition, seconds)
                until(lambda: waiting.done() or (not wanted and self._stalled() is not None), seconds + 20, condition)
                stalled = None if wanted or waiting.done() else self._stalled()
                if stalled is not None:
                    raise DemoFailed(f"this version should have been promoted: {stalled}")
                self.screen.output(waiting.result())

        self.show_while(work)

    def show_while(self, work: Callable[[], object]) -> None:
        """Do something while the live view is drawn."""
        self.view.restart()
        self.screen.while_shown(self.view, self.view.line, work)

    def report(self, traffic: Traffic, refused: Refused) -> Report:
        """Return what came of it all."""
        return make_report(
            traffic.stop(),
            weight_changes(self.routes.history(DEPLOYMENT)),
            versions_of(seen.object for seen in self.revisions.history()),
            self.sent_back,
            self.applied,
            [refused],
        )

    def _sent_back(self, manifest: str, applied: float, latency_objective: float | None) -> SentBack:
        [thing] = manifests(MANIFESTS / f"{manifest}.yaml")
        version = version_of(thing["spec"]["model"]["image"])
        status = self._status()
        stalled = conditions({"status": status}).get("Stalled")
        rejected = self._rejected_revision()
        if stalled is None or version_of(rejected["spec"]["image"]) != version:
            raise DemoFailed(f"{version} should have been rejected; the status is {json.dumps(status)}")
        name = rejected["metadata"]["name"]
        self.routes.until(
            DEPLOYMENT, lambda route: not weights_of(route).get(name), DEADLINES.refusal, "all goes to stable"
        )
        self.revisions.until(name, lambda it: it["status"]["phase"] == "Rejected", DEADLINES.refusal, "to be Rejected")
        changes = [change for change in weight_changes(self.routes.history(DEPLOYMENT)) if change.at > applied]
        had = [change.at for change in changes if name in change.weights]
        if not had:
            raise DemoFailed(f"{version} was sent back without ever getting a request: {stalled['message']}")
        decided = next(change.at for change in changes if change.at > had[-1])
        return SentBack(version, applied, decided, stalled["reason"], stalled["message"], latency_objective)

    def _stalled(self) -> str | None:
        thing = self.deployments.latest(DEPLOYMENT) or {}
        rejected = (thing.get("status") or {}).get("rejected")
        current = (thing.get("status") or {}).get("observedGeneration") == thing.get("metadata", {}).get("generation")
        return f"{rejected['reason']}: {rejected['message']}" if rejected and current else None

    def _status(self) -> Object:
        status = self.quiet.get("modeldeployment", DEPLOYMENT, NAMESPACE)["status"]
        assert isinstance(status, dict)
        return status

    def _rejected_revision(self) -> Object:
        rejected = self._status().get("rejected")
        if rejected is None:
            raise DemoFailed("no version is remembered as rejected")
        return self.quiet.get("modelrevision", rejected["revision"], NAMESPACE)


def _shown(manifest: str) -> str:
    return str((MANIFESTS / f"{manifest}.yaml").relative_to(REPOSITORY))


def _attempt(revision: Object) -> int:
    return int(revision["status"]["attempt"])
