"""The act about questions: a version that is better in the mean and fails one sex is refused before its first user."""

import time
from dataclasses import dataclass
from typing import Final

from bentos.diabetes.quality.write import CASES, ROWS
from dev.demo.failed import DemoFailed
from dev.demo.live import RolloutView
from dev.demo.report import Refused
from dev.demo.screen import Screen
from dev.demo.settings import DEADLINES, MANIFESTS, NAMESPACE, REPOSITORY
from dev.kube.client import Kube, conditions
from dev.kube.history import weight_changes
from dev.kube.watch import Watch

NAME: Final = "diabetes"
_FOUND: Final = (
    '{range .status.quality.gates[*]}{.name}: {.met} met, {.missed} missed{"\\n"}'
    '{range .findings[?(@.outcome=="Missed")]}    {.why}{"\\n"}{end}{end}'
)


@dataclass
class Refusal:
    """The stage of this act: a second model beside the one that has the traffic."""

    kube: Kube
    """Shows each command."""
    quiet: Kube
    screen: Screen
    revisions: Watch
    routes: Watch
    view: RolloutView

    def prepare(self) -> None:
        """Bring the model's first version into production, with its owners' questions."""
        for kind, name, file in (("configmap", "diabetes-cases", CASES), ("secret", "diabetes-people", ROWS)):
            words = ["generic"] if kind == "secret" else []
            source = f"--from-file={file.relative_to(REPOSITORY)}"
            self._run("kubectl", "create", kind, *words, name, "--namespace", NAMESPACE, source)
        self._apply("1-first")
        self._wait("condition=Ready", DEADLINES.first_version)

    def refuse(self) -> Refused:
        """Apply the version that is wrong. Raises ``DemoFailed`` where it is not refused, or gets a request."""
        applied = self._apply("2-skewed")
        self._wait("condition=Stalled", DEADLINES.rollback)
        seconds = time.time() - applied
        thing = self.quiet.get("modeldeployment", NAME, NAMESPACE)
        stalled = conditions(thing)["Stalled"]
        if stalled["reason"] != "QualityFailed":
            raise DemoFailed(f"skewed should have been refused for its answers: {stalled['message']}")
        revision = thing["status"]["rejected"]["revision"]
        if any(revision in change.weights for change in weight_changes(self.routes.history(NAME))):
            raise DemoFailed(f"{revision} was to be refused before it got requests")
        self._run("kubectl", "get", "modelrevision", revision, "--namespace", NAMESPACE, f"--output=jsonpath={_FOUND}")
        asked = self.quiet.get("modelrevision", revision, NAMESPACE)["status"]["quality"]["asked"]
        return Refused("skewed", seconds, asked, stalled["message"])

    def _apply(self, manifest: str) -> float:
        file = MANIFESTS / NAME / f"{manifest}.yaml"
        self.screen.say(file.read_text().splitlines()[0].lstrip("# "))
        self._run("kubectl", "apply", "--filename", str(file.relative_to(REPOSITORY)))
        return time.time()

    def _wait(self, condition: str, seconds: float) -> None:
        self.view.restart()

        def work() -> None:
            self.screen.output(self.kube.wait(f"modeldeployment/{NAME}", NAMESPACE, condition, seconds))

        self.screen.while_shown(self.view, self.view.line, work)

    def _run(self, *words: str) -> None:
        self.screen.output(self.kube.command(*words, cwd=REPOSITORY))
