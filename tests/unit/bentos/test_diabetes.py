"""The versions of Diabetes, measured on people whom no version was trained on."""

import numpy as np
import pytest

from bentos.diabetes import data
from bentos.diabetes.people import FEATURES, People
from bentos.diabetes.schema import Person
from bentos.diabetes.versions import train


@pytest.fixture(scope="module")
def people() -> tuple[People, People]:
    return data.load()


def test_better_is_off_by_clearly_less_than_first(people: tuple[People, People]) -> None:
    training, held_out = people
    errors = {
        version: np.abs(train(version, training).predictions(held_out) - held_out.progression)
        for version in ("first", "better")
    }
    gain = errors["first"] - errors["better"]
    assert gain.mean() > 0
    assert gain.mean() / (gain.std() / np.sqrt(len(gain))) > 2  # more than chance would give


def test_training_gives_the_same_model_again(people: tuple[People, People]) -> None:
    training, held_out = people
    for version in ("first", "better"):
        once, again = train(version, training), train(version, training)
        assert np.array_equal(once.predictions(held_out), again.predictions(held_out))


def test_people_are_described_in_raw_units(people: tuple[People, People]) -> None:
    for group in people:
        assert set(group.features[:, FEATURES.index("sex")]) == {1.0, 2.0}
        assert group.features[:, FEATURES.index("age")].min() >= 18


def test_every_person_in_the_data_is_a_valid_request(people: tuple[People, People]) -> None:
    training, held_out = people
    trained = train("better", training)
    for group in people:
        for row in group.features:
            Person.model_validate(dict(zip(FEATURES, row.tolist(), strict=True)))
    person = Person.model_validate(dict(zip(FEATURES, held_out.features[0].tolist(), strict=True)))
    assert trained.answer(person).progression == pytest.approx(trained.predictions(held_out)[0])
