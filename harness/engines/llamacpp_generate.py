"""Greedy generation with continuous batching.

A finished sequence makes room for the next prompt at once, so that short answers do not wait for
long ones (Yu et al. 2022, "Orca", §3: iteration-level scheduling).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.engines.contexts import common_prefix_length
from harness.engines.llama_context import MAX_TOKENS, LlamaContext, Token
from harness.engines.protocol import Generation, Limits
from harness.errors import OutOfMemoryError

MAX_SLOTS = 16
"""Most prompts answered at the same time."""
MAX_CELLS = 16384
"""Most tokens in the cache while more than one prompt is answered."""


@dataclass(eq=False)
class Slot:
    """A prompt that is being answered, in a sequence of its own."""

    prompt: int
    sequence: int
    todo: list[int]
    """Ids that still have to be run: the rest of the prompt, or the last new id."""
    position: int
    started: float
    ids: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def take(self, most: int) -> list[Token]:
        """The next tokens to run; the output of the last one is wanted when none is left."""
        now, self.todo = self.todo[:most], self.todo[most:]
        tokens = [
            Token(
                token,
                self.position + n,
                (self.sequence,),
                not self.todo and n == len(now) - 1,
            )
            for n, token in enumerate(now)
        ]
        self.position += len(now)
        return tokens

    def advance(self, token: int, limits: Limits) -> Generation | None:
        """Adds the new id; gives the answer if that ended it."""
        if token in limits.stop_ids:
            return Generation(tuple(self.ids), "stop", tuple(self.seconds))
        self.ids.append(token)
        self.seconds.append(time.perf_counter() - self.started)
        if len(self.ids) == limits.max_new_tokens:
            return Generation(tuple(self.ids), "length", tuple(self.seconds))
        self.todo = [token]
        return None


def generate_all(
    make_cache: Callable[[int, int], LlamaContext],
    prompts: Sequence[Sequence[int]],
    limits: Limits,
) -> Iterator[tuple[int, Generation]]:
    """The greedy continuation of each prompt with its index, as they are finished.

    Args:
        make_cache: gives an empty cache of so many tokens and sequences.
    """
    if limits.max_new_tokens < 1:
        yield from ((n, Generation((), "length", ())) for n in range(len(prompts)))
        return
    if not prompts:
        return
    started = time.perf_counter()
    shared = shared_length(prompts)
    cache, count = cache_for(make_cache, prompts, shared, limits.max_new_tokens)
    cache.run(prompts[0][:shared])
    waiting = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    free = list(range(1, count + 1))
    slots: list[Slot] = []
    while waiting or slots:
        while waiting and free:
            number = waiting.pop()
            slots.append(Slot(number, free.pop(), list(prompts[number][shared:]), shared, started))
            cache.copy(0, slots[-1].sequence)
        for slot, answer in step(cache, slots, limits):
            cache.forget(slot.sequence)
            free.append(slot.sequence)
            slots.remove(slot)
            yield slot.prompt, answer
        started = time.perf_counter()


def step(
    cache: LlamaContext, slots: Sequence[Slot], limits: Limits
) -> list[tuple[Slot, Generation]]:
    """Runs one batch: a token of each running answer, and as much of new prompts as fits.

    Returns:
        The slots whose answers it ended.
    """
    tokens: list[Token] = []
    asked: list[Slot] = []
    for slot in sorted(slots, key=lambda slot: len(slot.todo)):
        mine = slot.take(MAX_TOKENS - len(tokens))
        tokens += mine
        if mine and mine[-1].output:
            asked.append(slot)
    best = cache.decode(tokens).argmax(axis=-1)
    answers = [
        (slot, slot.advance(int(token), limits)) for slot, token in zip(asked, best, strict=True)
    ]
    return [(slot, answer) for slot, answer in answers if answer is not None]


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """Leading ids that all of several prompts share, leaving each at least one of its own."""
    if len(prompts) < 2:
        return 0
    shared = min(common_prefix_length(prompts[0], prompt) for prompt in prompts)
    return min(shared, min(map(len, prompts)) - 1)


def cache_for(
    make_cache: Callable[[int, int], LlamaContext],
    prompts: Sequence[Sequence[int]],
    shared: int,
    new_tokens: int,
) -> tuple[LlamaContext, int]:
    """A cache for as many prompts at a time as are useful and fit in memory, and their number.

    Raises:
        OutOfMemoryError: there is no room for even one prompt.
    """
    each = max(map(len, prompts)) - shared + new_tokens
    slots = max(1, min(MAX_SLOTS, len(prompts), (MAX_CELLS - shared) // each))
    while True:
        try:
            return make_cache(shared + slots * each, 1 + slots), slots
        except OutOfMemoryError:
            if slots == 1:
                raise
            slots //= 2
