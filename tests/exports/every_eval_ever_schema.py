"""What Every Eval Ever 0.2.2 allows of the fields that are written here, as JSON Schemas in words of our own.

Closed where theirs are, and where theirs are open closed as well: a misspelt field fails. Theirs lie in the package
`every_eval_ever`, which needs Python 3.12; where it is installed, the tests hold records against those, too.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
COUNT = {"type": "integer", "minimum": 0}
TEXTS = {"type": "object", "additionalProperties": TEXT}
EPOCH = {"type": "string", "pattern": "^[0-9]+$"}
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object of these keys and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


METRIC = closed(
    {"lower_is_better": {"type": "boolean"}},
    {
        "evaluation_description": TEXT,
        "metric_id": TEXT,
        "metric_name": TEXT,
        "metric_kind": TEXT,
        "metric_unit": TEXT,
        "score_type": one_of("binary", "continuous"),
        "min_score": NUMBER,
        "max_score": NUMBER,
        "additional_details": TEXTS,
    },
) | {
    "if": {"required": ["score_type"], "properties": {"score_type": {"const": "continuous"}}},
    "then": {"required": ["min_score", "max_score"]},
    "else": {"not": {"anyOf": [{"required": ["min_score"]}, {"required": ["max_score"]}]}},
}
INTERVAL = closed(
    {"lower": NUMBER, "upper": NUMBER},
    {"confidence_level": {"type": "number", "minimum": 0, "maximum": 1}, "method": TEXT},
)
SCORE = closed(
    {"score": NUMBER},
    {
        "details": TEXTS,
        "uncertainty": closed(
            {},
            {
                "standard_error": closed({"value": NUMBER}, {"method": TEXT}),
                "confidence_interval": INTERVAL,
                "num_samples": COUNT,
            },
        ),
    },
)
SOURCE = {
    "oneOf": [
        closed(
            {"dataset_name": TEXT, "source_type": {"const": "hf_dataset"}, "hf_repo": TEXT},
            {
                "hf_split": TEXT,
                "hf_config": TEXT,
                "hf_revision": TEXT,
                "samples_number": COUNT,
                "additional_details": TEXTS,
            },
        ),
        closed(
            {"dataset_name": TEXT, "source_type": {"const": "other"}},
            {"additional_details": TEXTS},
        ),
    ]
}
GENERATION = closed(
    {},
    {
        "generation_args": closed(
            {}, {"temperature": NUMBER, "max_tokens": {"type": "integer", "minimum": 1}}
        ),
        "additional_details": TEXTS,
    },
)
RESULT = closed(
    {
        "evaluation_name": TEXT,
        "source_data": SOURCE,
        "metric_config": METRIC,
        "score_details": SCORE,
        "evaluation_result_id": TEXT,
    },
    {"generation_config": GENERATION},
)
SAMPLES_FILE = closed(
    {
        "format": {"const": "jsonl"},
        "file_path": {
            "type": "string",
            "pattern": rf"^data/[^/]+/[^/]+/[^/]+/{UUID4}_samples\.jsonl$",
        },
        "hash_algorithm": {"const": "sha256"},
        "checksum": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "total_rows": {"type": "integer", "minimum": 1},
    }
)
DEPLOYMENT = one_of("self_deployed", "externally_managed", "unknown")
MODEL = closed(
    {
        "name": TEXT,
        "id": {"type": "string", "pattern": "^[^/]+/[^/]+$"},
        "developer": TEXT,
        "inference_engine": closed({"name": TEXT, "version": TEXT}),
        "additional_details": {
            **TEXTS,
            "required": ["deployment_type", "model_availability"],
            "properties": {"deployment_type": DEPLOYMENT},
        },
    }
)
RECORD = closed(
    {
        "schema_version": {"const": "0.2.2"},
        "evaluation_id": {"type": "string", "pattern": "^.+/.+/[0-9]+$"},
        "retrieved_timestamp": EPOCH,
        "source_metadata": closed(
            {
                "source_type": {"const": "evaluation_run"},
                "source_organization_name": TEXT,
                "evaluator_relationship": one_of(
                    "first_party", "third_party", "collaborative", "other"
                ),
            },
            {"source_name": TEXT},
        ),
        "model_info": MODEL,
        "eval_library": closed({"name": TEXT, "version": TEXT}, {"additional_details": TEXTS}),
        "evaluation_results": {"type": "array", "minItems": 1, "items": RESULT},
    },
    {"evaluation_timestamp": EPOCH, "detailed_evaluation_results": SAMPLES_FILE},
)
ROW = closed(
    {
        "schema_version": {"const": "0.2.2"},
        "evaluation_id": TEXT,
        "model_id": TEXT,
        "evaluation_name": TEXT,
        "evaluation_result_id": TEXT,
        "sample_id": TEXT,
        "interaction_type": {"const": "single_turn"},
        "input": closed(
            {"raw": TEXT, "reference": {"type": "array", "items": TEXT}},
            {"choices": {"type": ["array", "null"], "items": TEXT}},
        ),
        "output": closed(
            {"raw": {"type": "array", "items": TEXT}},
            {"reasoning_trace": {"type": ["array", "null"], "items": TEXT}},
        ),
        "answer_attribution": {
            "type": "array",
            "items": closed(
                {
                    "turn_idx": COUNT,
                    "source": TEXT,
                    "extracted_value": TEXT,
                    "extraction_method": TEXT,
                    "is_terminal": {"type": "boolean"},
                }
            ),
        },
        "evaluation": closed({"score": NUMBER, "is_correct": {"type": "boolean"}}),
    },
    {"sample_hash": TEXT, "metadata": TEXTS},
)
