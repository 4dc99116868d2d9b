"""The result of ``tandem profile``: shown as a table, JSON or YAML; kept as a ConfigMap for Git; drawn."""

import json
from pathlib import Path

import typer
import yaml
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tandem.api.profile import Profile
from tandem.cli.plots import save
from tandem.cli.profile_subject import Subject
from tandem.cli.values import Output, refuse
from tandem.manifests.profile import profile_manifest, profile_name
from tandem.profiling.figures import QUANTILES, broken, milliseconds

MEBI = 1024 * 1024


def write(profile: Profile, subject: Subject, output: Output) -> None:
    """Write it to standard output."""
    if output is Output.TABLE:
        console = Console()
        console.print(table(profile, subject))
        for line in sentences(profile, subject):
            console.print(f"- {line}", highlight=False, soft_wrap=True)
        return
    data = profile.to_dict()
    typer.echo(json.dumps(data, indent=2) if output is Output.JSON else yaml.safe_dump(data, sort_keys=False).rstrip())


def keep(profile: Profile, subject: Subject, path: str | None) -> None:
    """Write the ConfigMap to a file, and say on standard error what to do with it."""
    name = (subject.deployment.spec.profile if subject.deployment else None) or profile_name(subject.name)
    target = Path(path or f"{profile_name(subject.name)}.yaml")
    manifest = profile_manifest(name, _namespace(subject), profile)
    try:
        target.write_text(yaml.safe_dump(manifest, sort_keys=False), encoding="utf-8")
    except OSError as error:
        refuse(f"{target}: cannot be written: {error.strerror}")
    said = f"{target}: commit it beside the model, and apply it with it"
    if subject.deployment is None or subject.deployment.spec.profile is None:
        said += f"; the model names it with `profile: {name}` in its spec"
    typer.echo(said, err=True)


def _namespace(subject: Subject) -> str | None:
    """Return the namespace that the model's file declares: the operator looks for the ConfigMap beside the model."""
    metadata = subject.deployment.metadata if subject.deployment else None
    return metadata.namespace if metadata and "namespace" in metadata.model_fields_set else None


def table(profile: Profile, subject: Subject) -> Table:
    """Return the load points."""
    what = profile.image or profile.bento or subject.name
    shown = Table(title=f"{what}, {where(profile)}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    shown.add_column("callers", justify="right")
    for heading in ("per s", "CPUs", *(f"{name} ms" for name in QUANTILES), "requests", "failed"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("objectives", no_wrap=True)
    for point in profile.load:
        why = broken(point, subject.objectives)
        shown.add_row(
            str(point.concurrency),
            f"{point.requests_per_second:g}",
            "-" if point.cpu is None else f"{point.cpu:g}",
            *(milliseconds(getattr(point, name)).removesuffix(" ms") for name in QUANTILES),
            str(point.requests),
            str(point.errors),
            "broken" if why else "held" if subject.objectives else "none",
        )
    return shown


def where(profile: Profile) -> str:
    """Return in words where it was measured."""
    setting = profile.setting
    limits = f"{setting.cpu} CPUs" + ("" if setting.memory is None else f", {setting.memory} of memory")
    place = "on this machine" if setting.where == "Local" else "in a pod"
    return f"measured {place} ({limits}) on {setting.at:%Y-%m-%d}"


def sentences(profile: Profile, subject: Subject) -> list[str]:
    """Return the rest in words."""
    memory, end = profile.memory, profile.shutdown
    breaks = next(
        (
            f"With {each.concurrency} callers {why}."
            for each in profile.load
            if (why := broken(each, subject.objectives))
        ),
        None,
    )
    said = [breaks] if breaks else []
    said += [
        f"Ready {profile.startup.seconds:g} s after its start" + (", warm-up included." if subject.warmup else "."),
        f"Memory: {memory.idle_bytes / MEBI:.0f} MiB idle, {memory.load_bytes / MEBI:.0f} MiB under load.",
        f"Threads of a worker: {profile.threads}.",
    ]
    if end is not None:
        answered = f"{end.requests_answered} of {end.requests_in_progress} requests in progress were answered"
        ended = f"it ended {end.seconds:g} s later" if end.exited else f"it had not ended {end.seconds:g} s later"
        said.append(f"After SIGTERM {answered}; {ended}.")
    if profile.setting.where == "Local":
        said.append("The callers shared this machine's CPUs with it; in a pod it gets what its resources say.")
    return said


def draw(profile: Profile, subject: Subject, path: str) -> None:
    """Draw latency and throughput against the number of callers."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    callers = [point.concurrency for point in profile.load]
    for name in QUANTILES:
        left.plot(callers, [1000 * getattr(point, name) for point in profile.load], marker="o", label=name)
    for name, seconds in subject.objectives.items():
        colour = f"C{list(QUANTILES).index(name)}"
        left.axhline(1000 * seconds, color=colour, linestyle="--", label=f"{name} objective")
    right.plot(callers, [point.requests_per_second for point in profile.load], marker="o", color="C4")
    left.set(title="Latency", xlabel="callers at a time", ylabel="milliseconds", yscale="log")
    right.set(title="Throughput", xlabel="callers at a time", ylabel="requests/s", ylim=(0, None))
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(callers, [str(number) for number in callers])
        axes.grid(alpha=0.3, which="both")
    left.legend(frameon=False)
    figure.suptitle(f"{profile.image or profile.bento or subject.name}, {where(profile)}")
    save(figure, path)
