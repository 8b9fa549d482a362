"""Named checks that a criterion can ask for: each looks at the results and says what they show.

A check is met only by what was measured; what nobody asked for yet is open, and what the results speak
against is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.assignment.states import Finding, State, still_open
from harness.assignment.tuning_checks import (
    compared,
    examples,
    fine_tuned,
    improvement,
    lora,
    loss_fell,
)
from harness.quantities import plural
from harness.records import Summary, WrittenText
from harness.reporting.answer.facts import is_synthetic
from harness.reporting.blocks import Line, Name, joined, listed
from harness.reporting.checks import outcome_line
from harness.reporting.gates import gates
from harness.reporting.kinds import is_quantized, precision
from harness.reporting.marks import all_checks
from harness.reporting.measures import (
    free_text_tasks,
    headline,
    reference_tasks,
    timed_tasks,
    value_of,
    words,
)
from harness.reporting.timings import details_of as timings_of
from harness.reporting.timings import doubts
from harness.reporting.types.write import REPEATS, details_of


@dataclass(frozen=True)
class Check:
    """A check, and what it looks for, in a sentence."""

    looks_for: str
    find: Callable[[Summary], Finding]


def _all_answered(summary: Summary) -> Finding:
    failed = [cell for cell in summary.cells if cell.status == "failed"]
    if not summary.cells:
        return still_open("the suite asks no model anything")
    if failed:
        where = listed(list(dict.fromkeys(f"{cell.model}/{cell.task}" for cell in failed)))
        many = f"{len(failed)} of {plural(len(summary.cells), 'cell')} failed: "
        return Finding(State.NOT_MET, (many, *where))
    if summary.partial is not None:
        return still_open("these results are partial: see Limits")
    return Finding(State.MET, (f"all {plural(len(summary.cells), 'cell')} were answered",))


def _llamacpp(summary: Summary) -> Finding:
    answered = {cell.model for cell in summary.cells if cell.status == "ok"}
    found = [m for m, of in summary.models.items() if of.engine == "llamacpp" and m in answered]
    if not found:
        return still_open("no model was run by llama.cpp")
    return Finding(State.MET, (*listed(found), " answered under llama.cpp"))


def _quantized(summary: Summary) -> Finding:
    types = [kind for of in summary.models.values() if is_quantized(of) and (kind := precision(of))]
    if not types:
        return still_open("no model is quantized")
    return Finding(State.MET, (", ".join(dict.fromkeys(types)),))


def _chat_template(summary: Summary) -> Finding:
    modes = {
        model: of.mode
        for task in free_text_tasks(summary)
        for model, of in details_of(summary, task).items()
    }
    plain = [model for model, mode in modes.items() if mode == "plain"]
    if not modes:
        return still_open("no model was asked to write")
    if plain:
        said = " got prompts as text to go on with: without a chat template it is no instruct model"
        return Finding(State.NOT_MET, (*listed(plain), said))
    return Finding(State.MET, ("asked through the chat template: ", *listed(list(modes))))


def _real_model(summary: Summary) -> Finding:
    if not summary.models:
        return still_open("there is no model")
    if is_synthetic(summary):
        return Finding(State.NOT_MET, ("model or data are a synthetic stand-in",))
    return Finding(State.MET, ("neither model nor data are stand-ins",))


def _texts(summary: Summary) -> list[WrittenText]:
    tasks = free_text_tasks(summary)
    return [t for k in tasks for of in details_of(summary, k).values() for t in of.texts.values()]


def _answers_written(summary: Summary) -> Finding:
    texts = _texts(summary)
    if not texts:
        return still_open("no model was asked to write")
    empty = sum(not of.text for of in texts)
    if empty:
        return Finding(State.NOT_MET, (f"{empty} of {plural(len(texts), 'answer')} are empty",))
    return Finding(State.MET, (f"{plural(len(texts), 'answer')}, none empty",))


def _answers_without_loops(summary: Summary) -> Finding:
    texts = _texts(summary)
    loops = sum(of.repetition >= REPEATS for of in texts)
    cut = sum(of.truncated for of in texts)
    if not texts:
        return still_open("no model was asked to write")
    end = f"; {cut} reached the limit of tokens" if cut else ""
    said = f"{loops or 'none'} of {plural(len(texts), 'answer')} repeat themselves{end}"
    state = State.MET if not loops else State.PARTLY if 2 * loops < len(texts) else State.NOT_MET
    return Finding(state, (said,))


def _speed_measured(summary: Summary) -> Finding:
    said: list[Line] = []
    doubted = False
    for task in timed_tasks(summary):
        of = headline(summary.tasks[task])
        found = {m: value for m in summary.models if (value := value_of(summary, m, task, of.name))}
        said += [(Name(model), f" {words(of, value)}") for model, value in found.items()]
        doubted |= bool(doubts(timings_of(summary, task)))
    if not said:
        return still_open("nothing was timed")
    shown = joined(said[:4], ", ")
    more = f" and {len(said) - 4} more" if len(said) > 4 else ""
    doubt = "; these timings are in doubt (see Limits)" if doubted else ""
    return Finding(State.MET, ("decode: ", *shown, more + doubt))


def _checks_passed(summary: Summary) -> Finding:
    statuses = [check.status for check in all_checks(summary)]
    if not statuses:
        return still_open("no checks were recorded")
    state = State.NOT_MET if "failed" in statuses else State.MET
    return Finding(State.PARTLY if "allowed" in statuses else state, outcome_line(summary))


def _gates_met(summary: Summary) -> Finding:
    outcomes = {gate.outcome for gate in summary.gates}
    if not outcomes:
        return still_open("the suite has no gates")
    state = State.NOT_MET if "not met" in outcomes else State.MET
    return Finding(State.OPEN if outcomes == {"undecided"} else state, gates(summary))


def _fidelity(summary: Summary) -> Finding:
    tasks = [t for t in reference_tasks(summary) if any(c.task == t for c in summary.cells)]
    if not tasks:
        return still_open("no quantization is held against its reference")
    return Finding(State.MET, listed(tasks))


def _reproducible(summary: Summary) -> Finding:
    if not summary.commands or not summary.suite.get("text"):
        return still_open("the results hold no command or no suite")
    return Finding(State.MET, (Name(summary.commands[0]),))


CHECKS: Mapping[str, Check] = {
    "all_answered": Check("every model answered every task", _all_answered),
    "answers_without_loops": Check(
        "written answers do not repeat themselves", _answers_without_loops
    ),
    "answers_written": Check("models wrote on prompts, and no answer is empty", _answers_written),
    "asked_through_chat_template": Check("prompts went through a chat template", _chat_template),
    "checks_passed": Check("the checks of models and prompts passed", _checks_passed),
    "compared_before_after": Check("fine-tuned models are compared with their base", compared),
    "divergence_measured": Check("a divergence from a reference was measured", _fidelity),
    "examples_shown": Check("there are answers that fine-tuning bettered", examples),
    "fine_tuned": Check("a model was fine-tuned, by any method", fine_tuned),
    "fine_tuned_with_lora": Check("a model was fine-tuned with LoRA or QLoRA", lora),
    "gates_met": Check("the suite's gates are met", _gates_met),
    "improvement_shown": Check("an improvement by fine-tuning is shown", improvement),
    "loss_fell": Check("the training loss fell", loss_fell),
    "quantized": Check("a model is quantized", _quantized),
    "real_model": Check("model and data are no synthetic stand-ins", _real_model),
    "reproducible": Check("the command and the suite are recorded", _reproducible),
    "runs_under_llamacpp": Check("a model answered under llama.cpp", _llamacpp),
    "speed_measured": Check("generation speed was measured", _speed_measured),
}
"""By name, what `checks:` of a criterion may ask for."""
