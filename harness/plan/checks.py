"""Steps that check models: what they are asked, how their GGUFs read it, and their weights."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from harness.plan.graph import ModelPlan
from harness.plan.models import Making
from harness.plan.params import CheckParams, MergeParityParams, ParityParams
from harness.suite.lineage import files_of, last_merge, root_of


class Checking(Making):
    """Collects the steps that look for what makes figures wrong without a word.

    A `check` must pass before anything is asked; `parity` and `merge-parity` mark a model.
    """

    def check_prompts(self, root: str) -> None:
        """A step that checks what a lineage is asked; none where it is asked nothing."""
        for added, checks in ((False, self.prompt_checks), (True, self.added_checks)):
            asked = self.asked(root, added)
            if asked and self.served(root) is None:
                what = "built-in prompts" if added else "prompts"
                checks[root] = self.add(
                    "check", f"confirm the {what} for {root}", self._policy(root),
                    {"tokenizer": self.source(root), **asked},
                    group=f"prepare {root}",
                )  # fmt: skip

    def model(self, name: str) -> ModelPlan:
        gguf = self.gguf_check(name)
        plan = super().model(name)
        parity, merge_parity = self.conversion_check(name), self.merge_check(name)
        own = self.prompt_check(name) if name == plan.root else ()
        if name == plan.root:
            own = (*own, self.added_checks.get(name, ""))
            own = (*own, *(key for (_, root), key in self.prompts.items() if root == name))
        found = (*own, gguf, parity, merge_parity)
        checks = tuple(key for key in found if key)
        return replace(plan, parity=parity, merge_parity=merge_parity, checks=checks)

    def checks_before(self, model: ModelPlan, asked: bool = True) -> tuple[str, ...]:
        """Keys of the checks that must have passed before a model is asked, or only timed."""
        own = self.prompt_check(model.name) if asked else ()
        return tuple(key for key in (*own, self.gguf_check(model.name)) if key)

    @cached_property
    def gguf_checks(self) -> dict[str, str]:
        """Those made so far, by model: every cell of a model asks for its own."""
        return {}

    def gguf_check(self, name: str) -> str:
        """Key of the step that compares how a GGUF and its source read the prompts, or ""."""
        if name not in self.gguf_checks:
            self.gguf_checks[name] = self._gguf_check(name)
        return self.gguf_checks[name]

    def _gguf_check(self, name: str) -> str:
        name = files_of(self.suite.spec.models, name)
        spec, asked = self.spec(name), self.asked(name)
        if spec.gguf is None or spec.from_ is None or not asked:
            return ""
        root = root_of(self.suite.spec.models, name)
        return self.add(
            "check",
            f"confirm that the GGUF of {spec.from_} reads prompts as {root} does",
            self._policy(root),
            {"tokenizer": self.source(root), "gguf": self.f16(spec.from_), **asked},
            engine="llamacpp",
            group=f"make {spec.from_}",
        )

    def conversion_check(self, name: str) -> str:
        """Key of the step that holds an F16 GGUF against the weights that it was made from."""
        name = files_of(self.suite.spec.models, name)
        spec, asked = self.spec(name), self.asked(name)
        if spec.gguf is None or spec.from_ is None or not asked:
            return ""
        return self.add(
            "parity",
            f"check the GGUF of {spec.from_}",
            ParityParams(against=f"the weights of {spec.from_}"),
            {"weights": self.weights(spec.from_), "gguf": self.f16(spec.from_), **asked},
            group=f"make {spec.from_}",
        )

    def merge_check(self, name: str) -> str:
        """Key of the step that holds merged weights against base and adapter, or ""."""
        merge, asked = last_merge(self.suite.spec.models, name), self.asked(name)
        if merge is None or not asked:
            return ""
        base = self.spec(merge.model).from_
        return self.add(
            "merge-parity",
            f"check the merge of {merge.words}",
            MergeParityParams(
                base_precision=merge.precision,
                trained_on=merge.trained_on,
                against=f"{base} with the adapter of {merge.model}, unmerged",
            ),
            {**self.unmerged(merge.model), "merged": self.merged(merge), **asked},
            group=f"make {merge.model}",
        )

    def _policy(self, root: str) -> CheckParams:
        mismatch = self.suite.spec.defaults.mismatch
        return CheckParams(mismatch=mismatch, **self.chat_params(root))
