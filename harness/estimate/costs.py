"""What a run will cost at most, before anything is sent: prompts and the longest answers, by the suite's prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from harness.errors import HarnessError
from harness.estimate.asked import BYTES_PER_TOKEN, asked_of
from harness.estimate.usual_data import read_data
from harness.money import Prices, Tokens
from harness.plan.cell_params import CellParams, Spend
from harness.plan.params import PromptsParams
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.runner.run import Prepared
from harness.suite.schema import type_of
from harness.tasks.prompts import PromptSet

CONSTRAINED_TOKENS = 24
"""Of an answer in JSON, beside the choice."""
LOOKED_AT = 8
"""Prompts that are asked beside those of a task, to see how it is told and whether one is cut."""
LOOKS = Tokens(3000, 400)
"""The probe of a server: some 20 short requests."""


@dataclass(frozen=True)
class CellCost:
    """What a cell that is still open may cost.

    Attributes:
        model: that is asked.
        task: that it is asked.
        currency: of the amount; "" where nobody says what the model costs.
        most: if every answer is as long as it may be, and none is remembered; None where it cannot be told.
    """

    model: str
    task: str
    currency: str
    most: Decimal | None


def costs(prepared: Prepared) -> list[CellCost]:
    """Of every cell of a served model that a run would ask; none where no model has prices."""
    found = list(_costs(prepared))
    return found if any(of.currency for of in found) else []


def _costs(prepared: Prepared) -> Iterator[CellCost]:
    looked_at: set[str] = set()
    for cell in prepared.open_cells():
        params = cell.given(CellParams)
        if params.endpoint is None or params.connection is None:
            continue
        spend = params.connection.spend
        if spend is None:
            yield CellCost(cell.model, cell.task, "", None)
            continue
        try:
            tokens = _tokens(cell, prepared)
        except HarnessError:
            tokens = None
        if tokens is not None and cell.model not in looked_at:
            looked_at.add(cell.model)
            tokens += LOOKS
        most = None if tokens is None else _prices(spend).most(tokens)
        yield CellCost(cell.model, cell.task, spend.currency, most)


def _prices(spend: Spend) -> Prices:
    cached = None if spend.cached_input is None else Decimal(spend.cached_input)
    return Prices(Decimal(spend.input), Decimal(spend.output), spend.currency, cached)


def _tokens(cell: Step, prepared: Prepared) -> Tokens | None:
    """All that a cell may be billed by; None of a task that does not ask its prompts one by one."""
    task = cell.given(CellParams).task
    if type_of(task).timed or not type_of(task).asked:
        return None
    prompts, store = prepared.plan.steps[cell.parents["prompts"]], prepared.artifacts
    asked = asked_of(prompts, store, BYTES_PER_TOKEN)
    # what is served has the bytes of its texts for ids
    shrunk = BYTES_PER_TOKEN if store.manifest(prompts) is not None else 1.0
    read, longest = ceil(asked.tokens / shrunk), ceil(asked.prompt_tokens / shrunk)
    beside = LOOKED_AT * longest
    new = int(getattr(task, "max_new_tokens", 0))
    if "choose" not in task.needs:
        return Tokens(read + beside, asked.prompts * new + LOOKED_AT)
    choices, size = _choices(prompts, store)
    scored = Tokens(choices * (read + beside + asked.prompts * size), choices * asked.prompts)
    told = max(new, size + CONSTRAINED_TOKENS)
    written = Tokens(read + beside, (asked.prompts + LOOKED_AT) * told)
    return Tokens(max(scored.input, written.input), max(scored.output, written.output))


def _choices(prompts: Step, store: ArtifactStore) -> tuple[int, int]:
    """How many choices a prompt has at most, and the tokens of the longest."""
    if store.manifest(prompts) is not None:
        made = PromptSet.read(store.file(prompts)).prompts
        found = [one.continuations for one in made if one.continuations]
    else:
        data, _ = read_data(store.places.data[prompts.given(PromptsParams).contents])
        found = [data.labels, *(one.choices for one in data.test)]
    texts = [len(text.encode()) for of in found for text in of]
    return max(map(len, found), default=1), ceil(max(texts, default=1) / BYTES_PER_TOKEN) + 1
