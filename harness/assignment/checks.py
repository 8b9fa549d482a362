"""Named checks that a criterion can ask for: each looks at the results and says what they show.

A check is met only by what was measured; what nobody asked for yet is open, and what the results speak
against is not met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.assignment.changes import demo_rows, headlines, tuned
from harness.assignment.states import Finding, State
from harness.finetuning import METHODS
from harness.quantities import plural
from harness.records import Summary, WrittenText
from harness.reporting.answer import Effect
from harness.reporting.answer.effects import effects
from harness.reporting.answer.facts import is_synthetic
from harness.reporting.answer.figures import change_words
from harness.reporting.answer.picked import subject
from harness.reporting.blocks import Line, Name, joined, listed
from harness.reporting.checks import outcome_line
from harness.reporting.format import fixed
from harness.reporting.gates import gates
from harness.reporting.kinds import is_quantized, precision
from harness.reporting.marks import all_checks
from harness.reporting.measures import (
    free_text_tasks,
    headline,
    label,
    reference_tasks,
    timed_tasks,
    value_of,
    words,
)
from harness.reporting.outcomes import Conclusion, JudgedDifference, in_words
from harness.reporting.timings import details_of as timings_of
from harness.reporting.timings import doubts
from harness.reporting.types.write import REPEATS, details_of


@dataclass(frozen=True)
class Check:
    """A check, and what it looks for, in a sentence."""

    looks_for: str
    find: Callable[[Summary], Finding]


def _open(said: str) -> Finding:
    return Finding(State.OPEN, (said,))


def _all_answered(summary: Summary) -> Finding:
    failed = [cell for cell in summary.cells if cell.status == "failed"]
    if not summary.cells:
        return _open("the suite asks no model anything")
    if failed:
        where = listed(list(dict.fromkeys(f"{cell.model}/{cell.task}" for cell in failed)))
        many = f"{len(failed)} of {plural(len(summary.cells), 'cell')} failed: "
        return Finding(State.NOT_MET, (many, *where))
    if summary.partial is not None:
        return _open("these results are partial: see Limits")
    return Finding(State.MET, (f"all {plural(len(summary.cells), 'cell')} were answered",))


def _llamacpp(summary: Summary) -> Finding:
    answered = {cell.model for cell in summary.cells if cell.status == "ok"}
    found = [m for m, of in summary.models.items() if of.engine == "llamacpp" and m in answered]
    if not found:
        return _open("no model was run by llama.cpp")
    return Finding(State.MET, (*listed(found), " answered under llama.cpp"))


def _quantized(summary: Summary) -> Finding:
    types = [kind for of in summary.models.values() if is_quantized(of) and (kind := precision(of))]
    if not types:
        return _open("no model is quantized")
    return Finding(State.MET, (", ".join(dict.fromkeys(types)),))


def _chat_template(summary: Summary) -> Finding:
    modes = {
        model: of.mode
        for task in free_text_tasks(summary)
        for model, of in details_of(summary, task).items()
    }
    plain = [model for model, mode in modes.items() if mode == "plain"]
    if not modes:
        return _open("no model was asked to write")
    if plain:
        said = " got prompts as text to go on with: without a chat template it is no instruct model"
        return Finding(State.NOT_MET, (*listed(plain), said))
    return Finding(State.MET, ("asked through the chat template: ", *listed(list(modes))))


def _real_model(summary: Summary) -> Finding:
    if not summary.models:
        return _open("there is no model")
    if is_synthetic(summary):
        return Finding(State.NOT_MET, ("model or data are a synthetic stand-in",))
    return Finding(State.MET, ("neither model nor data are stand-ins",))


def _texts(summary: Summary) -> list[WrittenText]:
    tasks = free_text_tasks(summary)
    return [t for k in tasks for of in details_of(summary, k).values() for t in of.texts.values()]


def _answers_written(summary: Summary) -> Finding:
    texts = _texts(summary)
    if not texts:
        return _open("no model was asked to write")
    empty = sum(not of.text for of in texts)
    if empty:
        return Finding(State.NOT_MET, (f"{empty} of {plural(len(texts), 'answer')} are empty",))
    return Finding(State.MET, (f"{plural(len(texts), 'answer')}, none empty",))


def _answers_without_loops(summary: Summary) -> Finding:
    texts = _texts(summary)
    loops = sum(of.repetition >= REPEATS for of in texts)
    cut = sum(of.truncated for of in texts)
    if not texts:
        return _open("no model was asked to write")
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
        return _open("nothing was timed")
    shown = joined(said[:4], ", ")
    more = f" and {len(said) - 4} more" if len(said) > 4 else ""
    doubt = "; these timings are in doubt (see Limits)" if doubted else ""
    return Finding(State.MET, ("decode: ", *shown, more + doubt))


def _fine_tuned(summary: Summary) -> Finding:
    trained = tuned(summary)
    if not trained:
        return _open("no model is fine-tuned")
    return Finding(State.MET, listed(list(trained)))


def _lora(summary: Summary) -> Finding:
    adapters = {name for name, method in METHODS.items() if method.makes == "adapter"}
    found: list[Line] = [
        (Name(model), f" by {METHODS[of.method].label}")
        for model, of in tuned(summary).items()
        if of.method in adapters
    ]
    if not found:
        return _open("no model is fine-tuned with LoRA or QLoRA")
    return Finding(State.MET, joined(found, ", "))


def _loss_fell(summary: Summary) -> Finding:
    trained = tuned(summary)
    if not trained:
        return _open("no model is fine-tuned")
    said: list[Line] = [
        (Name(m), f" {fixed(of.first_loss, 3)} → {fixed(of.final_loss, 3)}")
        for m, of in trained.items()
    ]
    if any(of.steps < 2 for of in trained.values()):
        return _open("one step of training shows no fall")
    rose = [of for of in trained.values() if of.final_loss >= of.first_loss]
    mixed = any(len(of.learned) > 1 for of in trained.values())
    note = "; batches of several data sets alternate, so that first and last say little" * mixed
    sure = any(len(of.learned) < 2 for of in rose)
    state = State.NOT_MET if sure else State.OPEN if rose else State.MET
    return Finding(state, ("loss of ", *joined(said, ", "), *([note] if note else [])))


def _compared(summary: Summary) -> Finding:
    rows = [
        one for one in headlines(summary, "fine-tuning") if one.outcome is not Conclusion.MISSING
    ]
    if not rows:
        return _open("no fine-tuned model is compared with its base on the same examples")
    n = sum(one.row.low is not None for one in rows)
    state = State.MET if n == len(rows) else State.PARTLY
    said = f"{plural(len(rows), 'paired difference')}, {n} with an interval"
    return Finding(state, (said,))


def _improvement(summary: Summary) -> Finding:
    """Judged as the card judges it: over every measure of quality, those of the headline said first."""
    found = [of for of in effects(summary) if of.kind == "fine-tuning" and of.quality]
    if not found:
        return _open("no fine-tuned model is compared with its base on the same examples")
    states = [_state_of(of) for of in found]
    # harm to one model is not made good by another of which nothing could be shown
    order = (State.MET, State.PARTLY, State.NOT_MET, State.OPEN)
    best = min(states, key=order.index)
    told = found[states.index(best)]
    said: list[Line] = [_change(one) for one in told.headlines]
    said += [_worse(told.candidate, told.others)] if told.others else []
    said += [_worse(of.candidate, of.quality) for of in found if of is not told]
    return Finding(best, (Name(told.candidate), ": ", *joined([line for line in said if line])))


def _worse(candidate: str, rows: Sequence[JudgedDifference]) -> Line:
    """What became worse; nothing where that is nothing."""
    names = dict.fromkeys(label(one.of) for one in rows if one.outcome is Conclusion.WORSE)
    return (Name(candidate), f" became worse in {', '.join(names)}") if names else ()


def _state_of(of: Effect) -> State:
    better, worse = Conclusion.BETTER in of.outcomes, Conclusion.WORSE in of.outcomes
    if better:
        return State.PARTLY if worse else State.MET
    return State.NOT_MET if worse else State.OPEN


def _change(one: JudgedDifference) -> Line:
    return (*subject(one), f" {change_words(one.of, one.row)} ({in_words(one.outcome)})")


def _examples(summary: Summary) -> Finding:
    rows = demo_rows(summary)
    if not rows:
        return _open("no answers of before and after can be held against each other")
    better, worse = sum(row.better or 0 for row in rows), sum(row.worse or 0 for row in rows)
    who = Name(rows[0].candidate)
    if not better:
        return Finding(State.NOT_MET, (who, " bettered not one answer"))
    return Finding(State.MET, (who, f": {better:,} answers became better, {worse:,} worse"))


def _checks_passed(summary: Summary) -> Finding:
    statuses = [check.status for check in all_checks(summary)]
    if not statuses:
        return _open("no checks were recorded")
    state = State.NOT_MET if "failed" in statuses else State.MET
    return Finding(State.PARTLY if "allowed" in statuses else state, outcome_line(summary))


def _gates_met(summary: Summary) -> Finding:
    outcomes = {gate.outcome for gate in summary.gates}
    if not outcomes:
        return _open("the suite has no gates")
    state = State.NOT_MET if "not met" in outcomes else State.MET
    return Finding(State.OPEN if outcomes == {"undecided"} else state, gates(summary))


def _fidelity(summary: Summary) -> Finding:
    tasks = [t for t in reference_tasks(summary) if any(c.task == t for c in summary.cells)]
    if not tasks:
        return _open("no quantization is held against its reference")
    return Finding(State.MET, listed(tasks))


def _reproducible(summary: Summary) -> Finding:
    if not summary.commands or not summary.suite.get("text"):
        return _open("the results hold no command or no suite")
    return Finding(State.MET, (Name(summary.commands[0]),))


CHECKS: Mapping[str, Check] = {
    "all_answered": Check("every model answered every task", _all_answered),
    "answers_without_loops": Check(
        "written answers do not repeat themselves", _answers_without_loops
    ),
    "answers_written": Check("models wrote on prompts, and no answer is empty", _answers_written),
    "asked_through_chat_template": Check("prompts went through a chat template", _chat_template),
    "checks_passed": Check("the checks of models and prompts passed", _checks_passed),
    "compared_before_after": Check("fine-tuned models are compared with their base", _compared),
    "divergence_measured": Check("a divergence from a reference was measured", _fidelity),
    "examples_shown": Check("there are answers that fine-tuning bettered", _examples),
    "fine_tuned": Check("a model was fine-tuned, by any method", _fine_tuned),
    "fine_tuned_with_lora": Check("a model was fine-tuned with LoRA or QLoRA", _lora),
    "gates_met": Check("the suite's gates are met", _gates_met),
    "improvement_shown": Check("an improvement by fine-tuning is shown", _improvement),
    "loss_fell": Check("the training loss fell", _loss_fell),
    "quantized": Check("a model is quantized", _quantized),
    "real_model": Check("model and data are no synthetic stand-ins", _real_model),
    "reproducible": Check("the command and the suite are recorded", _reproducible),
    "runs_under_llamacpp": Check("a model answered under llama.cpp", _llamacpp),
    "speed_measured": Check("generation speed was measured", _speed_measured),
}
"""By name, what `checks:` of a criterion may ask for."""
