"""Shows a forecast: what each model needs, whether it fits, and what would help."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.cli.consoles import say
from harness.errors import InputError
from harness.estimate.facts import Facts
from harness.estimate.forecast import Forecast, ModelForecast, Reckoning, StepNeed, certainly_full
from harness.estimate.machine import TIGHT, Fits, this_machine
from harness.estimate.need import Need
from harness.estimate.timing import added
from harness.estimate.words import duration, size, weights
from harness.quantities import plural
from harness.runner.run import Prepared

WORDS: dict[Fits, str] = {"yes": "fits", "tight": "tight", "no": "NO", "not known": "not known"}
MOST_PARTS = 8


def print_forecast(found: Forecast, console: Console) -> None:
    """The table, what it adds up to, and what does not fit."""
    console.print(_table(found))
    say(console, *_totals(found), *_problems(found))


def print_model(found: Forecast, name: str, console: Console) -> None:
    """All that one model needs, part by part.

    Raises:
        InputError: there is no such model among those that were planned.
    """
    models = {model.name: model for model in found.models}
    if name not in models:
        raise InputError(
            f"--fit {name}: no such model is planned.", f"There are: {', '.join(models)}"
        )
    console.print(_parts_table(models[name]))
    say(console, *_about(models[name]))


def warnings(found: Forecast) -> list[str]:
    """A line for each model that finds no room: its largest step that does not fit."""
    largest = ((model.name, next(model.misfits, None)) for model in found.models)
    return [f"{name}: {_misfit(need, found)}" for name, need in largest if need is not None]


def reckoned(prepared: Prepared, probe: bool = False) -> Reckoning:
    """What a run takes, by what is known of this machine; the Hub is not asked."""
    machine = this_machine(prepared.artifacts.home, probe)
    return Reckoning(prepared, Facts(prepared, machine, may_ask=False))


def unfit(prepared: Prepared, jobs: int, found: Forecast | None = None) -> list[str]:
    """What a run should be warned of: steps that find no memory, alone or side by side.

    Args:
        prepared: what is to be run.
        jobs: how many steps run side by side.
        found: what was forecast of it already.

    Raises:
        InputError: the disk has certainly no room for what has to be written.
    """
    found = found or reckoned(prepared).forecast()
    if certainly_full(found.totals.to_write_bytes, found.free):
        raise InputError(f"The disk has no room for this suite: {disk_words(found)}")
    lines = [f"this may not fit: {line}" for line in warnings(found)]
    if found.totals.disk_fits == "no":
        lines.append(f"this may not fit: {disk_words(found)}")
    needs = [need for model in found.models for need in model.needs if not need.done]
    largest = sorted((need.resident.total for need in needs), reverse=True)[:jobs]
    if not lines and jobs > 1 and sum(largest) > found.free.resident_bytes / TIGHT:
        lines.append(
            f"{jobs} steps at a time may need {size(sum(largest))} of memory, and "
            f"{size(found.free.resident_bytes)} are free: `--jobs 1` needs {size(largest[0])}."
        )
    return lines


def _table(found: Forecast) -> Table:
    table = Table(title="Will it fit?", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.padding = (0, 1, 0, 0)
    fetches = found.totals.download_bytes > 0
    heads = ["model", "weights", *["download"] * fetches, "disk", "answer", "fine-tune", "make"]
    for head in (*heads, "most time", ""):
        table.add_column(head, justify="left" if head in ("model", "") else "right", no_wrap=True)
    for model in found.models:
        cells = [
            _memory(model.largest("ask")),
            _memory(model.largest("fine-tune")),
            _memory(model.largest("merge", "convert", "quantize", "check", "draw")),
            duration(added((model.asking_seconds, model.tuning_seconds))),
            WORDS[model.fits],
        ]
        fetched = [size(model.download_bytes)] if fetches else []
        disk = size(model.disk_bytes)
        table.add_row(model.name, weights(model.parameters), *fetched, disk, *cells)
    return table


def _memory(need: StepNeed | None) -> str:
    if need is None:
        return "-"
    resident = size(need.resident.total)
    gpus = f"{need.devices} x " if need.devices > 1 else ""
    return f"{resident} + {gpus}{size(need.device.total)} GPU" if need.device.parts else resident


def time_words(found: Forecast) -> str:
    """How long it likely takes, and at most; "" where nothing was probed, or nothing is left."""
    of = found.duration
    if of is None or not of.likely:
        return ""
    fetched = ", downloads aside" * bool(found.totals.download_bytes)
    return f"likely about {duration(of.likely)} in all, at most about {duration(of.most)}{fetched}"


def _totals(found: Forecast) -> Iterable[str]:
    totals, free = found.totals, found.free
    yield _time_words(found)
    more = f" and {plural(len(free.devices) - 1, 'GPU')} more" if len(free.devices) > 1 else ""
    gpu = f", {size(free.device_bytes)} of {free.device}{more}" if free.device else "; no GPU"
    yield f"Free: {size(free.disk_bytes)} of disk, {size(free.resident_bytes)} of memory{gpu}."
    there = totals.disk_bytes - totals.to_write_bytes
    kept = f" ({size(there)} of it is there)" if there > 0 else ""
    fetched = size(totals.download_bytes) if totals.download_bytes else "nothing"
    verdict = {"yes": "fits", "tight": "tight", "no": "does NOT fit"}[totals.disk_fits]
    beside = f", and up to {size(totals.scratch_bytes)} of checkpoints while it trains"
    beside = beside if totals.scratch_bytes else ""
    yield (
        f"Together: {fetched} to download, {size(totals.disk_bytes)} on disk{kept}{beside}: {verdict}."
    )
    if totals.largest is not None:
        each = "each GPU" if totals.largest.devices > 1 else "the GPU"
        gpu = f"; on {each} {_whole(totals.largest.device)}" if totals.largest.device.parts else ""
        yield f"The largest need: {totals.largest.step}, {_whole(totals.largest.resident)}{gpu}."


def _time_words(found: Forecast) -> str:
    if found.totals.seconds is None:
        return "How long it takes was not probed."
    if found.totals.seconds == 0:
        return "Nothing is left to be asked or fine-tuned."
    asking = f"asking and fine-tuning at most {duration(found.totals.seconds)} of it"
    return f"Takes {time_words(found)}, {asking}."


def _problems(found: Forecast) -> Iterable[str]:
    for line in warnings(found):
        yield f"Does not fit: {line}"
    if found.totals.disk_fits == "no":
        yield f"Does not fit: {disk_words(found)}"
    notes: dict[tuple[str, str], list[str]] = {}
    for model in found.models:
        note = ("Not known", model.problem) if model.problem else ("Note", model.note)
        notes.setdefault(note, []).append(model.name)
    for (kind, words), models in notes.items():
        if words:
            yield f"{kind}: {', '.join(models)}: {words}"


def disk_words(found: Forecast) -> str:
    """What the disk lacks, and what to do."""
    totals = found.totals
    scratch = f", up to {size(totals.scratch_bytes)} of checkpoints beside it while a model trains"
    return (
        f"{size(totals.to_write_bytes)} have to be written{scratch if totals.scratch_bytes else ''}, and "
        f"{size(found.free.disk_bytes)} are free: make room, name a folder on a larger disk in HARNESS_HOME "
        "(and HF_HOME), or plan fewer models (--only)."
    )


def _misfit(need: StepNeed, found: Forecast) -> str:
    free_gpus = found.free.devices
    if need.devices > max(1, len(free_gpus)):
        each = f"{size(need.device.total)} on each of {need.devices} GPUs"
        return f"{need.step} needs {each}, and this machine has {len(free_gpus) or 'none'}. Would help: {need.remedy}."
    gpu_memory = "GPU memory" if need.devices == 1 else f"memory on each of {need.devices} GPUs"
    lacking = [
        f"{size(needed)} of {where}, and {size(free)} are free"
        for needed, free, where in (
            (need.resident.total, found.free.resident_bytes, "memory"),
            (need.device.total, found.free.least_bytes(need.devices), gpu_memory),
        )
        if needed > free
    ]
    return f"{need.step} needs {', '.join(lacking)}. Would help: {need.remedy}."


def _whole(need: Need) -> str:
    return f"{size(need.total)} ({_parts(need)})"


def _parts(need: Need) -> str:
    parts = sorted(need.parts, key=lambda part: -part.bytes)[:MOST_PARTS]
    return ", ".join(f"{part.name} {size(part.bytes)}" for part in parts)


def _parts_table(model: ModelForecast) -> Table:
    table = Table(title=f"What {model.name} needs", title_justify="left")
    for head in ("step", "memory", "of which", ""):
        table.add_column(head, overflow="fold", justify="right" if head == "memory" else "left")
    for need in model.needs:
        state = "done" if need.done else WORDS[need.fits]
        table.add_row(need.step, size(need.resident.total), _parts(need.resident), state)
        if need.device.parts:
            gpu = need.device
            each = "GPU" if need.devices == 1 else f"each of {need.devices} GPUs"
            table.add_row(f"{each}: {need.step}", size(gpu.total), _parts(gpu), state)
    return table


def _about(model: ModelForecast) -> Iterable[str]:
    if model.parameters is not None:
        each = ", ".join(f"{size(b)} at {bits}" for bits, b in model.bytes_by_bits.items())
        yield f"{model.parameters:,} weights: {each} bits."
    yield (
        f"Asking takes at most about {duration(model.asking_seconds)}, fine-tuning "
        f"{duration(model.tuning_seconds)}."
    )
    for need in model.needs:
        if need.remedy and not need.done:
            yield f"{need.step}: would help: {need.remedy}."
    if model.problem or model.note:
        yield model.problem or model.note
