"""The account of a model on a screen: what serves, what is wrong, what the evidence is, what to do, whom to call."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tandem.account.account import Account, Amiss, EvidenceTold, FindingTold, PodTold, RevisionTold, Slot
from tandem.account.rows import tag
from tandem.account.shares import percent
from tandem.account.times import clock, lasted

PIPE_WIDTH: Final = 160
"""Columns where nobody looks: lines are kept whole for those who search them."""

MOST_PODS: Final = 12
MOST_REVISIONS: Final = 8
MOST_FINDINGS: Final = 5
"""Of readiness: by day somebody goes through all of them, at night they are in the way."""

_PHASES: Final = {
    "Serving": "green",
    "Watching": "green",
    "RolledBack": "red",
    "Failed": "red",
    "Degraded": "red",
    "Stalled": "red",
}
_ROLES: Final = {"serves": "green", "tried": "cyan", "fallback": "blue", "sent back": "red"}
_VERDICTS: Final = {
    "Advance": ("for it", "green"),
    "RollBack": ("against it", "red"),
    "Hold": ("too suspicious to go on", "yellow"),
    "Undecided": ("not settled", "yellow"),
}
_SIDES: Final = {"dataScience": "data science", "engineering": "engineering"}


def console() -> Console:
    """Return standard output: coloured on a terminal, plain and wide in a pipe.

    What is shown is people's and pods' own words: "[/v1/rules]" in a log line is no mark-up, and ":memo:" no emoji.
    """
    shown = Console(highlight=False, markup=False, emoji=False)
    return shown if shown.is_terminal else Console(highlight=False, markup=False, emoji=False, width=PIPE_WIDTH)


def phase_style(phase: str) -> str:
    """Return the colour of a phase: green for rest, red for what somebody has to look at, yellow on the way."""
    return _PHASES.get(phase, "yellow")


def screen(account: Account, now: datetime) -> RenderableType:
    """Return the whole account."""
    return Group(*_parts(account, now))


def _parts(account: Account, now: datetime) -> Iterator[RenderableType]:
    yield _title(account)
    yield from _indented(_slots(account.slots, now))
    if account.waiting_for is not None:
        yield _fact("waits for", account.waiting_for.what, f"for {lasted(account.waiting_for.since, now)}")
    if account.frozen_by is not None:
        yield _fact("frozen", f"by order {account.frozen_by}: no new version starts until Resume")
    yield from _section("Not as it should be", [_amiss(each, now) for each in account.amiss])
    if account.evidence is not None:
        yield from _section(f"Evidence on {account.evidence.revision}", _evidence(account.evidence))
    yield from _section("Revisions and pods", [_revisions(account.revisions, now)] if account.revisions else [])
    yield from _section("What changed", list(_changes(account, now)))
    yield from _next(account)
    yield from _section(_page_title(account), [_people(account)])
    yield from _section("Not ready by its own declaration", list(_findings(account.findings)))
    yield from _section("Not seen", [Text(f"- {each}") for each in account.unread])


def _section(title: str, parts: list[RenderableType]) -> Iterator[RenderableType]:
    if parts:
        yield Text()
        yield Text(title, style="bold")
        yield from _indented(*parts)


def _indented(*parts: RenderableType) -> Iterator[RenderableType]:
    for part in parts:
        yield Padding(part, (0, 0, 0, 2))


def _grid(columns: int, *, wide: int | None = None) -> Table:
    """Return a table without lines; the wide column wraps, the others keep to one line."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for number in range(columns):
        grid.add_column(no_wrap=number != wide, overflow="fold")
    return grid


def _fact(name: str, text: str, aside: str | None = None) -> RenderableType:
    grid = _grid(2, wide=1)
    shown = Text(text)
    if aside:
        shown.append(f"  ({aside})", style="dim")
    grid.add_row(Text(name, style="dim"), shown)
    return Padding(grid, (0, 0, 0, 2))


