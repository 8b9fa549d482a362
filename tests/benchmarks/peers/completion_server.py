"""A loop over llama-cpp-python's `create_completion`: what most scripts do with a GGUF file.

python -m tests.benchmarks.peers.completion_server
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from llama_cpp import Llama

from tests.benchmarks.lines import serve


class Server:
    """One model, with llama-cpp-python's defaults but for threads and the size of the context."""

    def __init__(self) -> None:
        self._model: Any = None

    def load(self, gguf: str, threads: int) -> dict[str, Any]:
        """Loads the model with the context it was trained for (the default of 512 is too short)."""
        started = time.perf_counter()
        self._model = Llama(
            gguf, n_ctx=0, n_threads=threads, n_threads_batch=threads, verbose=False
        )
        return {"seconds": time.perf_counter() - started, "threads": threads}

    def run(self, prompts: str, limit: int | None, new_tokens: int) -> dict[str, Any]:
        """Continues the first `limit` prompts of a set, one by one, greedily."""
        lines = Path(prompts, "prompts.jsonl").read_text().split("\n")
        rows = [json.loads(line) for line in lines if line][:limit]
        used = []
        started = time.perf_counter()
        for row in rows:
            answer = self._model.create_completion(
                row["ids"], max_tokens=new_tokens, temperature=0.0
            )
            used.append(answer["usage"])
        seconds = time.perf_counter() - started
        found = [(one["prompt_tokens"], one["completion_tokens"]) for one in used]
        assert found == [(len(row["ids"]), new_tokens) for row in rows], "tokens differ"
        return {
            "seconds": seconds,
            "examples": len(rows),
            "prompt_tokens": sum(prompt for prompt, _ in found),
            "new_tokens": sum(new for _, new in found),
        }


if __name__ == "__main__":
    server = Server()
    serve({"load": server.load, "run": server.run})
