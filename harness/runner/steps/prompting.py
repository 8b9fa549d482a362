"""The step that prepares what is asked, without what is too long for one of the models that are asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.opening import open_data
from harness.errors import BadDataError
from harness.models.sources import card_languages, made_for_tokens
from harness.plan.params import Fit, PromptsParams
from harness.results.artifacts import TEXTS
from harness.runner.jobs import Progress, StepJob
from harness.runner.steps.examples import chat_settings, phrasing, prompt_format_of, read_text

if TYPE_CHECKING:
    from harness.engines.tokenizer import Tokenizer
    from harness.tasks.prompts import Prompt, PromptSet


def prompts(job: StepJob, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """What a task asks the models of one lineage."""
    from harness.models.parity.legible import check_legible

    params = job.step.given(PromptsParams)
    if params.asked_of and (reason := not_asked(job, params)):
        return _nothing(reason, out)
    own = Fit(role="" if params.served else "tokenizer", plain=params.plain, chat=params.chat)
    asked = _encoded(job, own)
    found: dict[str, Any] = {}
    if params.fits:
        asked, found = _that_fit(job, asked)
    asked.prompts.write(out)
    if not params.window:
        (out / TEXTS).write_text(json.dumps(asked.texts, ensure_ascii=False), encoding="utf-8")
    if params.served:
        return found | asked.prompts.summary() | {"checks": []}
    legible = check_legible(asked.tokenizer, asked.prompts.prompts)
    found |= asked.prompts.summary() | {"checks": [legible.model_dump(mode="json")]}
    if params.window:
        return found
    thinks = how_it_thinks(asked.tokenizer.chat_template, asked.prompts)
    return {**found, "thinks": thinks, "unknown": legible.figures["unknown"]}


def not_asked(job: StepJob, params: PromptsParams) -> str:
    """Why what a task asks is not for this lineage; "" where it is."""
    from harness.engines.tokenizer import open_tokenizer

    if params.served:
        return ""
    folder = Path(job.inputs["tokenizer"])
    languages = card_languages(folder)
    if languages and "en" not in languages:
        named = ", ".join(languages)
        return f"it is in English, and the model's card names other languages ({named})"
    if params.asked_of == "english chat":
        if params.plain:
            return "it is for chat models, and the suite asks this one without a chat template"
        if not open_tokenizer(folder, chat_settings(job, params.chat)).has_chat_template:
            return "it is for chat models, and this one has no chat template"
    return ""


def _nothing(reason: str, out: Path) -> dict[str, Any]:
    from harness.tasks.prompts import PromptSet

    empty = PromptSet((), (), frozenset(), "plain", 0, not_asked=reason)
    empty.write(out)
    (out / TEXTS).write_text("{}", encoding="utf-8")
    return empty.summary() | {"checks": []}


@dataclass(frozen=True)
class Encoded:
    """What a task asks by one lineage's tokenizer, and by example id the text that it is about."""

    tokenizer: Tokenizer
    prompts: PromptSet
    texts: dict[str, str]


