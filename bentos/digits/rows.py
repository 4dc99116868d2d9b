"""Held-out scans with the answers to expect: what a load generator sends, and how it knows a wrong answer."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from bentos.digits import data
from bentos.digits.failing.crop import crop, is_clean
from bentos.digits.scans import Pixels, Scans
from bentos.digits.trained import Trained
from bentos.digits.versions import VERSIONS, train


@dataclass(frozen=True)
class HeldOutRow:
    """One scan that no version was trained on."""

    pixels: tuple[float, ...]
    """Ink from 0 to 16 of its 64 pixels; ``{"pixels": [...]}`` is the body to POST to ``/predict``."""
    digit: int
    """What people say that it shows."""
    expected: dict[str, int | None]
    """For each version the label that it answers with; None where it fails (status 500) or never answers."""


@cache
def held_out_rows() -> tuple[HeldOutRow, ...]:
    """The 500 held-out scans, always the same and in the same order.

    Every version is trained again for this (a second in all), so the answers cannot grow stale.
    """
    training, held_out = data.load()
    answers = {version: _answers(version, training, held_out) for version in VERSIONS}
    return tuple(
        HeldOutRow(
            pixels=tuple(float(ink) for ink in held_out.pixels[index]),
            digit=int(held_out.labels[index]),
            expected={version: answers[version][index] for version in VERSIONS},
        )
        for index in range(len(held_out))
    )


def _answers(version: str, training: Scans, held_out: Scans) -> list[int | None]:
    if version == "never-ready":
        return [None] * len(held_out)
    trained = train(version, training)
    if version == "failing":
        return _answers_to_cropped(trained, held_out.pixels)
    return [int(label) for label in trained.labels(held_out.pixels)]


def _answers_to_cropped(trained: Trained, scans: Pixels) -> list[int | None]:
    clean = [index for index, scan in enumerate(scans) if is_clean(scan)]
    labels = trained.labels(np.array([crop(scans[index]) for index in clean]))
    answers: list[int | None] = [None] * len(scans)
    for index, label in zip(clean, labels, strict=True):
        answers[index] = int(label)
    return answers
