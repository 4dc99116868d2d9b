import io
import json

import pytest
from rich.console import Console

from dev.demo.render import render
from dev.demo.report import Refused, Report, SentBack, make_report
from dev.kube.history import WeightChange
from dev.traffic.outcomes import Outcome

VERSIONS = {"digits-r1": "first", "digits-r2": "failing", "digits-r3": "slow"}
CHANGES = [
    WeightChange(90.0, {"digits-r1": 100}),
    WeightChange(110.0, {"digits-r1": 90, "digits-r2": 10}),
    WeightChange(114.0, {"digits-r1": 100}),
]
SENT_BACK = [
    SentBack("failing", 105.0, 114.0, "Errors", "30 of 100 requests failed"),
    SentBack("slow", 120.0, 130.0, "Latency", "9 of 10 above 300ms", latency_objective=0.3),
]


def outcomes() -> list[Outcome]:
    return [
        *(Outcome(100.0 + n, 0.01, "ok", "first", 200) for n in range(30)),
        Outcome(110.5, 0.02, "ok", "failing", 200),
        Outcome(111.0, 0.5, "server_error", "failing", 500),
        Outcome(113.0, 0.5, "server_error", "failing", 500),
        Outcome(125.0, 0.4, "ok", "slow", 200),
        Outcome(126.0, 0.1, "ok", "slow", 200),
        Outcome(127.0, 0.9, "ok", "slow", 200),
    ]


def report(*more: Outcome) -> Report:
    refused = Refused("skewed", 31.0, 254, "recall of sex 2 is 0.1613")
    return make_report([*outcomes(), *more], CHANGES, VERSIONS, SENT_BACK, [(105.0, "failing")], [refused])


def test_a_rollback_is_told_as_the_callers_felt_it() -> None:
    failing, slow = report().rollbacks
    assert (failing.bad_responses, failing.bad_seconds) == (2, 2.0)
    assert failing.seconds_to_decide == pytest.approx(114.0 - 110.52)
    assert slow.bad_responses == 2, "right answers that came too late are what it was sent back for"
    assert slow.bad_seconds == pytest.approx(127.9 - 125.4)


def test_the_broken_versions_own_answers_are_no_losses_and_all_others_are() -> None:
    assert report().lost == []
    reset = Outcome(112.0, 0.1, "connection", detail="ServerDisconnectedError")
    wrong = Outcome(112.0, 0.1, "wrong", "first", 200)
    assert report(reset, wrong).lost == [reset, wrong]


def test_weights_and_marks_count_from_the_first_request() -> None:
    made = report()
    assert made.weights[1] == (10.0, {"first": 90, "failing": 10})
    assert made.marks == [(5.0, "failing")]


def test_it_can_be_shown_and_kept() -> None:
    made = report(Outcome(112.0, 0.1, "connection", detail="ServerDisconnectedError"))
    console = Console(file=io.StringIO(), width=110)
    console.print(render(made, {"remove it": "make demo-down"}, 110))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "30 of 100 requests failed" in shown
    assert "Refused before its first request: skewed" in shown and "recall of sex 2" in shown
    assert "1 of 37" in shown
    assert "ServerDisconnectedError" in shown
    assert "make demo-down" in shown
    assert json.loads(json.dumps(made.to_dict()))["requests"] == 37