def _title(account: Account) -> RenderableType:
    model = account.model
    line = Text(f"{model.namespace}/{model.name}  ", style="bold")
    line.append(model.phase, style=f"bold {phase_style(model.phase)}")
    line.append(f"  {model.tier}", style="dim")
    if model.being_deleted:
        line.append("  being deleted", style="bold red")
    said = [Text(model.purpose)] if model.purpose else []
    where = [f"{name} {url}" for name, url in (("outside", model.url), ("inside", model.cluster_url)) if url]
    return Group(line, *said, *([Text("   ".join(where), style="dim")] if where else []))


def _slots(slots: list[Slot], now: datetime) -> RenderableType:
    if not slots:
        return Text("no version has been started yet", style="yellow")
    grid = _grid(7, wide=6)
    for slot in slots:
        unready = slot.ready is not None and slot.wanted is not None and slot.ready < slot.wanted
        grid.add_row(
            Text(slot.role, style=_ROLES[slot.role]),
            Text(slot.revision, style="bold"),
            Text(tag(slot.image) if slot.image else ""),
            Text("" if slot.weight is None else f"{slot.weight} %"),
            Text("" if slot.wanted is None else f"{slot.ready}/{slot.wanted} ready", style="red" if unready else ""),
            Text(_for(slot.since, now), style="dim"),
            Text(slot.remark or ""),
        )
    return grid


def _for(since: datetime | None, now: datetime) -> str:
    return f"for {lasted(since, now)}" if since else ""


def _amiss(wrong: Amiss, now: datetime) -> RenderableType:
    head = Text(wrong.type, style="bold red")
    head.append(f" {wrong.reason}" if wrong.reason != wrong.type else "", style="red")
    head.append(f"  {_for(wrong.since, now)}", style="dim")
    parts: list[RenderableType] = [head, Padding(Text(wrong.message), (0, 0, 0, 2))]
    if wrong.remedy:
        parts.append(Padding(Text(f"-> {wrong.remedy}", style="bold"), (0, 0, 0, 2)))
    return Group(*parts)


def _evidence(evidence: EvidenceTold) -> list[RenderableType]:
    words, style = _VERDICTS.get(evidence.verdict, (evidence.verdict, ""))
    line = Text(f"{words}, by {evidence.metric}: ", style=style)
    line.append(evidence.sentence, style="default")
    counts = Table.grid(padding=(0, 2, 0, 0))
    for justify in ("left", "right", "right", "right", "left"):
        counts.add_column(justify=justify, no_wrap=True)
    counts.add_row(*(Text(name, style="dim") for name in ("", "requests", "bad", "rate", "between")))
    for each in evidence.counted:
        between = f"{percent(each.low)} and {percent(each.high)}"
        counts.add_row(each.revision, f"{each.requests:,}", f"{each.bad:,}", percent(each.rate), between)
    return [line, counts] if evidence.counted else [line]


def _revisions(revisions: list[RevisionTold], now: datetime) -> RenderableType:
    grid = _grid(6, wide=5)
    for revision in revisions[:MOST_REVISIONS]:
        grid.add_row(
            Text(revision.name),
            Text(tag(revision.image)),
            Text(revision.phase or "", style=_phase_of_revision(revision.phase)),
            Text(f"{revision.ready}/{revision.wanted}" if revision.wanted or revision.ready else "no pods"),
            Text(_for(revision.since, now), style="dim"),
            Text(revision.message or revision.reason or "", style="dim"),
        )
        for pod in _shown_pods(revision.pods):
            grid.add_row(*_pod(pod, now))
        hidden = len(revision.pods) - len(_shown_pods(revision.pods))
        if hidden:
            grid.add_row(Text(f"  and {hidden} more pods", style="dim"))
    if len(revisions) > MOST_REVISIONS:
        grid.add_row(Text(f"and {len(revisions) - MOST_REVISIONS} more: tandem history", style="dim"))
    return grid


def _phase_of_revision(phase: str | None) -> str:
    return {"Serving": "green", "Candidate": "cyan", "Fallback": "blue", "Rejected": "red"}.get(phase or "", "dim")


