"""The optimizer loop: steps of batches in, a point of the curve a step out.

Examples of like length share a batch, so there is little padding. What was done so far is plain data
beside the weights, so that an interrupted training goes on from a checkpoint to the same result.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from harness.engines.hf.load import faulty_weight
from harness.errors import BadModelError
from harness.models.finetune.batches import answer_losses
from harness.models.finetune.checkpoints import Checkpoints, Tensors
from harness.models.finetune.heldout import HeldOut
from harness.models.finetune.optimizer import make_optimizer
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.rows import PADDED, Rows
from harness.models.finetune.schedule import learning_rate_at
from harness.records import TrainingExample, TrainingPoint, ValidationPoint

Batches = Sequence[Sequence[TrainingExample]]


@dataclass
class Done:
    """What of a training is done.

    Attributes:
        points: a point a step.
        answer_tokens: that the loss was computed on.
        validations: of the held-out examples, in order.
        kept: the step whose weights are the best so far.
        lowest: the held-out examples' losses after it.
        last: the same after the last validation.
        validation_seconds: that validations took.
    """

    points: list[TrainingPoint] = field(default_factory=list)
    examples: int = 0
    answer_tokens: int = 0
    validations: list[ValidationPoint] = field(default_factory=list)
    kept: int = 0
    lowest: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    validation_seconds: float = 0.0
    stopped: bool = False

    @property
    def seconds(self) -> float:
        """Of training."""
        return self.points[-1].seconds if self.points else 0.0

    @property
    def tokens(self) -> int:
        """That were seen."""
        return self.points[-1].tokens if self.points else 0

    def to_json(self) -> str:
        """All of it."""
        return json.dumps(
            vars(self)
            | {
                "points": [point.model_dump() for point in self.points],
                "validations": [point.model_dump() for point in self.validations],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Done:
        """What `to_json` wrote."""
        data = json.loads(text)
        data["points"] = [TrainingPoint(**point) for point in data["points"]]
        data["validations"] = [ValidationPoint(**point) for point in data["validations"]]
        return cls(**data)


class Loop:
    """One training: its model, its optimizer, and how far it is."""

    def __init__(
        self,
        model: Any,
        steps: Sequence[Batches],
        held_out: HeldOut | None,
        validated: frozenset[int],
        recipe: Recipe,
        dtype: torch.dtype,
        checkpoints: Checkpoints,
        rows: Rows = PADDED,
    ) -> None:
        """Goes on from the checkpoint where there is one.

        Args:
            model: with what is learned made trainable.
            steps: the batches of each optimizer step.
            validated: after how many steps the held-out examples are asked.
            dtype: of the matrix products.
            rows: how batches are laid out.
        """
        self.model = model
        self.done = Done()
        self._steps = steps
        self._held_out = held_out
        self._validated = validated if held_out is not None else frozenset[int]()
        self._recipe = recipe
        self._dtype = dtype
        self._checkpoints = checkpoints
        self._rows = rows
        self._weights: Tensors = {
            name: weight for name, weight in model.named_parameters() if weight.requires_grad
        }
        self._device = next(iter(self._weights.values())).device
        self._optimizer, self.optimizer_name, self.note = make_optimizer(
            self._weights.values(),
            recipe,
            self._device,
        )
        self._needed: tuple[int, ...] = ()
        self._epoch = sum(len(batch) for step in steps for batch in step) / recipe.epochs
        found = checkpoints.load()
        if found is not None:
            self._restore(found)

    def run(self) -> Iterator[TrainingPoint]:
        """Trains to the end, and leaves the model with the best weights.

        Raises:
            BadModelError: the loss or the gradient is not finite, or a weight at the end.
            NoSpaceError: the disk has no room for a checkpoint.
        """
        self.model.train()
        if not self.done.validations:
            self._validate()
        while len(self.done.points) < len(self._steps) and not self.done.stopped:
            yield self._step(len(self.done.points))
            self._validate()
            if self._checkpoints.due:
                self._save()
        faulty = faulty_weight(self.model)
        if faulty is not None:
            raise BadModelError(
                f"Training diverged: after its last step {faulty.words}.", self._hint()
            )
        if self.done.validations and self.done.kept != len(self.done.points):
            self._put(self._checkpoints.kept(self.done.kept))

    def _step(self, number: int) -> TrainingPoint:
        began = time.perf_counter()
        batches = self._steps[number]
        made = [self._rows.make(batch, self._device) for batch in batches]
        learned = sum(len(batch.labels) for batch in made)
        total = 0.0
        for batch in made:
            with torch.autocast(
                self._device.type, torch.bfloat16, enabled=self._dtype == torch.bfloat16
            ):
                loss = answer_losses(self.model, batch).sum() / learned
            total += loss.item()
            if not math.isfinite(total):
                raise self._not_finite(total, number)
            loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        limit = self._recipe.max_grad_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self._weights.values(), limit).item()
        if not math.isfinite(norm):
            raise BadModelError(
                f"Training diverged: the gradient is {norm} at step {number + 1}.", self._hint()
            )
        rate = learning_rate_at(self._recipe, number, len(self._steps))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        done = self.done
        examples = [example for batch in batches for example in batch]
        done.examples += len(examples)
        done.answer_tokens += learned
        done.points.append(
            TrainingPoint(
                step=number + 1,
                epoch=done.examples / self._epoch,
                loss=total,
                learning_rate=rate,
                tokens=done.tokens + sum(map(len, examples)),
                seconds=done.seconds + time.perf_counter() - began,
                gradient_norm=norm,
            )
        )
        return done.points[-1]

    def _validate(self) -> None:
        """Asks the held-out examples where it is time to, keeps the best weights, and says when it is over."""
        done, held_out = self.done, self._held_out
        step = len(done.points)
        if held_out is None or step not in self._validated:
            return
        began = time.perf_counter()
        losses = held_out.losses(self.model, self._device, self._dtype, self._rows)
        loss = held_out.mean(losses)
        if not math.isfinite(loss):
            raise self._not_finite(loss, step)
        lowest = min((point.loss for point in done.validations), default=math.inf)
        done.validations.append(
            ValidationPoint(
                step=step,
                epoch=done.points[-1].epoch if done.points else 0.0,
                tokens=done.tokens,
                loss=loss,
                parts=held_out.parts(losses),
            )
        )
        done.last = losses
        if loss < lowest:
            # At most those that the checkpoint goes on from, and these: disks are small.
            self._checkpoints.forget(*self._needed)
            done.kept, done.lowest = step, losses
            self._checkpoints.keep(step, self._weights)
        since = [point.step for point in done.validations].index(done.kept)
        waited = len(done.validations) - 1 - since
        done.stopped = 0 < self._recipe.early_stopping <= waited
        done.validation_seconds += time.perf_counter() - began

    def _save(self) -> None:
        state = {
            "weights": {name: weight.detach() for name, weight in self._weights.items()},
            "optimizer": self._optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "device random": torch.cuda.get_rng_state_all() if self._device.type == "cuda" else [],
            "done": self.done.to_json(),
        }
        self._checkpoints.save(len(self.done.points), state)
        self._needed = (self.done.kept,)
        self._checkpoints.forget(*self._needed)

    def _restore(self, state: dict[str, Any]) -> None:
        self._put(state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state_all(state["device random"])
        self.done = Done.from_json(state["done"])
        self._needed = (self.done.kept,)

    def _put(self, weights: Tensors) -> None:
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(weights[name])

    def _not_finite(self, value: float, number: int) -> BadModelError:
        if number == 0:
            faulty = faulty_weight(self.model)
            why = "something overflows, though all weights are finite"
            return BadModelError(
                f"The base model's loss is {value} before any training: "
                f"{why if faulty is None else faulty.words}.",
                "The base is damaged, or was scaled wrongly: ask it by itself, in `dtype: float32`.",
            )
        return BadModelError(
            f"Training diverged: the loss is {value} at step {number + 1}.", self._hint()
        )

    def _hint(self) -> str:
        lower = (
            f"Lower the learning rate (`learning_rate`, now {self._recipe.learning_rate:g}) or raise "
            "`warmup_ratio`."
        )
        if not self.done.kept:
            return lower
        best = next(p for p in self.done.validations if p.step == self.done.kept)
        return (
            f"{lower} The best weights until then, of step {best.step} with a validation loss of "
            f"{best.loss:.3f}, lie in {self._checkpoints.folder}."
        )
