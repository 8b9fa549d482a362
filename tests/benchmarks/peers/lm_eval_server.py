"""lm-evaluation-harness, loaded once and asked often: runs in `.venv-peers`, knows no harness.

    .venv-peers/bin/python -m tests.benchmarks.peers.lm_eval_server

Reads requests and writes answers as JSON lines (see `tests/benchmarks/servers.py`): `load` a folder
of weights, `run` a prompt set with a batch size. A run is `lm_eval.evaluator.evaluate`, its
evaluation phase: requests are built from the documents, tokenized, answered and graded; model, task
and data set are loaded before.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
from lm_eval import evaluator  # type: ignore[import-not-found]
from lm_eval.api.task import ConfigurableTask  # type: ignore[import-not-found]
from lm_eval.models.huggingface import HFLM  # type: ignore[import-not-found]

from tests.benchmarks.lines import serve

Answer = dict[str, Any]


class Server:
    """One model, and the tasks that it has been asked."""

    def __init__(self) -> None:
        self._model: Any = None
        self._seen: list[tuple[list[int], list[int]]] = []
        self._prompt_tokens = self._new_tokens = 0

    def load(
        self, weights: str, dtype: str, threads: int, device: str, quantize: str | None = None
    ) -> Answer:
        """Loads the model as `lm-eval --model hf` does; quantized, as its users hand it over."""
        if threads:
            torch.set_num_threads(threads)
        started = time.perf_counter()
        if quantize is None:
            model = {"pretrained": weights, "dtype": dtype, "device": device}
        else:
            model = {"pretrained": quantized(weights, dtype, device), "tokenizer": weights}
        self._model = HFLM(**model, batch_size=1)
        seconds = time.perf_counter() - started
        self._listen()
        return {"seconds": seconds, "threads": torch.get_num_threads()}

    def run(self, prompts: str, batch_size: int, limit: int | None, new_tokens: int) -> Answer:
        """Evaluates the first `limit` prompts of a set.

        Raises:
            AssertionError: the ids differ from those of the set, or an answer's length does.
        """
        lines = Path(prompts, "prompts.jsonl").read_text().split("\n")
        rows = [json.loads(line) for line in lines if line][:limit]
        shared = json.loads(Path(prompts, "prompts.json").read_text())
        task = make_task(rows, shared["labels"], new_tokens)
        self._model.batch_size_per_gpu = batch_size
        self._seen, self._prompt_tokens, self._new_tokens = [], 0, 0
        started = time.perf_counter()
        results = evaluator.evaluate(
            lm=self._model, task_dict={"work": task}, bootstrap_iters=0, log_samples=False
        )
        seconds = time.perf_counter() - started
        if shared["labels"]:
            self._check_choices(rows)
        else:
            given = sum(len(row["ids"]) for row in rows)
            assert self._prompt_tokens == given, "lm-evaluation-harness reads other ids"
            assert self._new_tokens == new_tokens * len(rows), "answers ended early"
        return {
            "seconds": seconds,
            "examples": len(rows),
            "prompt_tokens": sum(len(row["ids"]) for row in rows),
            "new_tokens": self._new_tokens,
            "accuracy": results["results"]["work"].get("acc,none"),
        }

    def _listen(self) -> None:
        """Notes which ids the model is asked, and how many it writes."""
        score, generate = self._model._loglikelihood_tokens, self._model._model_generate

        def scoring(requests: Any, *rest: Any, **named: Any) -> Any:
            self._seen += [(context, continuation) for _, context, continuation in requests]
            return score(requests, *rest, **named)

        def generating(context: Any, *rest: Any, **named: Any) -> Any:
            written = generate(context, *rest, **named)
            self._prompt_tokens += int(named["attention_mask"].sum())
            answers = written[:, context.shape[1] :]
            self._new_tokens += int((answers != self._model.eot_token_id).sum())
            return written

        self._model._loglikelihood_tokens = scoring
        self._model._model_generate = generating

    def _check_choices(self, rows: list[Any]) -> None:
        expected = [(row["ids"], choice) for row in rows for choice in row["choices"]]
        assert self._seen == expected, "lm-evaluation-harness encodes these prompts to other ids"


def make_task(rows: list[Any], labels: list[str], new_tokens: int) -> Any:
    """A local task: each document has its whole prompt, few-shot examples included."""
    documents = [{"text": row["text"], "target": row["target"]} for row in rows]
    config: dict[str, Any] = {
        "task": "work",
        "custom_dataset": lambda **_: {"test": datasets.Dataset.from_list(documents)},
        "test_split": "test",
        "num_fewshot": 0,
        "doc_to_text": "text",
        "doc_to_target": "target",
    }
    if labels:
        config |= {"output_type": "multiple_choice", "doc_to_choice": labels}
        config["doc_to_target"] = lambda document: labels.index(document["target"])
        config["metric_list"] = [metric("acc")]
    else:
        arguments = {"until": [], "max_gen_toks": new_tokens, "do_sample": False}
        config |= {"output_type": "generate_until", "generation_kwargs": arguments}
        config["metric_list"] = [metric("exact_match")]
    return ConfigurableTask(config=config)


def quantized(weights: str, dtype: str, device: str) -> Any:
    """The model in NF4 with double quantization (Dettmers et al. 2023, section 3)."""
    config = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, dtype),
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(
        weights, quantization_config=config, device_map={"": device}
    )
    return model.eval()


def metric(name: str) -> dict[str, Any]:
    """A metric in the form of a task's configuration."""
    return {"metric": name, "aggregation": "mean", "higher_is_better": True}


if __name__ == "__main__":
    logging.getLogger("lm_eval").setLevel(logging.WARNING)
    server = Server()
    serve({"load": server.load, "run": server.run})
