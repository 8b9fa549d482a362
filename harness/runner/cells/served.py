"""What a result says of the server that answered, put together from all its samples."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.records import (
    USAGE,
    Sample,
    ServedDetails,
    ServedUsage,
    undecided_of,
    ways_of,
)


def served(
    told: Mapping[str, Any], samples: Sequence[Sample], choosing: bool, mode: str
) -> dict[str, Any]:
    """A `ServedDetails` as plain data.

    Args:
        told: by the answerer of the last run, or of an earlier one.
        choosing: whether choices were to be told.
        samples: of all runs, so that what an interruption parted counts as one.
        mode: of the prompts (`harness.tasks.prompts.PromptSet.mode`).
    """
    requests = [sample.data["request"] for sample in samples if "request" in sample.data]
    usages = [ServedUsage.model_validate(one.data[USAGE]) for one in samples if USAGE in one.data]
    found = {
        "usage": _together(usages) if len(usages) == len(samples) else None,
        "remembered": sum(of.remembered == of.requests for of in usages),
        "fingerprints": sorted({of.fingerprint for of in usages if of.fingerprint}),
        "choosing": choosing,
        "ways": ways_of(samples),
        "undecided": undecided_of(samples),
        "rendered": mode == "chat" and told["api"] == "completions",
        "prompt_tokens": _sum(request["prompt_tokens"] for request in requests),
        "new_tokens": _sum(request["new_tokens"] for request in requests),
        "counted": "+".join(sorted({request["counted"] for request in requests})),
        "first_seconds": _median(request["first_seconds"] for request in requests),
        "request_seconds": _median(request["seconds"] for request in requests),
    }
    return ServedDetails.model_validate({**told, **found}).model_dump()


def _together(usages: Sequence[ServedUsage]) -> ServedUsage:
    counts = [name for name, field in ServedUsage.model_fields.items() if field.annotation is int]
    return ServedUsage(**{name: sum(getattr(of, name) for of in usages) for name in counts})


def _sum(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return None if not found or None in found else sum(value or 0 for value in found)


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return statistics.median(found) if found else None
