"""Every way to publish, by the name that a user types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import InputError
from harness.exports.origin import was_made
from harness.exports.results import Results, read_results
from harness.publish.cleaned import Machine, cleaned, refuse_leaks
from harness.publish.data_set import data_set
from harness.publish.eval_results import eval_results
from harness.publish.model_card import model_card
from harness.publish.publication import Kind, Publication


@dataclass(frozen=True)
class Asked:
    """What a user asked for."""

    results: Results
    model: str | None = None
    source_url: str | None = None
    """Where the results can be looked at."""

    def one_model(self) -> str:
        """The model that is published.

        Raises:
            InputError: several could be, or there is no such model.
        """
        models = self.results.summary.models
        if self.model is not None:
            if self.model not in models:
                raise InputError(
                    f"there is no model {self.model}", f"There are: {', '.join(models)}."
                )
            return self.model
        made = [name for name, of in models.items() if was_made(of)]
        if len(made) != 1:
            names = ", ".join(made or models)
            raise InputError("a model has to be named: --model NAME", f"There are: {names}.")
        return made[0]


MAKERS: Mapping[Kind, Callable[[Asked], Publication]] = {
    "model-card": lambda of: model_card(of.results.summary, of.one_model()),
    "eval-results": lambda of: eval_results(of.results.summary, of.one_model(), of.source_url),
    "dataset": lambda of: data_set(of.results),
}


def make_publication(
    path: Path, kind: Kind, model: str | None = None, source_url: str | None = None
) -> Publication:
    """What would be published of a results folder, cleaned of this machine.

    Raises:
        InputError: there are no results, or they cannot be published so.
    """
    machine = Machine.here()
    read = read_results(path)
    results = replace(read, summary=cleaned(read.summary, machine))
    made = MAKERS[kind](Asked(results, model, source_url))
    refuse_leaks(made.files, machine)
    return made
