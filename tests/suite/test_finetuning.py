"""What a suite may say of a fine-tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.finetuning import INITIALIZATIONS, NOT_OFFERED
from harness.runner.known import known
from harness.suite.problems import SuiteError
from harness.suite.reader import parse_suite
from harness.suite.schema import FineTune


def tuned(**settings: Any) -> FineTune:
    return FineTune(**{"method": "lora", "tasks": ["sentiment", "dialogue"], **settings})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rank": 0}, "greater than or equal to 1"),
        ({"weights": {"other": 1}}, "`weights` names `other`"),
        ({"weights": {"instructions": 1}}, "`weights` names `instructions`"),
        ({"weights": {"sentiment": 0, "dialogue": 0}}, "nothing is learned"),
        ({"weights": {"sentiment": -1}}, "greater than or equal to 0"),
        ({"method": "full", "modules_to_save": ["lm_head"]}, "`modules_to_save` belongs to an adapter"),
        ({"method": "full", "search": {"rank": [4, 8]}}, "`search: rank` belongs to an adapter"),
        ({"method": "qlora", "initialization": "pissa"}, "keeps in few bits"),
        ({"method": "lora-8bit", "initialization": "olora"}, "keeps in few bits"),
        ({"validation": 0, "early_stopping": 3}, "`early_stopping` looks at held-out examples"),
        ({"validation": 0, "search": {"rank": [4, 8]}}, "`search` looks at held-out examples"),
        ({"search": {"rank": [4]}}, "at least two settings"),
        ({"search": {}}, "at least two settings"),
        ({"search": {"rank": [4, 4]}}, "a value stands twice"),
        ({"search": {"rank": list(range(1, 10)), "epochs": list(range(1, 9))}}, "and this 72"),
        ({"search": {"batch_tokens": [1, 2]}}, "Extra inputs"),
        ({"schedule": "step"}, "cosine"),
        ({"learning_rate": 0}, "greater than 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        tuned(**settings)


def test_a_task_that_is_not_learned_at_all_may_stand_beside_others() -> None:
    assert tuned(weights={"sentiment": 0}).weights == {"sentiment": 0}


def test_a_search_tries_every_value_with_every_other() -> None:
    found = tuned(search={"rank": [4, 8], "learning_rate": [1e-3, 1e-4]}).search
    assert found is not None and found.settings == [
        {"rank": 4, "learning_rate": 1e-3},
        {"rank": 4, "learning_rate": 1e-4},
        {"rank": 8, "learning_rate": 1e-3},
        {"rank": 8, "learning_rate": 1e-4},
    ]


BEGINNING = """\
name: s
models:
  base: {source: starter}
  tuned:
    from: base
    finetune:
      method: lora
      tasks: [sentiment]
      initialization: GIVEN
tasks:
  sentiment: {type: classify, dataset: phrasebank-sample}
"""


@pytest.mark.parametrize("given", [*NOT_OFFERED, "LoftQ", "lora-ga"])
def test_a_beginning_that_peft_has_and_we_do_not_is_refused_by_name_with_line_and_remedy(
    given: str,
) -> None:
    with pytest.raises(SuiteError) as error:
        parse_suite(BEGINNING.replace("GIVEN", given), Path("suite.yaml"), known())
    said = str(error.value)
    assert "suite.yaml:9" in said and f"`{given}` is not offered: it " in said and "take " in said
    assert not {given, *NOT_OFFERED} & {*INITIALIZATIONS}
