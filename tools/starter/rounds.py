"""What the starter is trained on, in which order and how fast: the plan that pretrain.py follows.

Copying a name never seen before came only with texts that stand twice, and reading which way a
figure moves only once the loss was taken on answers alone; hence the rounds.
"""

from dataclasses import dataclass

from tools.starter.text.corpus import (
    ANSWER_MIX,
    COPY_MIX,
    DENSE_MIX,
    LAST_MIX,
    PLAIN_MIX,
    TURN_MIX,
    Mix,
)


@dataclass(frozen=True)
class Stage:
    """One stretch of training; a step has `sequences` times `length` tokens.

    `schedule` is the number of steps after which the learning rate would be at its lowest, where
    that is not the last step. With `is_answers_only` a document with turns counts only where the
    assistant speaks.
    """

    mix: Mix
    steps: int
    sequences: int
    length: int
    learning_rate: float
    schedule: int | None = None
    is_answers_only: bool = False


@dataclass(frozen=True)
class Round:
    """Stages under one optimizer: AdamW alone, or Muon for the matrices between the layers."""

    stages: tuple[Stage, ...]
    is_muon: bool


ROUNDS = (
    Round((Stage(PLAIN_MIX, 1000, 16, 256, learning_rate=3e-3, schedule=1300),), is_muon=False),
    Round((Stage(DENSE_MIX, 400, 16, 256, learning_rate=2.5e-3, schedule=1800),), is_muon=False),
    Round(
        (
            Stage(COPY_MIX, 300, 16, 256, learning_rate=2e-3, schedule=2000),
            Stage(DENSE_MIX, 1000, 16, 256, learning_rate=2e-3),
        ),
        is_muon=True,
    ),
    Round((Stage(TURN_MIX, 500, 8, 512, learning_rate=1.5e-3, schedule=1000),), is_muon=True),
    Round(
        (Stage(ANSWER_MIX, 600, 8, 512, learning_rate=1.5e-3, is_answers_only=True),), is_muon=True
    ),
    Round(
        (Stage(LAST_MIX, 600, 8, 512, learning_rate=1.5e-3, is_answers_only=True),), is_muon=True
    ),
)
