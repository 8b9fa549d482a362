"""Asks models about a text of one's own, in the very words in which the suite asked its examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.chat.demo.recorded import Recorded, RecordedAnswer, shares
from harness.chat.records import Conversation, Done, Labels, Settings
from harness.errors import BadDataError
from harness.metrics.metric import Answer
from harness.metrics.registry import metrics_of, scores_of
from harness.runner.run import Prepared
from harness.suite.lineage import root_of
from harness.suite.schema import TASK_TYPES
from harness.tasks.labels import parse_label
from harness.tasks.prompts import Prompt, PromptSet


@dataclass(frozen=True)
class Question:
    """What a model is asked, and how it is to answer."""

    conversation: Conversation
    settings: Settings
    labels: tuple[str, ...] = ()
    """The labels that it chooses from, or may name in what it writes; none of free text."""


@dataclass(frozen=True)
class Unaskable:
    """Why a model cannot be asked about another text."""

    reason: str


@dataclass(frozen=True)
class Asker:
    """Puts texts to the models of a suite."""

    prepared: Prepared
    recorded: Recorded

    def question(self, task: str, model: str, text: str) -> Question | Unaskable:
        """A text in place of an example's own, with all else as the suite has it.

        Args:
            task: of the suite.
            model: of the suite.
            text: one's own.
        """
        spec = self.prepared.suite.spec
        if task not in spec.tasks or model not in self.prepared.plan.models:
            return Unaskable("the suite no longer has it")
        if self.prepared.plan.models[model].endpoint is not None:
            return Unaskable("a server runs it, and puts texts in words of its own")
        wanted = spec.tasks[task]
        if TASK_TYPES[wanted.type].own_choices:
            return Unaskable("each example of this task has choices of its own")
        found = self._prompts(task, root_of(spec.models, model))
        if isinstance(found, Unaskable):
            return found
        around = _around(found, self._texts(task))
        if around is None:
            return Unaskable("its prompts differ in more than the example's text")
        asked = Conversation.of(f"{around[0]}{text}{around[1]}", raw=True)
        if found.labels and "choose" in wanted.needs and not found.ending.written:
            like = found.prompts[0]
            ends = tuple(sorted(found.ending.ids))
            labels = Labels(like.continuations, found.score_of(like), ends)
            return Question(asked, Settings(labels=labels), found.labels)
        limit = int(getattr(wanted, "max_new_tokens"))  # noqa: B009
        greedy = Settings(temperature=0, max_new_tokens=limit, seed=0, stops=found.ending.texts)
        return Question(asked, greedy, found.labels)

    def answer(
        self, task: str, model: str, question: Question, done: Done, reference: str
    ) -> RecordedAnswer:
        """What came back, as answers of the suite's examples are shown.

        Args:
            task: of the suite.
            model: of the suite.
            question: that it answers.
            done: the end of its answer.
            reference: the right answer; "" where nobody said one.
        """
        labels = question.labels
        label = text = None
        if done.chosen is not None:
            label = text = labels[done.chosen]
        elif labels:
            label = parse_label(done.text, labels)
        type_name = self.recorded.summary.tasks[task].type
        scores: Mapping[str, float] = {}
        if reference and not labels:
            given = Answer(done.text.strip(), reference, truncated=done.finish == "length")
            scores = scores_of(metrics_of(type_name), given)
        right = label == reference if labels and reference else None
        found = dict(zip(labels, done.logprobs, strict=False)) if done.logprobs else {}
        written = label if labels and done.chosen is None else None
        return RecordedAnswer(
            model, text or done.text.strip(), written, right, scores, shares(found)
        )

    def _prompts(self, task: str, root: str) -> PromptSet | Unaskable:
        key = self.prepared.plan.prompts.get((task, root))
        if key is None:
            return Unaskable("the suite does not ask it this")
        step = self.prepared.plan.steps[key]
        try:
            found = PromptSet.read(self.prepared.artifacts.folder(step))
        except BadDataError:
            return Unaskable("the suite's prompts are not on this machine: run the suite first")
        return found if found.prompts else Unaskable("the suite has no prompts of it")

    def _texts(self, task: str) -> Mapping[str, str]:
        return self.recorded.answered.texts.get(task) or self.recorded.summary.tasks[task].asked


def _around(prompts: PromptSet, texts: Mapping[str, str]) -> tuple[str, str] | None:
    """What stands before and behind every example's own text; None where that differs."""
    found: set[tuple[str, str]] = set()
    for prompt in prompts.prompts:
        own = texts.get(prompt.id, "")
        if own and _holds_once(prompt, own):
            before, _, after = prompt.text.rpartition(own)
            found.add((before, after))
    return found.pop() if len(found) == 1 else None


def _holds_once(prompt: Prompt, text: str) -> bool:
    return prompt.text.count(text) == 1
