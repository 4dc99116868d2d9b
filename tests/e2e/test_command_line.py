"""A person at a terminal steps into a rollout: get, pause, resume, promote, and a pipeline that waits."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dev.kube.model import CANARY_STEPS, Model, status_of

TANDEM = Path(sys.executable).with_name("tandem")


def tandem(model: Model, *words: str) -> str:
    return model.kube.command(str(TANDEM), *words, "-n", model.namespace, seconds=60)


def account(model: Model) -> Any:
    return json.loads(tandem(model, "get", model.name, "--output", "json"))


def roles(model: Model) -> dict[str, Sequence[Any]]:
    return {slot["role"]: (slot["revision"], slot["weight"]) for slot in account(model)["slots"]}


def test_a_person_steps_into_a_rollout(model: Model) -> None:
    """Without traffic there is no evidence: the canary stays where it is until somebody says otherwise."""
    model.given("first", rollout={"steps": CANARY_STEPS})
    model.apply("better")
    model.until_candidate("better", weight=10)
    # The route is written before the status that tells of it.
    model.until(
        lambda thing: 10 in [share["weight"] for share in status_of(thing).get("traffic") or []], 30, "10 % told"
    )
    first, better = model.revision_of("first"), model.revision_of("better")
    assert roles(model) == {"serves": (first, 90), "tried": (better, 10)}

    assert "stays at 10 %" in tandem(model, "pause", model.name, "--id", "e2e-pause")
    model.until_phase("Paused")
    told = account(model)
    assert told["waitingFor"]["what"].startswith("a person")
    assert told["next"][0]["verb"] == "Resume"
    assert "goes on" in tandem(model, "resume", model.name)
    model.until_phase("RollingOut")

    words = [str(TANDEM), "watch", model.name, "-n", model.namespace, "--until", "ready", "--timeout", "150s"]
    with subprocess.Popen(words, env=model.kube.env, stdout=subprocess.PIPE, text=True) as pipeline:
        assert "passes without further evidence" in tandem(model, "promote", model.name, "--revision", str(better))
        said, _ = pipeline.communicate(timeout=180)
    assert pipeline.returncode == 0, said
    assert f"{better} serves" in said.splitlines()[-1]

    assert roles(model)["serves"] == (better, 100)
    assert f"Promote of {better}" in tandem(model, "history", model.name)
    report = tandem(model, "report", str(better))
    assert "`tandem.local/digits:better`" in report and f"Against `{first}`" in report
