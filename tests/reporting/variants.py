"""The made-up summary in every shape that a report has to survive."""

from __future__ import annotations

from typing import Any

from harness.analysis.seeds import seed_variance
from harness.records import (
    AdapterFacts,
    AdapterStep,
    Cell,
    Check,
    Comparison,
    Failure,
    Partial,
    SourceStep,
    Summary,
    Value,
)
from harness.results.votes import ReadVotes, summarize_votes
from tests.reporting.fixture import gates, quickstart
from tests.reporting.fixture_models import LINEAGES
from tests.results.votes_made import vote


def with_failures() -> Summary:
    """One model that could not be made and one cell that crashed."""
    whole = quickstart()
    broken = Failure(kind="bad-model", message="weights end early", hint="fetch the file again")
    crash = Failure(kind="crash", message="worker ended with signal 11", hint="see worker.log")
    models = dict(whole.models)
    models["qlora"] = models["qlora"].model_copy(
        update={"error": broken, "training": None, "bytes": None, "bits_per_weight": None}
    )

    def failed(old: Cell) -> Cell:
        if old.model != "qlora" and (old.model, old.task) != ("lora-q4", "dialogue"):
            return old
        error = broken if old.model == "qlora" else crash
        bare = Cell(key=old.key, model=old.model, task=old.task, status="failed", error=error)
        return bare

    def undone(old: Comparison) -> Comparison:
        if old.candidate != "qlora" and (old.candidate, old.task) != ("lora-q4", "dialogue"):
            return old
        return Comparison(
            name=old.name,
            task=old.task,
            metric=old.metric,
            baseline=old.baseline,
            candidate=old.candidate,
            reason=f"{old.candidate} has no answers to {old.task}",
        )

    return quickstart(
        models=models,
        cells=[failed(c) for c in whole.cells],
        comparisons=[undone(c) for c in whole.comparisons],
    )


def with_an_adapter_of_others() -> Summary:
    """`qlora` was trained elsewhere, and of `lora` nobody could read what its files say."""
    models = dict(quickstart().models)
    facts = AdapterFacts(
        method="DoRA", ranks=[4, 16], layers=["q_proj", "v_proj"], whole=["lm_head"], weights=1_105_920,
        base="org/base", licence="cc-by-nc-4.0",
    )  # fmt: skip
    for name, known in (("lora", None), ("qlora", facts)):
        lineage = [models[name].lineage[0], AdapterStep(name=f"org/{name}")]
        models[name] = models[name].model_copy(
            update={"lineage": lineage, "training": None, "adapter": known}
        )
    return quickstart(models=models)


def only_one_model() -> Summary:
    """A suite that names the base model alone."""
    whole = quickstart()
    kept_tasks = {k: v for k, v in whole.tasks.items() if k != "fidelity"}
    return quickstart(
        models={"base": whole.models["base"]},
        tasks=kept_tasks,
        cells=[c for c in whole.cells if c.model == "base" and c.task in kept_tasks],
        comparisons=[],
        gates=[],
        checks=[],
    )


def partly() -> Summary:
    """Ten examples a task, of the base model alone: no comparison and no gate could be judged."""
    whole = quickstart()
    cells = [cell for cell in whole.cells if cell.model == "base"]
    missing = [(cell.model, cell.task) for cell in whole.cells if cell.model != "base"]
    lacking = Partial(limit=10, missing=missing, gates=len(whole.gates))
    return quickstart(cells=cells, comparisons=[], gates=[], limit=10, partial=lacking)


def without_speed() -> Summary:
    """The same, but nobody timed anything."""
    whole = quickstart()
    return quickstart(
        tasks={k: v for k, v in whole.tasks.items() if k != "speed"},
        cells=[c for c in whole.cells if c.task != "speed"],
        comparisons=[row for row in whole.comparisons if row.task != "speed"],
    )


def without_intervals() -> Summary:
    """Values alone: no cell and no comparison has an interval."""
    whole = quickstart()

    def bare(old: Cell) -> Cell:
        values = {k: Value(value=v.value) for k, v in old.metrics.items()}
        return old.model_copy(update={"metrics": values})

    plain = [
        c.model_copy(update={"low": None, "high": None, "p": None, "p_adjusted": None})
        for c in whole.comparisons
    ]
    return quickstart(cells=[bare(c) for c in whole.cells], comparisons=plain)


def renamed(names: dict[str, str]) -> Summary:
    """The quickstart with other model names, everywhere."""
    text = quickstart()
    data = text.model_dump(by_alias=True)

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                names.get(k, k) if isinstance(k, str) else k: v if k == "method" else walk(v)
                for k, v in node.items()
            }
        if isinstance(node, list):
            return [walk(v) for v in node]
        return names.get(node, node) if isinstance(node, str) else node

    return Summary.model_validate(walk(data))


def with_long_names() -> Summary:
    """Model names as long as Hub ids get, alike but for their ends."""
    stem = "some-organisation/an-extraordinarily-long-model-name-instruct-2507-preview"
    return renamed({name: f"{stem}-{name}" for name in LINEAGES})


