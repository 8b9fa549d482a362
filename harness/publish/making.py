"""Every way to publish, by the name that a user types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import InputError
from harness.exports.origin import was_made
from harness.exports.results import Results, read_results
from harness.leaderboard.collect import Result, collect
from harness.publish.boards import pages, space
from harness.publish.cleaned import Machine, cleaned, refuse_leaks
from harness.publish.data_set import data_set
from harness.publish.eval_results import eval_results
from harness.publish.model_card import model_card
from harness.publish.publication import Kind, Publication
from harness.publish.quotable import quotable
from harness.records import Summary


@dataclass(frozen=True)
class Asked:
    """What a user asked for, and where."""

    path: Path
    machine: Machine
    model: str | None = None
    source_url: str | None = None
    """Where the results can be looked at."""

    @property
    def results(self) -> Results:
        """The results of one suite, cleaned."""
        read = read_results(self.path)
        return replace(read, summary=quotable(cleaned(read.summary, self.machine)))

    @property
    def many(self) -> Sequence[Result]:
        """All results below the path, as they are."""
        return collect([self.path]).results


def _one_model(summary: Summary, model: str | None) -> str:
    """The model that is published.

    Raises:
        InputError: several could be, or there is no such model.
    """
    if model is not None:
        if model not in summary.models:
            raise InputError(
                f"there is no model {model}", f"There are: {', '.join(summary.models)}."
            )
        return model
    made = [name for name, of in summary.models.items() if was_made(of)]
    if len(made) != 1:
        names = ", ".join(made or summary.models)
        raise InputError("a model has to be named: --model NAME", f"There are: {names}.")
    return made[0]


def _model_card(asked: Asked) -> Publication:
    summary = asked.results.summary
    return model_card(summary, _one_model(summary, asked.model))


def _eval_results(asked: Asked) -> Publication:
    summary = asked.results.summary
    return eval_results(summary, _one_model(summary, asked.model), asked.source_url)


MAKERS: Mapping[Kind, Callable[[Asked], Publication]] = {
    "model-card": _model_card,
    "eval-results": _eval_results,
    "dataset": lambda asked: data_set(asked.results, asked.machine),
    "space": lambda asked: space(asked.many, asked.machine),
    "pages": lambda asked: pages(asked.many, asked.machine),
}


def make_publication(
    path: Path, kind: Kind, model: str | None = None, source_url: str | None = None
) -> Publication:
    """What would be published of results, cleaned of this machine.

    Raises:
        InputError: there are no results, or they cannot be published so.
    """
    machine = Machine.here()
    made = MAKERS[kind](Asked(path, machine, model, source_url))
    refuse_leaks(made.files, machine)
    return made
