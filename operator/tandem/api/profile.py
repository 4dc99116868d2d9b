"""What ``tandem profile`` measured of a bento: a small versioned file beside the ModelDeployment in Git.

The file is the manifest of a ConfigMap, so that whoever applies the model applies it too: its key ``profile.yaml``
holds this document, and ``spec.profile`` names it. Times are seconds, sizes are bytes.
"""

from typing import Final, Literal

from pydantic import Field

from tandem.api.base import ApiModel
from tandem.api.status import Time

PROFILE_KEY: Final = "profile.yaml"
"""Key of the ConfigMap that holds the document."""


class Setting(ApiModel):
    """Where it was measured: figures of a laptop say little of a pod."""

    where: Literal["Local", "InCluster"]
    at: Time
    cpu: str
    """CPUs that it could use: the pod's limit, or those of the machine."""
    memory: str | None = None
    """Memory that it could use, as a quantity; None where nothing limited it."""


class Startup(ApiModel):
    """From the start of the process or container until it was ready, warm-up included."""

    seconds: float = Field(ge=0)


class Memory(ApiModel):
    """Resident memory of all its processes; pages that they share count once, where the system tells them apart."""

    idle_bytes: int = Field(ge=0)
    load_bytes: int = Field(ge=0)
    """The most that was seen under load."""


class LoadPoint(ApiModel):
    """What so many callers at a time, each waiting for its answer, got. Latencies are of the requests that did well."""

    concurrency: int = Field(ge=1)
    requests_per_second: float = Field(ge=0)
    """Requests that did well."""
    cpu: float | None = Field(None, ge=0)
    """CPUs that it used meanwhile, on average."""
    p50: float = Field(ge=0)
    p90: float = Field(ge=0)
    p95: float = Field(ge=0)
    p99: float = Field(ge=0)
    requests: int = Field(ge=0)
    """All of them."""
    errors: int = Field(ge=0)
    """Those of them that failed, or were not answered in time."""


class Shutdown(ApiModel):
    """What SIGTERM did while requests were in progress."""

    seconds: float = Field(ge=0)
    """Until its first process had ended."""
    exited: bool = True
    """False: it was still there after these seconds, and was killed."""
    requests_in_progress: int = Field(ge=0)
    requests_answered: int = Field(ge=0)


class Profile(ApiModel):
    """Measurements of one bento."""

    format: Literal[1] = 1
    image: str | None = None
    """Image that was measured; None if it was measured before it was one."""
    bento: str | None = None
    """Its tag, name:version."""
    setting: Setting
    startup: Startup
    memory: Memory
    routes: list[str] | None = Field(None, max_length=200)
    """Paths that it named as its own, in ``/schema.json``; None where it named none. Mounted applications are not among
    them."""
    threads: int = Field(ge=1)
    """Most threads of one of its worker processes."""
    load: list[LoadPoint] = Field(min_length=1)
    """In rising order of concurrency."""
    shutdown: Shutdown | None = None
