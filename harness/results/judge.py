"""Holds a suite's answers against each other: comparisons and gates, from samples on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from harness.analysis.answers import CellAnswers, TaskAnswers, in_common
from harness.analysis.comparisons import build_comparisons, difference_of
from harness.analysis.gate import Evidence, Gate
from harness.analysis.gates import judge
from harness.analysis.metrics import compute_metrics
from harness.analysis.seeds import seed_variance
from harness.analysis.timed import slowdown
from harness.records import (
    ASKED,
    OWN_METRICS,
    SERVED,
    WORDING,
    AskedTexts,
    Cell,
    Comparison,
    GateVerdict,
    told_by,
)
from harness.results.own_metrics import asked_metrics
from harness.results.partial import COMPARABLE, gate_models
from harness.results.store import ResultsStore
from harness.suite.replicas import replicas
from harness.suite.schema import GateSpec, SuiteSpec


@dataclass(frozen=True)
class SuiteAnswers:
    """All that a suite's models answered, task by task."""

    spec: SuiteSpec
    tasks: Mapping[str, TaskAnswers]

    def compare(self, name: str) -> list[Comparison]:
        """One comparison of the suite."""
        compare = self.spec.compare[name]
        found: list[Comparison] = []
        own = [task for task in self.spec.tasks if task not in self.spec.added]
        for task in compare.tasks or own:
            asks = self.spec.tasks[task].asks
            if asks(compare.baseline):
                found += build_comparisons(
                    name,
                    compare.baseline,
                    [candidate for candidate in compare.candidates if asks(candidate)],
                    {task: self.tasks[task]},
                    self.spec.defaults.seed,
                    any_prompts=compare.prompts == "any",
                )
        return [self._with_seeds(one) for one in found]

    def _with_seeds(self, record: Comparison) -> Comparison:
        """Says how the candidate varies over the seeds of its fine-tuning, where it has several."""
        cells, seed = self.tasks[record.task].cells, self.spec.defaults.seed
        tuned = self.spec.models.get(record.candidate)
        if tuned is None or tuned.finetune is None or record.baseline_value is None:
            return record
        by_seed: dict[int, float] = {}
        for one, model in replicas(self.spec.models, record.candidate).items():
            samples = cells.get(model, CellAnswers()).samples
            answers = self.tasks[record.task]
            if samples and answers.metrics[record.metric].kind != "single":
                metric = answers.metrics[record.metric]
                values = compute_metrics([metric], samples, seed, labels=answers.labels)
                found = values[record.metric].value
                if found is not None:
                    by_seed[one] = found
        return record.model_copy(update={"seeds": seed_variance(by_seed, record.baseline_value)})

    def judge(self, gate: GateSpec, baseline: Baseline | None = None) -> list[GateVerdict]:
        """A verdict for each of the gate's models; none where a cell was left out by `--only`.

        Args:
            gate: of the suite.
            baseline: what was saved; each model is then held against itself there, on the
                examples that both answered.
        """
        asked = self.tasks[gate.task].cells
        verdicts = []
        for candidate in gate_models(self.spec, gate):
            against = "" if gate.rule not in COMPARABLE else candidate
            answers = self.tasks[gate.task]
            if baseline is not None and against:
                against = baseline.title(candidate)
                answers = in_common(baseline.beside(self, gate.task, candidate), against, candidate)
            elif gate.compare is not None and against:
                against = self.spec.compare[gate.compare].baseline
            if candidate not in asked or (against and against not in answers.cells):
                continue
            verdicts.append(self._verdict(gate, answers, against, candidate))
        return verdicts

    def compare_saved(
        self, saved: Baseline, task: str, candidate: str, metric: str
    ) -> list[Comparison]:
        """A model against itself in a saved baseline, on the examples that both answered.

        By one metric, and by the one that the task is first judged by, which changed answers stand with.
        """
        answers = saved.beside(self, task, candidate)
        return build_comparisons(
            saved.name,
            saved.title(candidate),
            [candidate],
            {task: answers},
            self.spec.defaults.seed,
            common=True,
            metrics={metric, next(iter(answers.metrics))},
        )

    def _verdict(
        self, gate: GateSpec, answers: TaskAnswers, baseline: str, candidate: str
    ) -> GateVerdict:
        seed, confidence = self.spec.defaults.seed, gate.confidence
        limit = getattr(gate, gate.rule)
        asked = Gate(
            gate.compare or "",
            gate.task,
            answers.metrics[gate.metric],
            baseline,
            candidate,
            rule=gate.rule,
            limit=0.0 if gate.rule == "must" else limit,
            confidence=confidence,
            undecided_passes=gate.undecided == "pass",
        )
        cell = answers.cells[candidate]
        if cell.failure is not None:
            return judge(asked, Evidence(failure=cell.failure))
        any_prompts = gate.compare is not None and self.spec.compare[gate.compare].prompts == "any"
        if gate.rule in ("min", "max"):
            return judge(asked, self._own_value(gate, answers, cell))
        difference = difference_of(
            gate.metric,
            answers,
            baseline,
            candidate,
            seed,
            confidence,
            any_prompts=any_prompts,
        )
        slower = None
        if gate.rule == "max_slowdown" and difference.reason is None:
            samples = answers.cells[baseline].samples, cell.samples
            slower = slowdown(answers.metrics[gate.metric], *samples, confidence)
        return judge(asked, Evidence(difference=difference, slower=slower))

    def _own_value(self, gate: GateSpec, answers: TaskAnswers, cell: CellAnswers) -> Evidence:
        values = compute_metrics(
            [answers.metrics[gate.metric]],
            cell.samples,
            self.spec.defaults.seed,
            2 * gate.confidence - 1,
            cell.extras,
            answers.labels,
            one_sided=True,
        )
        return Evidence(value=values.get(gate.metric), n=len(cell.samples))


