"""Which steps of a graph can be done next, and which of them by one worker.

Steps are numbers in the order that they are wanted in. Numbers, and not keys, tell them apart: cells of
two models that are defined alike share a key. What a step costs does not grow with how many others
there are.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter

from harness.plan.steps import Step

Batch = tuple[int, ...]
"""Steps that one worker does, one after the other."""


class ReadySteps:
    """Gives out batches: each of one group, with nothing in it that waits for a step elsewhere.

    What is timed shares neither the machine, nor a worker, with anything else.
    """

    def __init__(self, steps: Sequence[Step], one_machine: bool = True) -> None:
        """Prepares for these steps; a parent that is not among them counts as done.

        Args:
            steps: in the order that they are wanted in.
            one_machine: whether all batches share one; else what is timed waits for what is timed
                alone.
        """
        self._steps, self._one_machine = steps, one_machine
        self._sorter = TopologicalSorter[int]()
        self._open: dict[str, dict[int, None]] = defaultdict(dict)
        """Group -> its steps that have not ended, in order."""
        self._waiting = Counter(step.key for step in steps)
        """Key -> how many steps of it have not ended."""
        self._free: set[int] = set()
        """Steps that wait for nothing: all that they need has ended."""
        self._heap: list[int] = []
        """Those that can be given out, with some that have been meanwhile."""
        self._held: dict[str, list[int]] = defaultdict(list)
        """Group -> those that wait for its worker."""
        self._timed: list[int] = []
        """Those that wait for the machine."""
        self._running: dict[str, Batch] = {}
        """Group -> the batch that a worker has."""
        self._taken: set[int] = set()
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, step in enumerate(steps):
            numbers[step.key].append(number)
            self._open[step.group][number] = None
        for number, step in enumerate(steps):
            needed = (n for key in step.needs for n in numbers.get(key, ()))
            self._sorter.add(number, *needed)
        self._sorter.prepare()
        self._set_free()

    def is_open(self, number: int) -> bool:
        """Whether a step has not ended."""
        return number in self._open[self._steps[number].group]

    def left(self) -> list[int]:
        """All steps that have not ended."""
        return sorted(number for numbers in self._open.values() for number in numbers)

    def take(self) -> Batch:
        """The steps of the first group that something can be done for; empty if there is none now."""
        timing = any(self._steps[batch[0]].is_timing for batch in self._running.values())
        if timing and self._one_machine:
            return ()
        while self._heap:
            number = heapq.heappop(self._heap)
            step = self._steps[number]
            if number in self._taken or not self.is_open(number):
                continue
            if step.group in self._running:
                self._held[step.group].append(number)
            elif step.is_timing and (self._running if self._one_machine else timing):
                self._timed.append(number)
            else:
                batch = self._running[step.group] = self._batch(step)
                self._taken.update(batch)
                return batch
        return ()

    def end(self, number: int) -> None:
        """A step was done, or failed: others may have waited for it alone."""
        step = self._steps[number]
        del self._open[step.group][number]
        self._waiting[step.key] -= 1
        if number in self._free:
            self._sorter.done(number)
            self._set_free()

    def give_back(self, batch: Batch) -> None:
        """A worker has ended; those of its steps that have not are given out again."""
        group = self._steps[batch[0]].group
        del self._running[group]
        self._taken.difference_update(batch)
        self._push(number for number in batch if number in self._free)
        self._push(self._held.pop(group, ()))
        if not self._running or self._steps[batch[0]].is_timing:
            self._push(self._timed)
            self._timed = []

    def _batch(self, first: Step) -> Batch:
        """All steps of a group that can be done one after the other; no key twice."""
        batch: list[int] = []
        keys: set[str] = set()
        for number in self._open[first.group]:
            step = self._steps[number]
            if step.is_timing != first.is_timing or step.key in keys:
                continue
            if not any(self._waiting[key] > 0 for key in step.needs - keys):
                batch.append(number)
                keys.add(step.key)
        return tuple(batch)

    def _set_free(self) -> None:
        """Steps that the sorter gives are free; those that failed with a parent are passed over."""
        while given := self._sorter.get_ready():
            self._free.update(given)
            self._push(number for number in given if self.is_open(number))
            self._sorter.done(*(number for number in given if not self.is_open(number)))

    def _push(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            heapq.heappush(self._heap, number)
