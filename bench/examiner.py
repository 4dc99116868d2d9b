"""What it costs to ask a version very many questions: a real bento, 10,000 edge cases and 100,000 labelled rows.

python -m bench.examiner [--cases N] [--rows N]

The examiner runs as its pod runs it, as a process of its own, with the kernel's account of its memory and time. The
bento is `diabetes:better`, from its sources; rows are held-out people with a little noise, drawn with a fixed seed.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from bentos.diabetes import data
from bentos.diabetes.people import FEATURES
from tandem.profiling import serve, until_ready

ROOT = Path(__file__).parents[1]
CASES, ROWS = "cases-0", "rows-0"
PLAN = {
    "revision": "diabetes-r2",
    "interface": [{"path": "/predict", "response": {"type": "object", "required": ["progression"]}}],
    "quality": {
        "edgeCases": {"rows": [{"configMap": "cases"}]},
        "slices": {
            "rows": [{"configMap": "rows"}],
            "answer": "/progression",
            "gates": [
                {"field": "sex", "metric": "mae", "max": 60},
                {"field": "age", "edges": [40, 60], "metric": "mae", "max": 60},
            ],
        },
        "limits": {"rate": 10_000, "duration": "1h"},
    },
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What an examination used."""

    seconds: float
    cpu: float
    peak: int
    """Bytes resident at most."""
    outcome: str


def write_rows(folder: Path, cases: int, rows: int) -> None:
    """Write the questions where the examiner's pod would have them mounted."""
    _, held_out = data.load()
    random = np.random.default_rng(6)

    def person(index: int) -> dict[str, float]:
        noisy = held_out.features[index] * random.normal(1, 0.01, len(FEATURES))
        found = {name: round(float(value), 3) for name, value in zip(FEATURES, noisy, strict=True)}
        return found | {"sex": float(held_out.features[index, FEATURES.index("sex")]), "age": max(found["age"], 18.0)}

    for name, count in ((CASES, cases), (ROWS, rows)):
        (folder / name).mkdir(parents=True)
        with (folder / name / "rows.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                index = int(random.integers(len(held_out)))
                row: dict[str, object] = {"request": person(index)}
                if name == CASES:
                    row |= {"name": f"case {number}", "expect": {"at": "/progression", "min": -100, "max": 500}}
                else:
                    row["label"] = float(held_out.progression[index])
                file.write(json.dumps(row) + "\n")


async def examined(folder: Path, url: str) -> Cost:
    """Run the examiner on the rows in ``folder``."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "operator"),
        "PLAN_FILE": str(folder / "plan.json"),
        "ROWS_FOLDER": str(folder),
        "MESSAGE_FILE": str(folder / "message"),
        "CANDIDATE": url,
    }
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tandem.examiner", env=environment, stdout=subprocess.DEVNULL
    )
    ended, peak, cpu = asyncio.create_task(process.wait()), 0, 0.0
    while not ended.done():
        with suppress(OSError, psutil.Error):
            peak = max(peak, _high_water(process.pid))
            cpu = sum(psutil.Process(process.pid).cpu_times()[:2])
        await asyncio.wait([ended], timeout=0.5)
    said = json.loads((folder / "message").read_text(encoding="utf-8"))
    outcome = said.get("trouble") or f"{said['outcome']}: {said['message']}"
    return Cost(time.perf_counter() - began, cpu, peak, outcome)


def _high_water(process: int) -> int:
    """Return the most that a process has had resident; the account at its end has what it was forked from, too."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def prepare(folder: Path, cases: int, rows: int) -> int:
    """Train the model and write the questions; returns how many bytes of rows there are."""
    os.environ |= {"BENTOML_HOME": str(folder / "store"), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    (folder / "store").mkdir()
    subprocess.run([sys.executable, "-m", "bentos.diabetes.train", "better"], cwd=ROOT, check=True)
    write_rows(folder, cases, rows)
    (folder / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    return sum(file.stat().st_size for file in folder.glob("*-0/*"))


async def measure(cases: int, rows: int) -> None:
    """Measure, and print setting and result."""
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        size = prepare(Path(name), cases, rows)
        machine = f"{os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}"
        print(
            f"{machine}; a bento of one worker; {cases} edge cases and {rows} labelled rows, {size / 2**20:.1f} MiB; "
            "4 requests at a time"
        )
        async with serve("bentos.diabetes.better.service:Diabetes") as bento:
            await until_ready(bento, 120)
            cost = await examined(Path(name), bento.url)
    print(f"{cost.seconds:.0f} s, {cost.cpu:.0f} s of CPU time, at most {cost.peak / 2**20:.0f} MiB resident")
    print(cost.outcome)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench.examiner", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    asyncio.run(measure(given.cases, given.rows))


if __name__ == "__main__":
    main()
