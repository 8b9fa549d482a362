"""How models were fine-tuned: how the loss fell, what it took, and with which settings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from harness.quantities import byte_size
from harness.records import (
    Summary,
    Training,
    TrainingPoint,
)
from harness.reporting.blocks import (
    Block,
    Chart,
    Column,
    Datum,
    Fields,
    Fold,
    Prose,
    Table,
    table,
)
from harness.reporting.charts import Curve
from harness.reporting.charts import curves as draw
from harness.reporting.facts import key_words, plain_value
from harness.reporting.format import DASH, count, duration, fixed, share
from harness.reporting.held_out import search_blocks, validation_blocks
from harness.reporting.kinds import without_replicas
from harness.reporting.lineage import method_words
from harness.reporting.tables import MODEL, name

CURVE_POINTS, MIXED_POINTS = 60, 20
"""At most; of mixed data fewer, so that a point holds batches of each data set."""
TABLE_POINTS = 6
MIXED_NOTE = (
    "Where data sets are mixed, their batches alternate and have losses of different heights: beginning and "
    "end are the means of the first and the last quarter of the steps, else of a tenth."
)


def training_blocks(summary: Summary) -> list[Block]:
    """Everything about fine-tuning but what it changed; nothing where no model was fine-tuned."""
    trained = own_trainings(without_replicas(summary))
    if not trained:
        return []
    blocks: list[Block] = [*curves(trained), *validation_blocks(trained), cost(trained)]
    blocks += [*search_blocks(trained), hyperparameters(trained), *steering(trained)]
    if any(of.learned for of in trained.values()):
        blocks.append(learned(trained))
    return blocks


def own_trainings(summary: Summary) -> dict[str, Training]:
    """Each fine-tuning once, by the first model that has it: its descendants carry it too."""
    own: dict[str, Training] = {}
    for name_of, model in summary.models.items():
        if model.training is not None and model.training not in own.values():
            own[name_of] = model.training
    return own


def learned(trained: dict[str, Training]) -> Table:
    """What each fine-tuning learned from where, and what was left out of it."""
    rows: list[Fields] = [
        {
            MODEL: name(model),
            "Learned from": Datum(
                part.name, "instructions" if part.kind == "instructions" else "train split"
            ),
            Column("Rows"): count(part.rows),
            "Left out": "; ".join(f"{count(n)}: {why}" for why, n in part.left_out.items()) or DASH,
            Column("Learned"): count(part.learned),
        }
        for model, of in trained.items()
        for part in of.learned
    ]
    note = "Where fewer rows are learned than were left, `limit` drew them, by the seed."
    return table("What the fine-tunings learned", rows, [(note,)])


def cost(trained: dict[str, Training]) -> Table:
    """What each fine-tuning did, and what it took."""
    notes = ["Loss is counted on the answers' tokens alone, not on the prompts."]
    notes += [MIXED_NOTE] if any(of.is_mixed for of in trained.values()) else []
    notes += [_interrupted(model, of) for model, of in trained.items() if of.interrupted]
    notes += [f"{model}: {note}" for model, of in trained.items() for note in of.notes]
    if any(of.energy_joules is not None for of in trained.values()):
        notes.append("Energy is that of the whole processor or GPU, whatever ran beside it.")
    rows = (_cost(model, of) for model, of in trained.items())
    return table("The fine-tunings", rows, [(note,) for note in notes])


def _interrupted(model: str, of: Training) -> str:
    resumed = of.resumed or [0] * len(of.interrupted)
    places = ", ".join(
        f"at step {at.step} (loss {at.loss:.3f}), and {_then(step)}"
        for at, step in zip(of.interrupted, resumed, strict=True)
    )
    return f"{model} was interrupted {places}."


def _then(step: int) -> str:
    return f"went on from step {step}" if step else "began anew"


def _cost(model: str, of: Training) -> Fields:
    part = share(of.trainable_parameters / of.total_parameters) if of.total_parameters else ""
    return {
        MODEL: name(model),
        Column("Method", numeric=False, term="lora"): method_words(of.method),
        Column("Steps"): count(of.steps),
        Column("Examples", "× epochs"): Datum(count(of.examples), f"× {of.epochs:g}"),
        Column("Tokens", "seen / with loss"): Datum(
            count(of.tokens), f"/ {count(of.answer_tokens)}"
        ),
        Column("Time"): duration(of.seconds),
        Column("Speed", "tokens/s"): fixed(of.tokens / of.seconds, 0) if of.seconds else DASH,
        Column("Trainable parameters", "share of all"): Datum(count(of.trainable_parameters), part),
        Column("Peak memory"): _memory(of),
        **_energy(of),
        Column("Loss", "beginning → end"): f"{of.beginning_loss:.3f} → {of.end_loss:.3f}",
    }


def _memory(of: Training) -> Datum:
    phases = ", ".join(f"{phase} {byte_size(peak)}" for phase, peak in of.memory.items())
    return Datum(byte_size(of.peak_resident_bytes), f"({phases})" if phases else "")


def _energy(of: Training) -> Fields:
    if of.energy_joules is None:
        return {}
    return {Column("Energy"): f"{of.energy_joules / 3600:.3g} Wh"}


def hyperparameters(trained: dict[str, Training]) -> Table:
    """The settings of each fine-tuning, side by side."""
    keys = dict.fromkeys(key for of in trained.values() for key in of.hyperparameters)
    models = {model: Column(model, numeric=False, of="model") for model in trained}
    rows: list[Fields] = [
        {
            "Setting": key_words(key),
            **{
                models[m]: _setting(of.hyperparameters[key]) if key in of.hyperparameters else DASH
                for m, of in trained.items()
            },
        }
        for key in keys
    ]
    return table("Hyperparameters", rows, heads=("Setting", *models.values()))


def _setting(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else plain_value(value)


def curves(trained: dict[str, Training]) -> list[Block]:
    """The training curve as a chart and, at a few steps, as a table."""
    most = MIXED_POINTS if any(of.is_mixed for of in trained.values()) else CURVE_POINTS
    binned = {n: binned_curve(of.curve, most) for n, of in trained.items()}
    lines = [
        Curve(model, tuple((float(point.tokens), point.loss) for point in curve))
        for model, curve in binned.items()
    ]
    lines += [
        Curve(f"{model}, held out", tuple((float(p.tokens), p.loss) for p in of.validation.points))
        for model, of in trained.items()
        if of.validation is not None
    ]
    svg = draw("training tokens seen", "loss (nats per answer token) ↓", lines)
    if svg is None:
        return [Prose(("Fewer than two steps were recorded, so there is no curve to draw.",))]
    rows: list[Fields] = [
        {
            MODEL: name(model),
            Column("Up to step"): count(point.step),
            Column("Epoch"): f"{point.epoch:.2f}",
            Column("Tokens"): count(point.tokens),
            Column("Mean loss"): f"{point.loss:.3f}",
            Column("Learning rate"): f"{point.learning_rate:.2e}",
            Column("Time"): duration(point.seconds),
        }
        for model, of in trained.items()
        for point in binned_curve(of.curve, TABLE_POINTS)
    ]
    caption = f"Training loss; a point is the mean of consecutive steps, at most {most} points"
    description = f"Line chart of training loss by tokens seen, for {', '.join(binned)}."
    if any(of.validation is not None for of in trained.values()):
        caption += ". Held out: the loss on examples that are not learned"
    return [
        Chart("training-curve", caption, f"{description} A table follows.", svg),
        Fold("The training curve as a table", (table("The training curve", rows),)),
    ]


def steering(trained: dict[str, Training]) -> list[Block]:
    """Learning rate and gradient, as charts to be opened."""
    found: list[Block] = []
    for key, title, said in (
        ("learning_rate", "learning rate", "Learning rate"),
        ("gradient_norm", "L2 norm of the gradient", "Gradient, before it was scaled down"),
    ):
        lines = [
            Curve(model, tuple((float(p.tokens), getattr(p, key)) for p in of.curve))
            for model, of in trained.items()
            if of.curve and all(getattr(p, key) is not None for p in of.curve)
        ]
        svg = draw("training tokens seen", title, lines)
        if svg is not None:
            about = (
                f"Line chart of the {title} by tokens seen, for {', '.join(x.name for x in lines)}."
            )
            chart = Chart(f"training-{key.replace('_', '-')}", said, about, svg)
            found.append(Fold(said, (chart,)))
    return found


def binned_curve(points: Sequence[TrainingPoint], most: int) -> list[TrainingPoint]:
    """A curve of at most `most` points: the mean loss of consecutive steps, at the last step of each bin."""
    bins = min(most, len(points))
    edges = [len(points) * i // bins for i in range(bins + 1)] if bins else []
    return [
        points[end - 1].model_copy(
            update={"loss": sum(p.loss for p in points[start:end]) / (end - start)}
        )
        for start, end in pairwise(edges)
    ]