def _shown_pods(pods: list[PodTold]) -> list[PodTold]:
    """Return the pods that there is room for, the troubled first."""
    return sorted(pods, key=lambda pod: (pod.ready, pod.name))[:MOST_PODS]


def _pod(pod: PodTold, now: datetime) -> Iterable[Text]:
    state = "ending" if pod.ending else "ready" if pod.ready else "not ready"
    yield Text(f"  {pod.name}")
    yield Text()
    yield Text(state, style="dim" if pod.ending else "green" if pod.ready else "red")
    restarts = "1 restart" if pod.restarts == 1 else f"{pod.restarts} restarts"
    yield Text(restarts if pod.restarts else "", style="yellow")
    yield Text(_for(pod.since, now), style="dim")
    yield Text(f"{pod.reason}: {pod.message}" if pod.reason else "", style="red")


def _changes(account: Account, now: datetime) -> Iterator[RenderableType]:
    changes, last = account.changes, account.last_change
    if changes is not None:
        yield Text(f"{changes.revision} against {changes.against}:")
        yield from (Text(f"  {line}") for line in changes.lines or ["nothing that decides behaviour"])
    if last is not None:
        how = {"Apply": "applied", "Update": "written"}.get(last.operation, last.operation)
        said = Text(f"spec last {how} by {last.manager}, {clock(last.at)} ({lasted(last.at, now)} ago)")
        said.append("  the program; for the person ask the API server's audit log", style="dim")
        yield said


def _next(account: Account) -> Iterator[RenderableType]:
    """Give the commands without a frame: each stays on one line however narrow the screen is, as it is to be copied."""
    yield Text()
    yield Text("What you can do now", style="bold")
    for step in account.next:
        line = Text(step.verb.lower(), style="bold")
        line.append(f": {step.effect}", style="not bold")
        yield from _indented(line)
        if step.caution:
            yield Padding(Text(f"but {step.caution}", style="yellow"), (0, 0, 0, 4))
        yield _command(step.command, "cyan")
        yield _command(step.kubectl, "dim")
    if account.look:
        yield from _indented(Text("look closer:", style="bold"))
    for command in account.look:
        yield _command(command, "cyan")


def _command(text: str, style: str) -> RenderableType:
    return Text(f"    {text}", style=style, no_wrap=True, overflow="ignore")


def _findings(findings: list[FindingTold]) -> Iterator[RenderableType]:
    """Give what weighs most, a line each; nothing here asks for a call."""
    if not findings:
        return
    grid = _grid(3, wide=2)
    for each in findings[:MOST_FINDINGS]:
        side = {"DataScience": "data science", "Engineering": "engineering"}.get(each.side, "both teams")
        message = Text(f"{each.message}  ")
        message.append(side, style="dim")
        grid.add_row(Text(each.check), Text(each.severity.lower(), style="dim"), message)
    yield grid
    if len(findings) > MOST_FINDINGS:
        yield Text(f"and {len(findings) - MOST_FINDINGS} more: tandem get --output yaml, key findings", style="dim")


def _page_title(account: Account) -> str:
    return "Whom to call" if any(person.because for person in account.page) else "Owners (nothing asks for a call now)"


def _people(account: Account) -> RenderableType:
    grid = _grid(2, wide=1)
    for person in account.page:
        text = Text(f"{person.contact}  ({person.team})")
        text.append(f"  {person.because}" if person.because else "", style="red")
        grid.add_row(Text(_SIDES[person.side], style="bold" if person.because else "dim"), text)
    if account.runbook:
        grid.add_row(Text("runbook", style="dim"), account.runbook)
    if account.fallback:
        grid.add_row(Text("meanwhile", style="dim"), f"callers: {account.fallback}")
    for consumer in account.consumers:
        waits = f", waits {consumer.timeout} for an answer" if consumer.timeout else ""
        who = f"{consumer.contact}  ({consumer.team}{waits})" if consumer.contact else f"{consumer.team}{waits}"
        grid.add_row(Text("consumer", style="dim"), who)
    return grid
