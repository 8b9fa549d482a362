"""How models were fine-tuned, and what everything cost."""

from __future__ import annotations

from harness.assignment.changes import tuned
from harness.assignment.parts.setup import more
from harness.assignment.source import Source
from harness.quantities import byte_size
from harness.records import Training
from harness.reporting.blocks import (
    Block,
    Bullets,
    Chart,
    Column,
    Datum,
    Fields,
    Line,
    Name,
    joined,
    table,
)
from harness.reporting.facts import settings
from harness.reporting.format import DASH, count, duration, share
from harness.reporting.lineage import method_words
from harness.reporting.measures import timed_tasks
from harness.reporting.tables import MODEL, name, size
from harness.reporting.tuning import curves

MOST_TRAINED = 6


def training(source: Source) -> list[Block]:
    """What each fine-tuning did."""
    trained = tuned(source.summary)
    rows: list[Fields] = [
        {
            MODEL: name(model),
            "Method": method_words(of.method),
            "Learned from": ", ".join(part.name for part in of.learned) or DASH,
            Column("Examples", "× epochs"): Datum(count(of.examples), f"× {of.epochs:g}"),
            Column("Steps"): count(of.steps),
            Column("Trained weights", "share of all"): Datum(
                count(of.trainable_parameters), _share(of)
            ),
            **_losses(of),
        }
        for model, of in list(trained.items())[:MOST_TRAINED]
    ]
    note: Line = ("Loss is that of the answers' tokens alone, not of the prompts'.",)
    if any(of.is_mixed for of in trained.values()):
        note = (
            *note,
            " Of several data sets, whose batches alternate: means of the first and last quarter.",
        )
    notes = [note, *more(len(trained), "fine-tunings", MOST_TRAINED)]
    return [table("What each fine-tuning did", rows, notes)] if rows else []


def _losses(of: Training) -> Fields:
    """Before and after, on held-out examples where there are some."""
    if of.validation is None:
        return {
            Column("Loss", "nats, first → last"): f"{of.beginning_loss:.3f} → {of.end_loss:.3f}"
        }
    before, kept = of.validation.points[0], min(of.validation.points, key=lambda one: one.loss)
    return {Column("Held-out loss", "nats, before → kept"): f"{before.loss:.3f} → {kept.loss:.3f}"}


def _share(of: Training) -> str:
    return share(of.trainable_parameters / of.total_parameters) if of.total_parameters else ""


def hyperparameters(source: Source) -> list[Block]:
    """The settings of each fine-tuning, those that are the same told once."""
    alike: dict[str, list[str]] = {}
    for model, of in list(tuned(source.summary).items())[:MOST_TRAINED]:
        rounded = {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in of.hyperparameters.items()
        }
        alike.setdefault(settings(rounded), []).append(model)
    lines: list[Line] = [
        (*joined([(Name(model),) for model in models], ", "), f": {said}.")
        for said, models in alike.items()
        if said
    ]
    return [Bullets(tuple(lines))] if lines else []


def loss_curve(source: Source) -> list[Block]:
    """The loss by tokens seen."""
    trained = tuned(source.summary)
    return [block for block in curves(trained) if isinstance(block, Chart)] if trained else []


def cost(source: Source) -> list[Block]:
    """Time, memory and disk, and energy where the machine tells it."""
    summary, timed = source.main, set(timed_tasks(source.main))
    trained: list[Fields] = [
        {
            "What": Datum(f"fine-tuning {model}"),
            Column("Time"): duration(one.seconds),
            Column("Peak memory"): byte_size(one.peak_resident_bytes),
            Column("On disk"): size(summary.models[model].bytes),
        }
        for model, one in tuned(source.summary).items()
    ]
    rows = trained[:MOST_TRAINED]
    for model, of in summary.models.items():
        cells = [c for c in summary.cells if c.model == model and c.status == "ok"]
        asked = [cell for cell in cells if cell.task not in timed]
        memory = max((c.footprint.get("peak_resident_bytes", 0) for c in cells), default=0)
        if not cells:
            continue
        rows.append(
            {
                "What": Datum(f"asking {model}"),
                Column("Time"): duration(sum(c.seconds for c in asked)) if asked else DASH,
                Column("Peak memory"): byte_size(memory) if memory else DASH,
                Column("On disk"): size(of.bytes),
            }
        )
    most = MOST_TRAINED + 8
    joules = [one.energy_joules for one in tuned(source.summary).values()]
    known = [one for one in joules if one is not None]
    energy = (
        f" Fine-tuning used {sum(known) / 3600:.3g} Wh, by the machine's own counter."
        if known and len(known) == len(joules)
        else " Energy was not measured: this machine does not tell it."
    )
    notes = [
        (
            f"The last run of the suite took {duration(summary.seconds)}; what an earlier one had made "
            f"was not made again.{energy}",
        ),
        *more(len(rows), "rows", most),
    ]
    return [table("Time, memory and disk", rows[:most], notes)] if rows else []
