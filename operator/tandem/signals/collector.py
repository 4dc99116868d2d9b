"""The latest that is known of a rollout's pods, in memory."""

from collections.abc import Sequence
from typing import Protocol

from tandem.signals.sample import PodSample, PodTarget, Unreadable


class Scraper(Protocol):
    """What reads pods: `PodScraper`, or `PrometheusScraper` from elsewhere."""

    async def scrape(self, pods: Sequence[PodTarget]) -> list[PodSample | Unreadable]:
        """Return one answer a pod, or none of one that there is nothing new of."""
        ...


class Collector:
    """Keeps, for one ModelDeployment, the latest sample of each pod and why others could not be read."""

    def __init__(self, scraper: Scraper) -> None:
        self._scraper = scraper
        self._samples: dict[str, PodSample] = {}
        self._unreadable: dict[str, Unreadable] = {}

    async def collect(self, pods: Sequence[PodTarget]) -> list[PodSample]:
        """Read the pods now and return the fresh samples; pods that are no longer named are forgotten."""
        answers = await self._scraper.scrape(pods)
        fresh = [answer for answer in answers if isinstance(answer, PodSample)]
        present = {pod.key for pod in pods}
        self._samples = {key: sample for key, sample in self._samples.items() if key in present}
        self._samples.update({sample.pod.key: sample for sample in fresh})
        self._unreadable = {answer.pod.key: answer for answer in answers if isinstance(answer, Unreadable)}
        return fresh

    @property
    def samples(self) -> dict[str, PodSample]:
        """The latest sample of each pod, by the pod's key; its ``at`` says how old it is."""
        return dict(self._samples)

    @property
    def unreadable(self) -> list[Unreadable]:
        """The pods that could not be read the last time."""
        return list(self._unreadable.values())
