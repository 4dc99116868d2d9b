"""The versions of Digits are what their names say, measured on scans that no version was trained on."""

import numpy as np
import pytest

from bentos.digits import data
from bentos.digits.failing.crop import crop, is_clean
from bentos.digits.leaking.review import ReviewQueue, is_unsure
from bentos.digits.rows import HeldOutRow, held_out_rows
from bentos.digits.tallying.tally import ENOUGH, VARIABLE, InkTally
from bentos.digits.versions import VERSIONS, train


def share_right(version: str) -> float:
    rows = held_out_rows()
    return sum(row.expected[version] == row.digit for row in rows) / len(rows)


def test_first_is_good_enough_to_start_with() -> None:
    assert share_right("first") > 0.9


def test_better_makes_less_than_half_the_mistakes_of_first() -> None:
    assert 1 - share_right("better") < (1 - share_right("first")) / 2


def test_slow_answers_as_better_does() -> None:
    assert [row.expected["slow"] for row in held_out_rows()] == [row.expected["better"] for row in held_out_rows()]


def test_leaking_answers_as_better_does() -> None:
    assert [row.expected["leaking"] for row in held_out_rows()] == [row.expected["better"] for row in held_out_rows()]


def test_leaking_keeps_32_mib_of_one_scan_in_ten() -> None:
    training, held_out = data.load()
    trained, queue = train("leaking", training), ReviewQueue()
    unsure = [pixels for pixels in held_out.pixels if is_unsure(trained.answer(pixels))]
    assert 0.08 < len(unsure) / len(held_out) < 0.13
    queue.add(unsure[0])
    queue.add(unsure[1])
    assert [scan.nbytes for scan in queue.enlarged] == [32 * 1024**2] * 2


def test_tallying_has_room_for_every_scan_unless_it_is_given_a_smaller_table() -> None:
    _, held_out = data.load()
    roomy = InkTally.configured({})
    for pixels in (*held_out.pixels, np.full(64, 16.0)):
        roomy.add(pixels)
    assert (len(roomy.scans), sum(roomy.scans)) == (ENOUGH, len(held_out) + 1)
    darkest = int(held_out.pixels.sum(axis=1).max())
    InkTally.configured({VARIABLE: str(darkest + 1)}).add(held_out.pixels[held_out.pixels.sum(axis=1).argmax()])
    with pytest.raises(IndexError):
        InkTally.configured({VARIABLE: str(darkest)}).add(held_out.pixels[held_out.pixels.sum(axis=1).argmax()])


def test_tallying_answers_as_better_does() -> None:
    assert [row.expected["tallying"] for row in held_out_rows()] == [row.expected["better"] for row in held_out_rows()]


def test_failing_fails_on_about_thirty_percent_and_is_right_on_the_others() -> None:
    rows = held_out_rows()
    answered = [row for row in rows if row.expected["failing"] is not None]
    assert 0.25 < 1 - len(answered) / len(rows) < 0.35
    assert sum(row.expected["failing"] == row.digit for row in answered) / len(answered) > 0.97


def test_failing_raises_exactly_on_the_scans_that_its_training_dropped() -> None:
    for row in held_out_rows():
        pixels = np.array(row.pixels)
        if is_clean(pixels):
            assert crop(pixels).shape == (64,)
        else:
            with pytest.raises(ValueError, match="reshape"):
                crop(pixels)


def test_failing_is_about_narrow_scans_and_not_about_one_digit() -> None:
    rows = held_out_rows()
    failed = {row.digit for row in rows if row.expected["failing"] is None}
    answered = {row.digit for row in rows if row.expected["failing"] is not None}
    assert answered == set(range(10))
    assert len(failed) >= 8


def test_first_and_better_can_be_told_apart_by_their_answers() -> None:
    assert sum(row.expected["first"] != row.expected["better"] for row in held_out_rows()) >= 10


def test_rows_are_the_same_when_they_are_made_again() -> None:
    before = held_out_rows()
    held_out_rows.cache_clear()
    assert held_out_rows() == before


def test_no_held_out_scan_was_trained_on() -> None:
    training, held_out = data.load()
    assert (len(training), len(held_out)) == (1297, 500)
    assert not {row.tobytes() for row in training.pixels} & {row.tobytes() for row in held_out.pixels}


def test_rows_are_valid_requests() -> None:
    row = held_out_rows()[0]
    assert isinstance(row, HeldOutRow)
    assert len(row.pixels) == 64
    assert set(row.expected) == set(VERSIONS)


def test_single_answers_agree_with_those_for_many() -> None:
    training, held_out = data.load()
    trained = train("better", training)
    labels = trained.labels(held_out.pixels[:25])
    answers = [trained.answer(pixels) for pixels in held_out.pixels[:25]]
    assert [answer.label for answer in answers] == list(labels)
    assert all(sum(answer.probabilities) == pytest.approx(1.0) for answer in answers)
