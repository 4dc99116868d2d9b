"""What the service is asked and what it answers: the contract with the teams that call it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Person(BaseModel):
    """What is known of one person, in the units it was measured in."""

    model_config = ConfigDict(extra="forbid")

    age: float = Field(ge=18, le=100, description="years")
    sex: Literal[1, 2] = Field(description="as coded in the data, whose authors do not say which is which")
    bmi: float = Field(ge=10, le=70, description="body mass index, kg/m2")
    bp: float = Field(ge=40, le=180, description="average blood pressure, mmHg")
    s1: float = Field(ge=50, le=500, description="total serum cholesterol, mg/dl")
    s2: float = Field(ge=10, le=400, description="low-density lipoproteins, mg/dl")
    s3: float = Field(ge=5, le=150, description="high-density lipoproteins, mg/dl")
    s4: float = Field(ge=1, le=15, description="total cholesterol / HDL")
    s5: float = Field(ge=2, le=8, description="log of serum triglycerides")
    s6: float = Field(ge=40, le=300, description="blood sugar, mg/dl")


class Progression(BaseModel):
    """How far the disease is expected to go."""

    progression: float = Field(description="a year from now, on the data's own scale of about 25 to 346")
