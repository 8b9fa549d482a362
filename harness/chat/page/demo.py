"""The tab of examples: what changed, drawn by lot, and what the models say to a text of one's own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from typing import Any

import gradio

from harness.chat.demo.asking import Asker, Question, Unaskable
from harness.chat.demo.recorded import Group, Pair, Recorded
from harness.chat.page.contests import told_html
from harness.chat.page.examples import (
    answer_html,
    clipped,
    example_html,
    failed_html,
    lead_html,
    waiting_html,
)
from harness.chat.page.figures import state_of
from harness.chat.page.talk import Update
from harness.chat.records import Done, Failed
from harness.chat.replies import Reply
from harness.chat.room import Answer
from harness.chat.side_by_side import together
from harness.chat.workplace import Workplace
from harness.errors import HarnessError, InputError

SHOWN = 10
"""Examples that are drawn at a time."""
FIRST_SEED = 0


class DemoTab:
    """Builds the tab, and does what its buttons say."""

    def __init__(self, of: Workplace) -> None:
        self._of = of
        self._answers: dict[str, Sequence[Answer]] = {}

    def build(self) -> None:
        """Puts the components where a `gradio.Blocks` is open."""
        try:
            recorded = self._of.recorded()
        except InputError as error:
            gradio.HTML(told_html(f"{error.message} {error.hint}", bad=True))
            return
        if recorded is None or not recorded.tasks:
            gradio.HTML(told_html("There are no answers to show yet: run the suite first."))
            return
        task = recorded.tasks[0]
        pair = _first(recorded.pairs(task))
        self._seed = gradio.State(FIRST_SEED)
        with gradio.Row():
            self._task = gradio.Dropdown(recorded.tasks, value=task, label="Task", min_width=150)
            models = recorded.models(task)
            self._before = gradio.Dropdown(
                models, value=pair.before, label="Before", min_width=150, elem_id="hc-before"
            )
            self._after = gradio.Dropdown(
                models, value=pair.after, label="After", min_width=150, elem_id="hc-after"
            )
        self._lead = gradio.HTML(elem_id="hc-demo-lead")
        self._group = gradio.Radio(label="Examples", elem_id="hc-groups")
        self._examples = gradio.Radio(label=f"{SHOWN} of them, drawn by lot", elem_id="hc-examples")
        with gradio.Row():
            self._others = gradio.Button("Draw others", min_width=130)
            self._all = gradio.Checkbox(False, label="Show every model's answer", min_width=220)
        self._example = gradio.HTML(example_html(recorded, task, None), elem_id="hc-example")
        with gradio.Row(), gradio.Column():
            self._text = gradio.Textbox(
                label="A text of your own, asked as the suite asks", lines=3, max_lines=12,
                elem_id="hc-own",
            )  # fmt: skip
            self._reference = gradio.Textbox(
                label="Its right answer, if you want it graded", lines=1, max_lines=6,
                elem_id="hc-own-reference",
            )  # fmt: skip
            with gradio.Row():
                self._ask = gradio.Button("Ask both", variant="primary", min_width=130)
                self._stop = gradio.Button("Stop", interactive=False, min_width=130)
        self._live = gradio.HTML(elem_id="hc-live")
        if self._of.prepared is None:
            gradio.HTML(told_html(f"Models cannot be asked here: {self._of.without}"))
        self._connect()

    def _connect(self) -> None:
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        chosen = [self._task, self._before, self._after]
        of_pair = [self._lead, self._group, self._examples, self._seed, self._example, self._live]
        gradio.context.Context.root_block.load(self._pair, chosen, of_pair, **hidden)
        self._task.input(self._of_task, self._task, [self._before, self._after, *of_pair], **hidden)
        for model in (self._before, self._after):
            model.input(self._pair, chosen, of_pair, **hidden)
        listed = [self._examples, self._example]
        self._group.input(self._listed, [*chosen, self._group, self._seed], listed, **hidden)
        self._others.click(
            self._drawn,
            [*chosen, self._group],
            [self._seed, self._examples, self._example],
            **hidden,
        )
        one = [*chosen, self._examples, self._all]
        shown = [self._example, self._text, self._reference]
        self._examples.input(self._chosen, one, shown, **hidden)
        self._all.input(self._chosen, one, shown, **hidden)
        self._ask.click(
            self._asked, [*chosen, self._text, self._reference], [self._live, self._ask, self._stop],
            concurrency_limit=None, **hidden,
        )  # fmt: skip
        self._stop.click(self._end, None, None, queue=False, **hidden)
        gradio.context.Context.root_block.unload(self._end)

    def _recorded(self) -> Recorded:
        found = self._of.recorded()
        if found is None:
            raise gradio.Error("The results are gone.", print_exception=False)
        return found

    def _groups(self, task: str, before: str, after: str) -> list[Group]:
        recorded = self._recorded()
        if task not in recorded.tasks:
            return [Group("all", (), 0)]
        return recorded.groups(task, Pair(str(before), str(after)))

    def _of_task(self, task: str) -> Update:
        """Another task: the models that answered it."""
        recorded = self._recorded()
        pair, models = _first(recorded.pairs(task)), recorded.models(task)
        return self._pair(task, pair.before, pair.after) | {
            self._before: gradio.Dropdown(models, value=pair.before),
            self._after: gradio.Dropdown(models, value=pair.after),
        }

    def _pair(self, task: str, before: str, after: str) -> Update:
        """Other models: how the examples changed between them."""
        recorded, groups = self._recorded(), self._groups(task, before, after)
        choices = [(_group_words(group), group.key) for group in groups if group.ids]
        return {
            self._lead: lead_html(recorded, task, Pair(before, after), groups),
            self._group: gradio.Radio(choices, value="all"),
            self._examples: self._radio(recorded, task, groups[0], FIRST_SEED),
            self._seed: FIRST_SEED,
            self._example: example_html(recorded, task, None),
            self._live: "",
        }

    def _listed(self, task: str, before: str, after: str, key: str, seed: int) -> Update:
        """Another kind of change."""
        groups = self._groups(task, before, after)
        group = next((group for group in groups if group.key == key), groups[0])
        recorded = self._recorded()
        return {
            self._examples: self._radio(recorded, task, group, int(seed)),
            self._example: example_html(recorded, task, None),
        }

    def _drawn(self, task: str, before: str, after: str, key: str) -> Update:
        """Other examples, by lot."""
        seed = secrets.randbelow(2**31)
        return self._listed(task, before, after, key, seed) | {self._seed: seed}

    def _radio(self, recorded: Recorded, task: str, group: Group, seed: int) -> Any:
        ids = group.drawn(SHOWN, seed)
        texts = {id: recorded.example(task, id, ()).text for id in ids}
        choices = [(f"{id}: {clipped(texts[id])}", id) for id in ids]
        words = f"{len(ids)} of {len(group.ids)}, drawn by lot" if ids else "There are none"
        return gradio.Radio(choices, value=None, label=words)

    def _chosen(self, task: str, before: str, after: str, id: str | None, every: bool) -> Update:
        """One example, with the answers that were recorded."""
        recorded = self._recorded()
        if id is None or task not in recorded.tasks:
            return {self._example: example_html(recorded, task, None)}
        models = recorded.models(task) if every else list(dict.fromkeys([before, after]))
        example = recorded.example(task, id, models)
        return {
            self._example: example_html(recorded, task, example),
            self._text: example.text,
            self._reference: example.reference,
        }

    def _asked(
        self,
        request: gradio.Request,
        task: str,
        before: str,
        after: str,
        text: str,
        reference: str,
    ) -> Iterator[Update]:
        """What both models say now to a text."""
        if not str(text or "").strip():
            return
        prepared, recorded = self._of.prepared, self._recorded()
        if prepared is None:
            yield {self._live: told_html(self._of.without)}
            return
        asker = Asker(prepared, recorded)
        models = list(dict.fromkeys([str(before), str(after)]))
        cards = {model: waiting_html(model, "Waiting …") for model in models}
        questions: list[tuple[str, Question, Answer]] = []
        for model in models:
            found = asker.question(task, model, str(text))
            if isinstance(found, Unaskable):
                cards[model] = waiting_html(model, f"It cannot be asked here: {found.reason}.")
                continue
            try:
                asked = self._of.room.ask(model, found.conversation, found.settings)
                questions.append((model, found, asked))
            except HarnessError as error:
                cards[model] = failed_html(model, Failed(error.kind, error.message, error.hint))
        session, answers = str(request.session_hash), [answer for _, _, answer in questions]
        self._answers[session] = answers
        replies = [Reply.of(answer.model) for answer in answers]
        yield self._running(cards, True)
        for place, event in together(answers):
            model, question, _ = questions[place]
            reply = replies[place] = replies[place].after(event)
            match event:
                case Done(finish="stopped"):
                    cards[model] = waiting_html(model, "Stopped.")
                case Done():
                    said = asker.answer(task, model, question, event, str(reference or "").strip())
                    cards[model] = answer_html(recorded, task, said)
                case Failed():
                    cards[model] = failed_html(model, event)
                case _:
                    cards[model] = waiting_html(model, state_of(reply) or reply.text)
            yield self._running(cards, True)
        if self._answers.get(session) is answers:
            del self._answers[session]
        yield self._running(cards, False)

    def _running(self, cards: dict[str, str], running: bool) -> Update:
        sides = '<h3 class="hc-above">Live</h3>'
        sides += f'<div class="hc-sides" role="group" aria-label="Live answers">{"".join(cards.values())}</div>'
        return {
            self._live: sides,
            self._ask: gradio.Button(interactive=not running),
            self._stop: gradio.Button(interactive=running),
        }

    def _end(self, request: gradio.Request) -> None:
        for answer in self._answers.get(str(request.session_hash), ()):
            answer.stop()


def _first(pairs: Sequence[Pair]) -> Pair:
    return pairs[0] if pairs else Pair("", "")


def _group_words(group: Group) -> str:
    return f"{group.title} ({len(group.ids)})"
