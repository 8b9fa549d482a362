"""How long asking and fine-tuning take: by what was measured here before, else by the probe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from harness.estimate.facts import Facts
from harness.estimate.pace import Work, seconds, seconds_at
from harness.estimate.steps import Needs, ShapeUnknownError
from harness.plan.steps import Step
from harness.runner.run import Prepared


class Timing:
    """Seconds of steps of one plan."""

    def __init__(self, prepared: Prepared, needs: Needs, facts: Facts) -> None:
        self._prepared, self._needs, self._facts = prepared, needs, facts
        self._trainings = list(_trainings(prepared))

    def total(self, steps: Iterable[Step], counts: Callable[[Step], bool]) -> float | None:
        """Of the steps that count; None where one of them cannot be told."""
        found = [self.seconds(step) for step in steps if counts(step)]
        return sum(one for one in found if one is not None) if None not in found else None

    def seconds(self, step: Step) -> float | None:
        """Of one fine-tuning, cell or round; None where nothing was measured or probed."""
        try:
            measured = self._measured(step)
            if measured is not None:
                return measured
            work = self._needs.work(step)
            return None if work is None else self._probed(step, work)
        except (ShapeUnknownError, KeyError):
            return None

    def _probed(self, step: Step, work: Work) -> float | None:
        machine = self._facts.machine
        device = machine.llama_device if "gguf" in step.parents else machine.device
        if machine.pace is None or device != "cpu":
            return None
        share = machine.cores if self._needs.small(step) else 1
        return share * seconds(work, machine.pace)

    def _measured(self, step: Step) -> float | None:
        if step.kind == "finetune":
            tokens = self._facts.learned[step.parents["examples"]].tokens * step.params["epochs"]
            same = (step.parents["weights"], step.params["method"])
            rates = [rate for weights, method, rate in self._trainings if (weights, method) == same]
            return seconds_at(tokens, min(rates)) if rates else None
        if step.is_timing:
            return None
        known = self._prepared.results.cell(step.model, step.task).result()
        if known is None or known.status != "ok" or not known.n:
            return None
        return known.seconds / known.n * self._facts.asked[step.parents["prompts"]].prompts


def _trainings(prepared: Prepared) -> Iterable[tuple[str, str, float]]:
    """Weights, method and tokens per second of every fine-tuning that was done on this machine."""
    for file in (prepared.artifacts.home / "artifacts" / "finetune").glob("*/manifest.json"):
        try:
            made = json.loads(file.read_text(encoding="utf-8"))
            found = made["outcome"]
            rate = found["tokens"] / found["seconds"]
            yield made["parents"]["weights"], str(found["method"]), rate
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
