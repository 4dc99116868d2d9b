"""What the service is asked and what it answers: the contract with the teams that call it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Ink = Annotated[float, Field(ge=0, le=16)]


class Scan(BaseModel):
    """One scanned digit."""

    model_config = ConfigDict(extra="forbid")

    pixels: list[Ink] = Field(min_length=64, max_length=64, description="8 x 8 pixels, row by row; ink from 0 to 16")


class Digit(BaseModel):
    """The digit that a scan shows."""

    label: int = Field(ge=0, le=9, description="the most probable digit")
    probabilities: list[float] = Field(min_length=10, max_length=10, description="of the digits 0 to 9, summing to 1")