def _encoded(job: StepJob, way: Fit) -> Encoded:
    """What the task asks, by the tokenizer of a role; "" is a server that has its own."""
    from harness.engines.endpoint.texts import AsSent
    from harness.engines.tokenizer import open_tokenizer
    from harness.tasks.ask import put
    from harness.tasks.asking import AskedData
    from harness.tasks.documents import passages_to_read, windows_to_read
    from harness.tasks.prompting import prompts_to_ask, prompts_to_write

    params = job.step.given(PromptsParams)
    if params.window:
        tokenizer = open_tokenizer(Path(job.inputs[way.role]))
        text = read_text(job.places.file(params.text))
        windows = windows_to_read(tokenizer, text, params.window, params.limit, params.seed)
        return Encoded(tokenizer, windows, {})
    tokenizer = (
        open_tokenizer(Path(job.inputs[way.role]), chat_settings(job, way.chat))
        if way.role
        else AsSent()
    )
    prompt_format = prompt_format_of(way.plain, params)
    if params.prompts:
        texts = dict(params.prompts)
        if params.passages:
            read = passages_to_read(tokenizer, texts, params.available)
            return Encoded(tokenizer, read, texts)
        stop = params.stop or ()
        own = prompts_to_write(tokenizer, texts, params.available, prompt_format, stop)
        return Encoded(tokenizer, own, texts)
    ref = job.places.data[params.contents]
    info = open_data(ref)
    dataset = info.read()
    asked = put(ref["kind"], AskedData(dataset, phrasing(info.phrasing, params)), params)
    prompts = prompts_to_ask(
        tokenizer,
        asked.dataset,
        asked.phrasing,
        limit=params.limit,
        seed=params.seed,
        shots=params.shots,
        prompt_format=prompt_format,
        score=(params.score or "auto") if "score" in params.model_fields_set else "",
        stop=params.stop if "stop" in params.model_fields_set else (),
    )
    drawn_ids = {prompt.id for prompt in prompts.prompts}
    texts = {example.id: example.text for example in dataset.test if example.id in drawn_ids}
    return Encoded(tokenizer, prompts, texts)


def _that_fit(job: StepJob, asked: Encoded) -> tuple[Encoded, dict[str, Any]]:
    """What of it every lineage's models can be asked, and what was left out for which of them.

    Raises:
        BadDataError: nothing is left.
    """
    params = job.step.given(PromptsParams)
    left_out: set[str] = set()
    counts, contexts = [], []
    for fit in params.fits:
        context = _context(Path(job.inputs[fit.role]), fit.context)
        encoded = asked if fit.role == "tokenizer" else _encoded(job, fit)
        sizes = {of.id: _tokens(of, encoded, params) for of in encoded.prompts.prompts}
        over = {name for name, size in sizes.items() if context is not None and size > context}
        left_out |= over
        counts.append(len(over))
        contexts.append(context)
    kept = [prompt for prompt in asked.prompts.prompts if prompt.id not in left_out]
    if not kept:
        least = min(context for context in contexts if context is not None)
        raise BadDataError(
            f"All {len(asked.prompts.prompts)} examples are longer than a context of {least} tokens, so "
            "that `too_long: leave_out` leaves none.",
            "Use fewer shots or fewer new tokens, or models with a longer context.",
        )
    found = {"rows": len(left_out), "of": len(asked.prompts.prompts)}
    fitting = replace(
        asked.prompts,
        prompts=tuple(replace(prompt, index=place) for place, prompt in enumerate(kept)),
    )
    texts = {name: text for name, text in asked.texts.items() if name not in left_out}
    told = {"too_long": found | {"counts": counts, "contexts": contexts}}
    return Encoded(asked.tokenizer, fitting, texts), told


def _tokens(prompt: Prompt, encoded: Encoded, params: PromptsParams) -> int:
    """How long a context a prompt takes with all that is to come behind it."""
    end = encoded.prompts.score_of(prompt) == "end"
    behind = {
        "choices": max(map(len, prompt.choices), default=0) + end,
        "answer": params.new_tokens,
        "target": len(prompt.target_ids),
    }
    return len(prompt.ids) + behind[params.behind or "target"]


def _context(place: Path, given: int) -> int | None:
    """The longest context of a lineage's models in tokens; None where nothing limits it."""
    return min((size for size in (given, made_for_tokens(place)) if size), default=None)


def how_it_thinks(template: str | None, prompts: PromptSet) -> str:
    """`opened` where the template begins a thought, `may` where it lets the model begin one, or ""."""
    from harness.engines.chat import SWITCHES, variables_of
    from harness.engines.reasoning import MARKS, open_mark

    if template is None or prompts.mode != "chat" or not prompts.prompts:
        return ""
    text = prompts.prompts[0].text
    if open_mark(text) is not None:
        return "opened"
    closed = any(text.rstrip().endswith(closer) for _, closer in MARKS)
    return "may" if not closed and variables_of(template) & set(SWITCHES) else ""
