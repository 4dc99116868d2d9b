"""What the account says is wrong, whose business it is, and what a machine reads."""

from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest

from tandem.account.account import Amiss
from tandem.account.line import line
from tandem.account.paging import contacts
from tandem.account.record import record_of
from tandem.account.rows import cells, rows, tag
from tandem.account.shares import percent
from tandem.account.tell import account_of
from tandem.account.times import lasted
from tests.unit.account.scenes import SCENES
from tests.unit.rollout.world import NOON

NOW = NOON + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("scene", "first", "side"),
    [
        ("rolled_back", ("Stalled", "TooManyErrors"), "dataScience"),
        ("stalled", ("Stalled", "ImagePullBackOff"), "engineering"),
        ("degraded", ("not Available", "NoReadyPods"), "engineering"),
    ],
)
def test_the_owner_whose_business_it_is_is_called_first(scene: str, first: tuple[str, str], side: str) -> None:
    account = account_of(SCENES[scene](), NOW)
    assert (account.amiss[0].type, account.amiss[0].reason) == first
    assert len(account.amiss) == 1, "one cause, one finding"
    assert account.page[0].side == side and account.page[0].because == ": ".join(first)
    assert account.page[1].because is None


def test_nobody_is_woken_for_what_a_declaration_lacks() -> None:
    lacking = Amiss(type="not OperationallyReady", reason="ChecksFail", message="2 checks fail", side="engineering")
    down = Amiss(type="not Available", reason="NoReadyPods", message="no pod is ready", side="engineering")
    owners = SCENES["serving"]().deployment.spec.owners
    assert all(person.because is None for person in contacts(owners, [lacking]))
    assert contacts(owners, [down, lacking])[0].because == "not Available: NoReadyPods"


@pytest.mark.parametrize("scene", ["serving", "watching", "rolling_out"])
def test_nothing_is_amiss_where_all_goes_its_way(scene: str) -> None:
    account = account_of(SCENES[scene](), NOW)
    assert account.amiss == [] and all(person.because is None for person in account.page)


def test_the_document_has_the_documented_keys() -> None:
    document = account_of(SCENES["rolling_out"](), NOW).document()
    assert document.keys() == {
        "format", "model", "slots", "waitingFor", "amiss", "findings", "evidence", "revisions", "changes", "lastChange",
        "next", "look", "page", "runbook", "fallback", "consumers", "unread",
    }  # fmt: skip
    assert document["evidence"]["counted"][0] == {
        "revision": "fraud-r2", "requests": 120, "bad": 0, "rate": 0.0, "low": 0.0, "high": 0.0371,
    }  # fmt: skip


def test_findings_that_are_waived_or_pass_are_not_told() -> None:
    told = account_of(SCENES["unready"](), NOW).findings
    assert [each.check for each in told] == ["TDM012", "TDM008", "TDM009", "TDM013", "TDM014", "TDM031"]
    assert told[1].message == "not known: nobody has looked"


def test_an_operator_that_is_away_is_told_of_first() -> None:
    seen = SCENES["serving"]()
    deployment = seen.deployment.with_changes(metadata=seen.deployment.metadata.with_changes(generation=9))
    wrong = account_of(type(seen)(deployment, seen.states), NOW).amiss
    assert wrong[0].type == "Behind" and "generation 9" in wrong[0].message


def test_numbers_of_pods_that_may_not_be_read_are_those_that_the_operator_wrote_down() -> None:
    account = account_of(SCENES["unreadable_pods"](), NOW)
    assert [(slot.role, slot.ready) for slot in account.slots] == [("serves", 2), ("tried", 1)]
    assert "the ClusterRole view" in account.unread[0]


@pytest.mark.parametrize(
    ("scene", "shown"),
    [
        ("serving", ("fraud", "Serving", "fraud-r1 (a)", "-", "", "27 min", "")),
        ("rolled_back", ("fraud", "RolledBack", "fraud-r1 (a)", "-", "", "23 min",
                         "fraud-r2 was sent back: TooManyErrors")),
        ("paused", ("fraud", "Paused", "fraud-r1 (a)", "fraud-r2 (b)", "10 %", "23 min",
                    "a person: fraud-r2 is paused at 10 %; Resume goes on")),
    ],
)  # fmt: skip
def test_a_model_in_a_row(scene: str, shown: tuple[str, ...]) -> None:
    seen = SCENES[scene]()
    for state in seen.states.values():
        assert state.revision.metadata.namespace == "payments"
    (row,) = rows([seen.deployment], [state.revision for state in seen.states.values()])
    assert cells(row, NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7260, "2 h 1 min"), (90000, "1 d 1 h"), (-5, "0 s")],
)
def test_how_long_it_has_been(seconds: int, text: str) -> None:
    assert lasted(NOON, NOON + timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("registry.example.com:5000/fraud:2.1.0", "2.1.0"),
        ("registry.example.com/fraud", "fraud"),
        ("fraud@sha256:0123456789abcdef", "sha256:0123456789ab"),
    ],
)
def test_a_version_is_called_by_its_tag(image: str, shown: str) -> None:
    assert tag(image) == shown


@pytest.mark.parametrize("scene", SCENES)
def test_orders_to_be_copied_from_one_screen_are_all_acted_on(scene: str) -> None:
    """Tandem acts once on each id: two orders of one screen with the same id would be one."""
    ids = [step.kubectl.partition('"id":')[2] for step in account_of(SCENES[scene](), NOW).next]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("share", "text"), [(0.0, "0 %"), (0.00371, "0.37 %"), (0.371, "37 %"), (1.0, "100 %")])
def test_a_share_is_read_in_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_what_was_sent_back_before_its_first_request_has_no_evidence() -> None:
    nothing = {"requests": 0, "bad": 0, "rate": 0.0, "low": 0.0, "high": 1.0}
    refused = SCENES["rolled_back"]()
    state = refused.states["fraud-r2"]
    verdict = {"verdict": "Undecided", "sentence": "no traffic", "candidate": nothing, "stable": nothing}
    status = state.revision.status.with_changes(verdict=verdict)
    states = {**refused.states, "fraud-r2": replace(state, revision=state.revision.with_changes(status=status))}
    assert account_of(refused, NOW).evidence is not None
    assert account_of(replace(refused, states=states), NOW).evidence is None


@pytest.mark.parametrize("scene", SCENES)
def test_a_version_that_somebody_deleted_breaks_nothing(scene: str) -> None:
    """At night is the worst time for a screen that fails because what it tells of is gone."""
    whole = SCENES[scene]()
    for kept in range(len(whole.states) + 1):
        for states in combinations(whole.states.items(), kept):
            seen = replace(whole, states=dict(states))
            assert account_of(seen, NOON).model.name == "fraud"
            assert line(seen)
            for _, state in states:
                assert record_of(seen, state.revision, NOON)