@dataclass(frozen=True)
class Baseline:
    """Answers that were saved earlier, perhaps on another machine."""

    name: str
    answers: SuiteAnswers

    def title(self, model: str) -> str:
        """What one of its models is called beside today's."""
        return f"{model} ({self.name})"

    def beside(self, today: SuiteAnswers, task: str, model: str) -> TaskAnswers:
        """Today's answers to a task, with the saved ones of a model under its title."""
        now = today.tasks[task]
        then = self.answers.tasks.get(task)
        saved = then.cells.get(model) if then is not None and then.type == now.type else None
        if saved is not None:
            saved = replace(
                saved, machine={}
            )  # what another machine's timings are worth, callers say
        missing = CellAnswers(failure=f"{self.name} has no answers of it.")
        return replace(now, cells={**now.cells, self.title(model): saved or missing})


def read_answers(spec: SuiteSpec, store: ResultsStore, cells: Iterable[Cell]) -> SuiteAnswers:
    """What stands in a results folder, for the cells of its summary."""
    known = list(cells)
    return SuiteAnswers(spec, {task: _answers(task, spec, store, known) for task in spec.tasks})


def compare_and_judge(answers: SuiteAnswers) -> tuple[list[Comparison], list[GateVerdict]]:
    """Every comparison of a suite, and the verdict on every gate that needs no saved baseline."""
    compared = [one for name in answers.spec.compare for one in answers.compare(name)]
    gates = [gate for gate in answers.spec.gates if gate.against is None]
    return compared, [verdict for gate in gates for verdict in answers.judge(gate)]


def _answers(task: str, spec: SuiteSpec, store: ResultsStore, cells: list[Cell]) -> TaskAnswers:
    asked = spec.tasks[task]
    metrics = asked_metrics(asked)
    found = {cell.model: cell for cell in cells if cell.task == task}
    by_model = {}
    for model, cell in found.items():
        if cell.status == "failed":
            reason = cell.error.message if cell.error else "it failed"
            by_model[model] = CellAnswers(failure=f"{model} failed: {reason}")
        else:
            extras = {
                name: value.value
                for name, value in cell.metrics.items()
                if name in metrics and metrics[name].kind == "single" and value.value is not None
            }
            samples = store.cell(model, task).samples(cell.samples_key)
            scored_by = {
                name: str(made["code"]) for name, made in cell.details.get(OWN_METRICS, {}).items()
            }
            if cell.details.get(WORDING, {}).get("rule") == "unicode":
                by_words = (name for name, metric in metrics.items() if metric.by_words)
                scored_by |= {name: f"{scored_by.get(name, '')} unicode" for name in by_words}
            texts = cell.details.get(ASKED)
            by_model[model] = CellAnswers(
                samples,
                extras,
                prompts=cell.prompts,
                scored_by=scored_by,
                served=SERVED in cell.details,
                told_by=told_by(cell),
                asked=AskedTexts.model_validate(texts) if texts else None,
                machine=cell.machine,
            )
    labels = next(
        (c.details["confusion"]["labels"] for c in found.values() if "confusion" in c.details),
        None,
    )
    return TaskAnswers(asked.type, metrics, by_model, store.texts(task), labels)