def with_twelve_models() -> Summary:
    """Seven models and five more of unknown origin."""
    whole = quickstart()
    more = {
        f"guest-{i}": whole.models["base"].model_copy(
            update={"lineage": [SourceStep(name=f"org/guest-{i}")]}
        )
        for i in range(5)
    }
    cells = [
        c.model_copy(update={"model": name})
        for name in more
        for c in whole.cells
        if c.model == "base"
    ]
    return quickstart(models={**whole.models, **more}, cells=[*whole.cells, *cells])


def with_doubts() -> Summary:
    """A conversion that failed, token ids that differ and may, a check that could not be made."""
    whole = quickstart()
    broken = whole.models["lora-f16"].parity
    assert broken is not None
    failed = broken.model_copy(
        update={
            "passed": False,
            "max_logprob_difference": 0.91,
            "reason": "a log-probability differs by 0.91 (limit 0.1)",
        }
    )
    models = {
        name: model.model_copy(update={"parity": failed if model.parity else None})
        for name, model in whole.models.items()
    }

    def doubted(old: Check) -> Check:
        if old.name == "conversion":
            return old.model_copy(update={"status": "failed", "message": failed.reason})
        if old.name == "tokens":
            said = "the tokenizers agree on 598 of 600 prompts (99.7%)"
            return old.model_copy(update={"status": "allowed", "message": said, "hint": "Convert."})
        if old.name == "chat-template":
            said = "No task is asked through a chat template."
            return old.model_copy(update={"status": "skipped", "message": said})
        return old

    return quickstart(models=models, checks=[doubted(check) for check in whole.checks])


def undecided_gates() -> Summary:
    """One gate missed, one undecided that fails the suite, one that the suite lets pass."""
    first, second, *others = gates()
    open_ = others[1].model_copy(
        update={
            "outcome": "undecided",
            "passed": False,
            "reason": "Accuracy changed by −1.00 pp (n = 200); with 95% confidence the drop is between "
            "−0.70 pp and 3.40 pp, around the 3 pp that is allowed. 1,240 examples would tell a model "
            "that has not changed from one that lost 6 pp.",
            "value": -0.01,
            "low": -0.034,
            "high": 0.007,
            "limit": 0.03,
            "n": 200,
            "needed": 1240,
        }
    )
    lenient = open_.model_copy(update={"candidate": "lora-q8", "passed": True})
    return quickstart(gates=[first, second, lenient, open_, others[2]])


SEEDS = {"0": 0.868, "1": 0.871, "2": 0.839}


def with_seeds() -> Summary:
    """The fine-tuning by LoRA repeated with two more seeds, one of which failed at a task."""
    whole = quickstart()
    models, cells = dict(whole.models), list(whole.cells)
    for seed in ("1", "2"):
        replica = f"lora.seed{seed}"
        models[replica] = models["lora"].model_copy(update={"replica_of": "lora", "key": seed * 64})
        for cell in whole.cells:
            if cell.model == "lora":
                update = {"model": replica, "metrics": _shifted(cell, seed)}
                cells.append(cell.model_copy(update=update))
    lost = Failure(kind="crash", message="worker ended with signal 9", hint="see worker.log")
    gone = {"status": "failed", "error": lost, "metrics": {}, "details": {}, "n": 0}
    last = max(i for i, cell in enumerate(cells) if cell.task == "dialogue")
    cells[last] = cells[last].model_copy(update=gone)

    def seeded(old: Comparison) -> Comparison:
        if old.candidate != "lora" or old.task == "dialogue":
            return old
        before, after = old.baseline_value, old.candidate_value
        if before is None or after is None:
            return old
        values = {seed: after + value - SEEDS["0"] for seed, value in SEEDS.items()}
        return old.model_copy(update={"seeds": seed_variance(_by_number(values), before)})

    compared = [seeded(row) for row in whole.comparisons]
    return quickstart(models=models, cells=cells, comparisons=compared)


def _by_number(values: dict[str, float]) -> dict[int, float]:
    return {int(seed): value for seed, value in values.items()}


def _shifted(cell: Cell, seed: str) -> dict[str, Value]:
    """The metrics of a repetition: its own values, so that they can be told from the first's."""
    by = SEEDS[seed] - SEEDS["0"]
    return {
        name: value.model_copy(
            update={key: at + by for key in ("value", "low", "high") if (at := getattr(value, key))}
        )
        for name, value in cell.metrics.items()
    }


def with_votes() -> Summary:
    """Blind votes on three models and votes with names shown on two, some of them not counted."""
    whole = quickstart()
    models = ("base", "lora-f16", "lora-q4")
    pairs = [models[:2], models[1:], models[::2]]
    blind = [
        vote(pairs[n % 3][:: 1 if n % 2 else -1], int(n % 5 < 2), f"v{n % 7}") for n in range(70)
    ]
    blind += [vote(models, 1, "v1"), vote(models[:2], "both good"), vote(models[1:], "both bad")]
    shown = [vote(models[:2], 1, blind=False)] * 3
    votes = (*blind, *shown, vote(("base", "gone"), 0))
    bare = {name: of.model_copy(update={"key": ""}) for name, of in whole.models.items()}
    return quickstart(votes=summarize_votes(ReadVotes(votes, damaged=2), bare))


def empty() -> Summary:
    """Nothing was asked of anybody."""
    return quickstart(
        models={}, tasks={}, cells=[], comparisons=[], gates=[], commands=[], checks=[]
    )
