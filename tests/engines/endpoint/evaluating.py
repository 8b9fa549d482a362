"""A server that really evaluates a GGUF, by our own engine: a hosted API to hold a local model against."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from harness.engines import open_engine
from harness.engines.protocol import EngineSpec, Limits
from harness.engines.tokenizer import open_tokenizer
from tests.engines.endpoint.standin import StandIn
from tests.engines.endpoint.toy import Body


def own_template(messages: list[dict[str, str]]) -> str:
    """The template of the hosted API, which nobody else knows."""
    return "".join(f"{one['role']}: {one['content']}\n" for one in messages) + "assistant:"


class Evaluating(StandIn):
    """Answers both APIs with what the model itself gives."""

    def __init__(self, gguf: Path, *does: str, **more: Any) -> None:
        super().__init__(frozenset(does), **more)
        self.engine = open_engine(EngineSpec(gguf=str(gguf), threads=1))
        self.tokenizer = open_tokenizer(gguf)

    def read(self, body: Body) -> str:
        if "messages" not in body:
            return str(body["prompt"])
        if self.tokenizer.has_chat_template:
            return self.tokenizer.render(body["messages"], generation_prompt=True)
        return own_template(body["messages"])

    def answer(self, body: Body) -> dict[str, Any]:
        with self.lock:
            return self._answer(body)

    def _answer(self, body: Body) -> dict[str, Any]:
        ids = self.engine.encode(self.read(body))
        limits = Limits(body["max_tokens"], self.tokenizer.stop_ids)
        ((_, written),) = self.engine.generate([ids], limits)
        pieces = self.pieces([*ids, *written.ids])
        said = "".join(pieces[len(ids) :])
        choice: dict[str, Any] = {"index": 0, "finish_reason": written.finish_reason}
        echo, number = bool(body.get("echo")), body.get("top_logprobs", body.get("logprobs"))
        first = 0 if echo else len(ids)
        listed = []
        if body.get("logprobs") is not None and "no-logprobs" not in self.does:
            listed = self.likelihoods([*ids, *written.ids], first, int(number or 0))
        if "messages" in body:
            choice["message"] = {"role": "assistant", "content": said}
            content = [
                {
                    "token": piece,
                    "logprob": value,
                    "top_logprobs": [{"token": t, "logprob": v} for t, v in top.items()],
                }
                for piece, (value, top) in zip(pieces[first:], listed, strict=False)
            ]
            choice["logprobs"] = {"content": content} if listed else None
        else:
            choice["text"] = "".join(pieces) if echo else said
            choice["logprobs"] = {
                "tokens": pieces[first:],
                "token_logprobs": [value for value, _ in listed],
                "top_logprobs": [top for _, top in listed],
            }
        usage = {"prompt_tokens": len(ids), "completion_tokens": len(written.ids)}
        return {"model": body["model"], "choices": [choice], "usage": usage}

    def pieces(self, ids: list[int]) -> list[str]:
        """The text that each id adds."""
        texts = ["", *(self.tokenizer.decode(ids[: end + 1]) for end in range(len(ids)))]
        return [after[len(before) :] for before, after in pairwise(texts)]

    def likelihoods(
        self, ids: list[int], first: int, number: int
    ) -> list[tuple[float | None, dict[str, float]]]:
        """From the id at `first` on: its log-probability (nats), and the likeliest in its place."""
        rows = np.concatenate(list(self.engine.distributions(ids)))
        found: list[tuple[float | None, dict[str, float]]] = []
        for place in range(first, len(ids)):
            if place == 0:
                found.append((None, {}))
                continue
            row, before = rows[place - 1], self.tokenizer.decode(ids[:place])
            best = np.argsort(-row)[:number].tolist()
            top = {
                self.tokenizer.decode([*ids[:place], token])[len(before) :]: float(row[token])
                for token in reversed(best)
            }
            found.append((float(row[ids[place]]), top))
        return found
