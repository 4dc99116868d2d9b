"""What is known of a model when it is checked: one value, gathered by whoever reads files or the cluster."""

from dataclasses import dataclass
from datetime import date

from tandem.api.contract import Contract
from tandem.api.objects import ModelDeployment
from tandem.api.profile import Profile
from tandem.api.spec import ModelDeploymentSpec, Tier


@dataclass(frozen=True, slots=True)
class ProfileRead:
    """What was found of the profile that ``spec.profile`` names. One of these is given, or none where it names none."""

    profile: Profile | None = None
    unread: str | None = None
    """Why it could not be looked at; it may be in order."""
    wrong: str | None = None
    """What is wrong with it, or that there is none of this name."""


@dataclass(frozen=True, slots=True)
class Before:
    """What ran before: the version and the promises that this one follows."""

    image: str
    contract: Contract


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that a check may ask."""

    deployment: ModelDeployment
    today: date
    profile: ProfileRead = ProfileRead()
    before: Before | None = None
    first: bool | None = None
    """Whether nothing of this name has run before; None where nobody has looked."""
    kept: int | None = None
    """Earlier versions that served and could be gone back to; None where nobody has looked."""

    @property
    def spec(self) -> ModelDeploymentSpec:
        """What is declared."""
        return self.deployment.spec

    @property
    def tier(self) -> Tier:
        """How much depends on it."""
        return self.deployment.spec.tier
