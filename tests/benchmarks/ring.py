"""Who takes part: each contestant in a process of its own, started when it is first needed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from harness.engines.process import physical_cores
from harness.engines.timing import Phase
from harness.runner import child
from tests.benchmarks import llama_tools
from tests.benchmarks.model import Model
from tests.benchmarks.places import CACHE, PEERS
from tests.benchmarks.questions import NEW_TOKENS, Work, prompts
from tests.benchmarks.race import Answer, Contestant, Laps, run_race
from tests.benchmarks.servers import Server

THREADS = physical_cores()
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
REPETITIONS = 3
"""Of llama-bench and of the `speed` task, within a lap."""
FEW = 4
"""Examples of a warm-up."""


def environment(alone: bool = False) -> dict[str, str]:
    """That of a worker process of `harness run`; `alone`, of one that measures speed."""
    return child.environment(THREADS, alone, network=False)


class Ring:
    """The servers of a session, and the races that have been run."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._servers: dict[str, Server] = {}
        self._races: dict[str, dict[str, Laps]] = {}

    def race(self, group: str, contestants: Callable[[Ring], Sequence[Contestant]]) -> Any:
        """The laps of a group by contestant; it is run when the first of them is asked for."""
        if group not in self._races:
            self._races[group] = run_race(contestants(self))
        return self._races[group]

    def close(self) -> None:
        """Ends all processes."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def prompts(self, work: Work) -> str:
        """The folder of the work's prompts."""
        return str(prompts(work, self.model.weights, CACHE / "prompts" / self.model.folder.name))

    def ours(self, spec: Mapping[str, str], alone: bool = False) -> Server:
        """A process with our engine, in a worker's environment; `alone`, in that of a timed one."""
        first = "timed" if alone else "ours"
        name = "-".join([first, *(Path(value).stem for value in spec.values())])
        command = [sys.executable, "-m", "tests.benchmarks.our_server"]
        load = {**spec, "threads": THREADS, "timed": alone}
        return self._start(name, command, environment(alone), load)

    def cells(self, name: str = "cells") -> Server:
        """A process that runs whole cells; it opens an engine for each."""
        command = [sys.executable, "-m", "tests.benchmarks.our_server"]
        return self._start(name, command, environment(), None)

    def lm_eval(self, dtype: str) -> Server:
        """A process with lm-evaluation-harness's `hf` model."""
        command = [str(PEERS / "bin" / "python"), "-m", "tests.benchmarks.peers.lm_eval_server"]
        options = {"weights": str(self.model.weights), "dtype": dtype, "device": "cpu"}
        environment = {"OMP_NUM_THREADS": str(THREADS), **OFFLINE}
        return self._start(f"lm-eval-{dtype}", command, environment, options | {"threads": THREADS})

    def completion(self, gguf: Path) -> Server:
        """A process with llama-cpp-python's `Llama`."""
        command = [sys.executable, "-m", "tests.benchmarks.peers.completion_server"]
        options = {"gguf": str(gguf), "threads": THREADS}
        return self._start(f"completion-{gguf.stem}", command, {}, options)

    def _start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        load: Mapping[str, Any] | None,
    ) -> Server:
        if name not in self._servers:
            server = Server(command, CACHE / "logs" / f"{name}.log", environment)
            self._servers[name] = server
            if load is not None:
                server.ask("load", **load)
        return self._servers[name]


def our_engine(
    ring: Ring, name: str, spec: Mapping[str, str], work: Work, prompting: bool, rounds: int = 3
) -> Contestant:
    """Our engine on a work; with `prompting`, its prompts are made within the time."""
    request: dict[str, Any] = {
        "work": asdict(work),
        "weights": str(ring.model.weights),
        "prompts": ring.prompts(work),
        "new_tokens": NEW_TOKENS,
    }

    def lap() -> Answer:
        return ring.ours(spec).ask("run", **request, limit=None, prompting=prompting)

    def warm_up() -> Answer:
        ring.ours(spec).ask("run", **request, limit=FEW, prompting=True)
        return {}

    return Contestant(name, lap, rounds, warm_up)


