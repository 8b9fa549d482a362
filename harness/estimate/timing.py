"""How long asking and fine-tuning take: by what was measured here before, else by the probe."""

from __future__ import annotations

import json
from collections.abc import Iterable

from harness.estimate.facts import Facts, UnknownError
from harness.estimate.steps import Needs
from harness.plan.params import FinetuneParams
from harness.plan.steps import Step
from harness.runner.run import Prepared


def added(times: Iterable[float | None]) -> float | None:
    """The sum; None where one of them is not known."""
    found = list(times)
    return None if None in found else sum(time for time in found if time is not None)


class TimeForecast:
    """Seconds of steps of one plan."""

    def __init__(self, prepared: Prepared, needs: Needs, facts: Facts) -> None:
        self._results, self._needs, self._facts = prepared.results, needs, facts
        self._trainings = list(_trainings(prepared))

    def total(self, steps: Iterable[Step]) -> float | None:
        """Of all; None where one of them cannot be told."""
        return added(map(self.seconds, steps))

    def seconds(self, step: Step) -> float | None:
        """Of one fine-tuning, cell or round; None where nothing was measured or probed."""
        return self.told(step)[0]

    def told(self, step: Step) -> tuple[float | None, bool]:
        """The same, and whether it was measured and is no upper bound."""
        try:
            measured = self._measured(step)
            return (self._probed(step), False) if measured is None else (measured, True)
        except UnknownError:
            return None, False

    def _probed(self, step: Step) -> float | None:
        machine, work = self._facts.machine, self._needs.work(step)
        device = machine.llama_device if "gguf" in step.parents else machine.device
        found = None if work is None or device != "cpu" else work.seconds(machine.free)
        return None if found is None else machine.cores / self.threads(step) * found

    def threads(self, step: Step) -> int:
        """That a probed time is reckoned for: one of a small model, else all of this machine."""
        return 1 if self._needs.small(step) else self._facts.machine.cores

    def _measured(self, step: Step) -> float | None:
        if step.kind == "finetune":
            params = step.given(FinetuneParams)
            tokens = self._facts.learned(step.parents["examples"]).seen(params)
            same = (step.parents["weights"], params.method)
            rates = [rate for weights, method, rate in self._trainings if (weights, method) == same]
            return tokens / min(rates) if rates else None
        if step.is_timing:
            return None
        known = self._results.cell(step.model, step.task).result()
        if known is None or known.status != "ok" or not known.n:
            return None
        return known.seconds / known.n * self._facts.asked(step.parents["prompts"]).prompts


def _trainings(prepared: Prepared) -> Iterable[tuple[str, str, float]]:
    """Weights, method and tokens per second of every fine-tuning that was done on this machine."""
    for file in (prepared.artifacts.home / "artifacts" / "finetune").glob("*/manifest.json"):
        try:
            made = json.loads(file.read_text(encoding="utf-8"))
            found = made["outcome"]
            rate = found["tokens"] / found["seconds"]
            if rate > 0:
                yield made["parents"]["weights"], str(found["method"]), rate
        except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
            continue
