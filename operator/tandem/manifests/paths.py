"""Where things are inside a bento's container."""

from typing import Final

TANDEM_FOLDER: Final = "/etc/tandem"
BENTO_CONFIG_FILE: Final = "bentoml.yaml"
WARMUP_SCRIPT_FILE: Final = "warmup.py"
WARMUP_PLAN_FILE: Final = "warmup.json"

TEMPORARY: Final = "/tmp"  # noqa: S108 - a volume of the pod
BENTO_HOME: Final = "/var/lib/bentoml"
"""BentoML's own folder (metrics files, task store): the image's, /home/bentoml, is read-only."""
MONITORING: Final = "/home/bentoml/bento/src/monitoring"
"""Where ``bentoml.monitor`` writes: below the bento's own sources."""