def lm_eval(
    ring: Ring, dtype: str, work: Work, sizes: Sequence[int], part: int, rounds: int
) -> Contestant:
    """lm-evaluation-harness on a work, with the batch size that is fastest on `part` examples."""
    name = f"lm-eval {dtype}"
    request: dict[str, Any] = {"prompts": ring.prompts(work), "new_tokens": NEW_TOKENS}
    best: dict[str, int] = {}

    def lap() -> Answer:
        return ring.lm_eval(dtype).ask("run", **request, limit=None, batch_size=best["size"])

    def warm_up() -> Answer:
        server = ring.lm_eval(dtype)
        server.ask("run", **request, limit=1, batch_size=1)
        tried = {}
        for size in sizes:
            found = server.ask("run", **request, limit=part, batch_size=size)
            tried[size] = found["seconds"] / found["examples"]
        best["size"] = min(tried, key=tried.__getitem__)
        return {"batch_size": best["size"], "batch_sizes": {str(k): v for k, v in tried.items()}}

    return Contestant(name, lap, rounds, warm_up)


def completion_loop(ring: Ring, gguf: Path, work: Work, rounds: int = 3) -> Contestant:
    """A loop over `create_completion` on a work."""
    request: dict[str, Any] = {"prompts": ring.prompts(work), "new_tokens": NEW_TOKENS}

    def lap() -> Answer:
        answer = ring.completion(gguf).ask("run", **request, limit=None)
        return {**answer, **rate(answer)}

    def warm_up() -> Answer:
        ring.completion(gguf).ask("run", **request, limit=FEW)
        return {}

    return Contestant("create_completion loop", lap, rounds, warm_up)


def llama_bench(
    name: str,
    gguf: Path,
    tokens: int,
    phase: Phase = "prefill",
    options: Sequence[str] = (),
    rounds: int = 3,
) -> Contestant:
    """llama-bench reading or writing tokens; a lap is the median of its repetitions."""

    def lap() -> Answer:
        sizes = (tokens, 0) if phase == "prefill" else (0, tokens)
        (found,) = llama_tools.bench(gguf, THREADS, *sizes, REPETITIONS, options)
        rate = median(found.tokens_per_second)
        return {"seconds": tokens / rate, "tokens": tokens, "tokens_per_second": rate}

    return Contestant(name, lap, rounds)


def speed_task(ring: Ring, name: str, gguf: Path, tokens: int, phase: Phase) -> Contestant:
    """What the `speed` task measures, with as many repetitions as llama-bench has."""
    request = {"phase": phase, "tokens": tokens, "depth": 0, "repetitions": REPETITIONS}

    def lap() -> Answer:
        return ring.ours({"gguf": str(gguf)}, alone=True).ask("time", **request)

    return Contestant(name, lap)


def batched_bench(
    name: str,
    gguf: Path,
    prompt_tokens: int,
    sequences: Sequence[int],
    options: Sequence[str] = (),
    rounds: int = 3,
) -> Contestant:
    """llama-batched-bench on prompts of like length, with the number at once that is fastest."""

    def lap() -> Answer:
        tried = llama_tools.batched(gguf, THREADS, prompt_tokens, NEW_TOKENS, sequences, options)
        best = max(tried, key=lambda found: found.tokens_per_second)
        return {
            "seconds": best.prompt_seconds + best.new_seconds,
            "tokens_per_second": best.tokens_per_second,
            "prompt_tokens": prompt_tokens,
            "sequences": best.sequences,
        }

    return Contestant(name, lap, rounds)


def rate(answer: Mapping[str, Any]) -> Answer:
    """Prompt and generated tokens per second of an answer."""
    return {
        "tokens_per_second": (answer["prompt_tokens"] + answer["new_tokens"]) / answer["seconds"]
    }
