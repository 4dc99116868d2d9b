"""The judge's sentences: what was counted, how it compares, how sure that is, for who never heard of e-values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tandem.judge.counts import Counts

MOST_ROLLOUTS = 1_000_000_000
COLD = " (without a history of stable: errors were taken to come in bursts of up to three)"
"""Added to a decision in favour of a candidate that rests on no history."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a metric's bad requests are spoken of: "failed 3 of 240 requests", "took longer than 150ms for 3 of 240"."""

    verb: str
    linked: str = ""

    @classmethod
    def of(cls, metric: str, objectives: Mapping[str, str]) -> "Words":
        """Return the words for a metric: errors, or a latency metric whose objective (such as 150ms) is given."""
        if metric in objectives:
            return cls(f"took longer than {objectives[metric]}", "for ")
        if metric == "errors":
            return cls("failed")
        if metric == "gateway-errors":
            return cls("had no answer or a 5xx at the gateway", "for ")
        if metric == "turned-away":
            return cls("turned away (429)")
        return cls(f"was bad by {metric}", "for ")

    def counted(self, who: str, counts: Counts) -> str:
        """Say who did it how often."""
        return f"{who} {self.verb} {self.linked}{_number(counts.bad)} of {requests(counts.total)}"

    def briefly(self, who: str, counts: Counts) -> str:
        """Say the same of the next one, without the verb."""
        return f"{who} {self.linked}{_number(counts.bad)} of {counts.total:,}"


def worse(words: Words, candidate: Counts, stable: Counts, e_value: float) -> str:
    """Why a candidate is sent back."""
    return f"{_compared(words, candidate, stable)}; if they were equally good, {_surprise(e_value)}"


def suspicious(words: Words, candidate: Counts, stable: Counts, e_value: float, needed: float) -> str:
    """Why a candidate is held."""
    return f"{_compared(words, candidate, stable)}; {_held('they were equally good', e_value, needed)}"


def beyond_objective(words: Words, version: Counts, tolerated: float, e_value: float, needed: float) -> str:
    """Why a candidate is sent back or held without requests to stable to compare with."""
    counted = f"{words.counted('candidate', version)} ({percent(version.share)}) while stable answered none"
    return f"{counted}; at most {percent(tolerated)} is tolerated; {_beyond(e_value, needed)}"


def watched(words: Words, version: Counts, record: Counts, tolerated: float, e_value: float, needed: float) -> str:
    """Why a promoted version is sent back, or called suspicious."""
    counted = words.counted("after its promotion the new version", version)
    before = words.briefly("its predecessor", record) if record.total else "its predecessor left no record"
    return (
        f"{counted} ({percent(version.share)}); at most {percent(tolerated)} is tolerated ({before}); "
        f"{_beyond(e_value, needed)}"
    )


def watched_quietly(words: Words, version: Counts, tolerated: float) -> str:
    """What is to say of a promoted version with nothing against it."""
    if version.total == 0:
        return "no traffic: the new version has answered no requests since its promotion"
    counted = words.counted("since its promotion it", version)
    return f"nothing speaks against the new version: {counted}; at most {percent(tolerated)} is tolerated"


def saturated(words: Words, candidate: Counts, stable: Counts) -> str:
    """Why a candidate is held that refuses more requests than stable."""
    text = f"in this step {_pair(words, candidate, stable)}"
    return f"{text}: it is busier than stable, and with a larger share it would turn away more"


def good_enough(words: Words, candidate: Counts, stable: Counts, limit: float, e_value: float) -> str:
    """Why a candidate may go on."""
    if stable.total == 0:
        claim = f"if it {words.verb} {words.linked}{percent(limit)} or more"
    else:
        claim = f"if it {words.verb} {words.linked}{points(limit)} more than stable"
    return (
        f"{_pair(words, candidate, stable)}; {claim}, "
        f"evidence this good would appear at most once in {_rounded(e_value)} such steps"
    )


def no_traffic(stable: Counts) -> str:
    """Why nothing can be said at all."""
    return f"no traffic: candidate answered no requests in this step, stable {stable.total:,}"


def unmeasured(words: Words) -> str:
    """Why nothing can be said though there is traffic."""
    return f"not measured: there are no counts of how often the candidate {words.verb} in this step"


def beyond_limit(words: Words, candidate: Counts, limit: float, tolerated: float) -> str:
    """Why a candidate that is worse than may go on stays without requests to stable to compare with."""
    counted = (
        f"{words.counted('in this step candidate', candidate)} ({percent(candidate.share)}) while stable answered none"
    )
    on = f"it goes on if shown to stay below {percent(limit)}"
    return f"{counted}: {on}, and is sent back if shown to exceed {percent(tolerated)}"


def too_little(words: Words, candidate: Counts, stable: Counts, still_needed: int) -> str:
    """Why nothing can be said yet, and how much more traffic it takes."""
    text = f"too little traffic: in this step {_pair(words, candidate, stable)}"
    return text + _outlook(words, still_needed)


def unclear(words: Words, candidate: Counts, stable: Counts, limit: float, still_needed: int) -> str:
    """Why nothing can be said though traffic was enough for a clean version."""
    text = f"in this step {_pair(words, candidate, stable)}: too close to the limit ({points(limit)} more) to tell"
    return text + _outlook(words, still_needed)


def requests(number: int) -> str:
    """Say a number of requests."""
    return "1 request" if number == 1 else f"{number:,} requests"


def percent(share: float) -> str:
    """Say a share as a percentage with two significant digits."""
    return f"{float(f'{100.0 * share:.2g}'):g} %"


def points(share: float) -> str:
    """Say a difference of shares."""
    value = float(f"{100.0 * share:.2g}")
    return f"{value:g} percentage point{'' if value == 1.0 else 's'}"


def _number(bad: int) -> str:
    return f"{bad:,}" if bad else "none"


def _pair(words: Words, candidate: Counts, stable: Counts) -> str:
    second = words.briefly("stable", stable) if stable.total else "stable answered none"
    return f"{words.counted('candidate', candidate)}, {second}"


def _compared(words: Words, candidate: Counts, stable: Counts) -> str:
    text = _pair(words, candidate, stable)
    if stable.bad == 0 or candidate.share <= stable.share:
        return text
    ratio = candidate.share / stable.share
    return f"{text}: {ratio:,.0f} times more" if ratio >= 10 else f"{text}: {ratio:.1f} times more"


def _outlook(words: Words, still_needed: int) -> str:
    return f"; about {_two_digits(still_needed):,} more to the candidate settle it if none {words.verb}"


def _beyond(e_value: float, needed: float) -> str:
    if e_value >= needed:
        return f"if it kept to that, {_surprise(e_value)}"
    return _held("it kept to that", e_value, needed)


def _held(null: str, e_value: float, needed: float) -> str:
    return (
        f"if {null}, this would appear at most once in {_rounded(e_value)} rollouts: "
        f"too suspicious to go on, not enough to send it back (once in {_rounded(needed)})"
    )


def _surprise(e_value: float) -> str:
    return f"evidence this strong would appear at most once in {_rounded(e_value)} rollouts"


def _rounded(e_value: float) -> str:
    """Say an e-value rounded down to two digits, so that no more is claimed than was found."""
    if e_value >= MOST_ROLLOUTS:
        return "a billion"
    return f"{_two_digits(int(e_value + 1e-9)):,}"


def _two_digits(number: int) -> int:
    if number < 100:
        return number
    unit: int = 10 ** (int(math.log10(number)) - 1)
    return number // unit * unit
