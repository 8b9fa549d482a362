"""What has to be known before needs can be told: found when it is asked for, and once."""

from __future__ import annotations

from functools import cache

from harness.disk import bytes_in
from harness.errors import HarnessError
from harness.estimate.asked import (
    BYTES_PER_TOKEN,
    STARTER_BYTES_PER_TOKEN,
    LearnedTokens,
    asked_of,
    learned_of,
)
from harness.estimate.inference import Ask
from harness.estimate.machine import Machine
from harness.estimate.shape import ModelShape
from harness.estimate.sources import Source, source_of
from harness.plan.steps import Step
from harness.runner.run import Prepared
from harness.starter import MODEL_FOLDER


class UnknownError(Exception):
    """Something that a need follows from is not known; the message says why, and how to mend it."""


class Facts:
    """Of one prepared suite. Keys are those of its plan's steps."""

    def __init__(self, prepared: Prepared, machine: Machine, may_ask: bool = True) -> None:
        """`may_ask`: whether the Hub may be asked about what is not here."""
        self.plan, self.store, self.machine = prepared.plan, prepared.artifacts, machine
        self._may_ask = may_ask
        self.source = cache(self._source)
        self.asked = cache(self._asked)
        self.learned = cache(self._learned)

    def beginning(self, step: Step) -> Source:
        """The source that a step's files go back to."""
        while not step.row.begins:
            step = self.plan.steps[step.parents.get("weights") or step.parents["gguf"]]
        return self.source(step.key)

    def shape(self, step: Step) -> ModelShape:
        """Of the model that a step makes or loads.

        Raises:
            UnknownError: of the source that it goes back to.
        """
        source = self.beginning(step)
        if source.shape is None:
            raise UnknownError(source.problem)
        return source.shape

    def made_bytes(self, step: Step) -> int | None:
        """Bytes on disk of what a step has made; None where it has not."""
        if self.store.manifest(step) is None:
            return None
        return bytes_in(self.store.folder(step))

    def _source(self, key: str) -> Source:
        return source_of(self.plan.steps[key], self.store, self._may_ask)

    def _asked(self, key: str) -> Ask:
        """What a step that writes prompts asks."""
        try:
            return asked_of(self.plan.steps[key], self.store, self._bytes_per_token(key))
        except HarnessError:
            raise UnknownError("What it is asked is not known: its data cannot be read.") from None

    def _learned(self, key: str) -> LearnedTokens:
        """What a step that encodes examples gives to learn."""
        try:
            return learned_of(self.plan.steps[key], self.store, self._bytes_per_token(key))
        except HarnessError:
            raise UnknownError("What it is asked is not known: its data cannot be read.") from None

    def _bytes_per_token(self, key: str) -> float:
        tokenizer = self.plan.steps[key].parents.get("tokenizer")
        if tokenizer is None:
            return BYTES_PER_TOKEN
        source = self.plan.steps[tokenizer]
        starter = source.kind == "random" or self.store.file(source) == MODEL_FOLDER
        return STARTER_BYTES_PER_TOKEN if starter else BYTES_PER_TOKEN
