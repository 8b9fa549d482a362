"""What the checking steps found: read back from manifests, and judged by the suite's policy."""

from __future__ import annotations

from harness.errors import BadModelError
from harness.plan.params import CheckParams, PromptsParams
from harness.plan.steps import Step
from harness.records import Check
from harness.results.artifacts import Manifest

ALLOW = "`defaults: {mismatch: allow}` in the suite asks all the same, and the report says so."


def checks_of(manifest: Manifest, step: Step) -> list[Check]:
    """A step's findings as the suite takes them: what it lets pass is `allowed`, not failed."""
    found = [Check.model_validate(check) for check in manifest.outcome.get("checks", ())]
    params = step.params
    if not isinstance(params, CheckParams | PromptsParams) or params.mismatch != "allow":
        return found
    return [
        check.model_copy(update={"status": "allowed"}) if check.status == "failed" else check
        for check in found
    ]


def refusal(manifest: Manifest, step: Step) -> BadModelError | None:
    """Why nothing may be asked after this step; None where all is well or allowed.

    Only a `check` of a lineage and the `prompts` of a task refuse: weights beyond their limits are
    marked, and asked all the same.
    """
    if step.kind not in ("check", "prompts"):
        return None
    failed = [check for check in checks_of(manifest, step) if check.status == "failed"]
    if not failed:
        return None
    hints = dict.fromkeys([*(check.hint for check in failed), ALLOW])
    return BadModelError(" ".join(check.message for check in failed), " ".join(hints))
