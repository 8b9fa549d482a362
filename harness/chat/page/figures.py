"""The figures under an answer, and what is waited for, in words."""

from __future__ import annotations

from harness.chat.records import Done, Loading, Prompted, Waiting
from harness.chat.replies import Reply
from harness.quantities import byte_size, plural


def state_of(reply: Reply) -> str | None:
    """What is waited for; None where the model writes, or is done."""
    match reply.now:
        case Waiting(ahead=1):
            return "One question is answered before yours."
        case Waiting(ahead=ahead):
            return f"{ahead} questions are answered before yours."
        case Loading(unloaded=unloaded):
            room = f" {', '.join(unloaded)} made room for it." if unloaded else ""
            return f"Loading {reply.model} …{room}"
        case Prompted():
            return "Reading the prompt …"
    return None


def figures_of(reply: Reply, done: Done) -> str:
    """Tokens, time to first token, speed, memory, seed, and what ended the answer."""
    found = [plural(done.tokens, "token")]
    if done.first_seconds is not None:
        found.append(f"first after {seconds(done.first_seconds)}")
    if done.tokens_per_second is not None:
        found.append(f"{speed(done.tokens_per_second)} tokens/s")
    if done.resident_bytes is not None:
        found.append(f"{byte_size(done.resident_bytes)} of memory")
    if done.device_bytes:
        found.append(f"{byte_size(done.device_bytes)} on the GPU")
    if reply.loaded is not None and done.resident_bytes is not None:
        found.append(f"loaded in {seconds(reply.loaded.seconds)}")
    found.append(f"seed {done.seed}")
    return " · ".join([*found, _ending(done), *_left_out(done)])


def _ending(done: Done) -> str:
    match done.finish:
        case "stopped":
            return "stopped by you"
        case "length":
            return "cut at the number of new tokens"
        case "context":
            return "cut: the model's context is full"
    return "ended by itself" if done.stopped_at is None else f"ended at {done.stopped_at!r}"


def _left_out(done: Done) -> list[str]:
    return [f"the server does not take {', '.join(done.refused)}"] if done.refused else []


def seconds(value: float) -> str:
    """A short time: "15 ms", "1.2 s"."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def speed(value: float) -> str:
    """Tokens per second, to three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
