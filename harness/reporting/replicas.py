"""Models that repeat another's fine-tuning with another seed: they stand in tables of their own."""

from __future__ import annotations

from harness.records import Summary


def without_replicas(summary: Summary) -> Summary:
    """The summary as its main tables show it: each fine-tuning once."""
    replicas = {name for group in families(summary).values() for name in group}
    if not replicas:
        return summary
    kept = {name: of for name, of in summary.models.items() if name not in replicas}
    cells = [cell for cell in summary.cells if cell.model not in replicas]
    return summary.model_copy(update={"models": kept, "cells": cells})


def families(summary: Summary) -> dict[str, list[str]]:
    """The models whose fine-tuning was repeated, each with its replicas, in the suite's order."""
    found: dict[str, list[str]] = {}
    for name, of in summary.models.items():
        if of.replica_of in summary.models:
            found.setdefault(of.replica_of, []).append(name)
    return found
