"""What pods count while Tandem asks them is evidence on nobody; what the others count is."""

from tandem.judge import Counts
from tandem.signals import Ledger
from tandem.signals.ledger import Fold
from tandem.signals.users import fold_users, still_asked
from tests.unit.signals.exposition import Bento
from tests.unit.signals.test_ledger import pod, sample


class Two:
    """Two pods of one version that are read once a second."""

    def __init__(self) -> None:
        self.bentos = {"a": Bento(), "b": Bento()}
        self.ledger, self.now = Ledger(), 0.0
        self.look()

    def look(self, *asked: str) -> Fold:
        self.now += 1
        samples = [sample(bento, self.now, pod(name)) for name, bento in self.bentos.items()]
        folded = fold_users(self.ledger, samples, {}, None, frozenset(f"uid-{name}" for name in asked))
        self.ledger = folded.ledger
        return folded

    def answer(self, **bad: int) -> None:
        for name, number in bad.items():
            self.bentos[name].answer(10)
            self.bentos[name].answer(number, 500)


def test_of_a_pod_that_is_asked_nothing_counts_and_of_the_others_everything() -> None:
    two = Two()
    two.answer(a=3, b=1)
    assert two.look("a").counts == {"r1": {"errors": Counts(11, 1)}}


def test_what_it_counted_meanwhile_does_not_count_later_either() -> None:
    two = Two()
    two.answer(a=3, b=1)
    two.look("a")
    two.answer(a=2, b=0)
    assert two.look().counts == {"r1": {"errors": Counts(22, 2)}}


def test_where_all_are_asked_nothing_is_counted() -> None:
    two = Two()
    two.answer(a=3, b=1)
    assert two.look("a", "b").counts == {}


def test_a_pod_that_is_asked_no_more_is_hidden_until_it_was_read_once() -> None:
    samples = [sample(Bento(), 1.0, pod("a"))]
    asked = {"uid-a": 5.0, "uid-b": 5.0}
    assert still_asked(asked, samples, 6.0) == {"uid-b": 5.0}
    assert still_asked(asked, samples, 5.0) == asked, "it is asked now"
    assert still_asked(asked, [], 6.0) == asked
