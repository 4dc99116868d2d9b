from dev.demo.chart import axis, level, lines


def test_whatever_is_above_nothing_can_be_seen() -> None:
    assert [level(weight) for weight in (0, 1, 10, 50, 100)] == ["·", "▁", "▁", "▄", "█"]


def test_a_canary_that_was_sent_back_at_once_is_still_seen() -> None:
    weights = [(0.0, {"first": 100}), (50.2, {"first": 90, "bad": 10}), (50.4, {"first": 100})]
    [(first, its_bars), (bad, bad_bars)] = lines(weights, 100, 10)
    assert (first, its_bars) == ("first", "██████████")
    assert (bad, bad_bars) == ("bad", "·····▁····")


def test_marks_that_would_overlap_go_one_line_down() -> None:
    assert axis([(0, "first"), (20, "better"), (50, "slow")], 100, 20) == ["↑first    ↑slow", "    ↑better"]
    assert axis([(99, "late")], 100, 20) == ["               ↑late"]
    assert axis([], 100, 20) == []
