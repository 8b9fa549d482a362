"""What is learned of one example."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingExample:
    """A prompt and the answer to be learned, which ends with the end-of-turn id, as token ids."""

    prompt_ids: tuple[int, ...]
    target_ids: tuple[int, ...]
    part: int = 0
    """The number of the task or file that it comes from, in the order of the recipe."""

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.target_ids)
