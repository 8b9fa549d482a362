"""A Transformers model over several devices, as Accelerate lays it out, and what that leaves to heed.

Accelerate wraps the `forward` of modules: inputs travel to where a layer's weights are, and weights that
had no room on a GPU are brought there for the layer's products alone. So whoever looks at weights or puts
another `forward` in place has to go through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.utils import align_module_device, get_max_memory

from harness.engines.protocol import EngineSpec
from harness.engines.spread import CPU
from harness.errors import InputError

DISK = "disk"


def map_options(spec: EngineSpec, device: Any) -> dict[str, Any]:
    """What `from_pretrained` is told of devices.

    Args:
        spec: how the model is run.
        device: the only one where the model is not spread.

    Raises:
        InputError: there are fewer GPUs than it is to be laid over.
    """
    of = spec.spread
    if not of.mapped:
        return {"device_map": {"": device}}
    seen = torch.cuda.device_count() if torch.cuda.is_available() else 0
    named = [int(name) for name in of.max_memory if name != CPU]
    wanted = max(of.devices, 1 + max(named, default=-1))
    if wanted > seen:
        raise InputError(
            f"The model is to be laid over {wanted} GPUs, and this process sees {seen or 'none'}.",
            "Say less under `engine` (`devices`, `max_memory`), or run it where there are as many.",
        )
    given: dict[int | str, int] = {
        key if key == CPU else int(key): size for key, size in of.max_memory.items()
    }
    if of.devices and not named:
        free: dict[int | str, int] = get_max_memory()
        given = {CPU: free[CPU], **given, **{n: free[n] for n in range(of.devices)}}
    return {"device_map": of.mapped, **({"max_memory": given} if given else {})}


def is_spread(model: Any) -> bool:
    """Whether Accelerate wrapped this model's modules."""
    return len(set(_map(model).values())) > 1 or DISK in _map(model).values()


def places_of(model: Any) -> tuple[str, ...]:
    """Where its parts are and are computed, GPUs first: ("cuda:0", "cuda:1", "cpu"); none of a model on
    one device."""
    if not is_spread(model):
        return ()
    found = {_name(place) for place in _map(model).values()} | {str(first_device(model))}
    return tuple(sorted(found, key=lambda name: (name == DISK, name == CPU, name)))


def first_device(model: Any) -> Any:
    """The device that token ids go to: that of the embedding, where its products are computed."""
    embedding = model.get_input_embeddings()
    hook = getattr(embedding, "_hf_hook", None)
    place = getattr(hook, "execution_device", None)
    return embedding.weight.device if place is None else torch.device(place)


def computing(model: Any) -> list[Any]:
    """The devices that compute, the one of the embedding first; a spread model's GPUs, or the processor."""
    cuda = [torch.device(name) for name in places_of(model) if name.startswith("cuda")]
    first = first_device(model)
    return [first, *(device for device in cuda if device != first)]


def is_wrapped(module: Any) -> bool:
    """Whether Accelerate put its own `forward` in front of a module's."""
    return hasattr(module, "_hf_hook")


@contextmanager
def replaced_forward(module: Any, forward: Any) -> Iterator[None]:
    """Has a module compute otherwise meanwhile, behind what Accelerate put in front of it."""
    name = "_old_forward" if is_wrapped(module) else "forward"
    before = vars(module).get(name)
    setattr(module, name, forward)
    try:
        yield
    finally:
        delattr(module, name)
        if before is not None:
            setattr(module, name, before)


def weights_in_place(model: Any) -> Iterator[tuple[str, Any]]:
    """Every weight with its name, those that lie elsewhere fetched while they are looked at."""
    for prefix, module in model.named_modules():
        with align_module_device(module):
            yield from module.named_parameters(prefix, recurse=False)


def _map(model: Any) -> dict[str, Any]:
    return dict(getattr(model, "hf_device_map", None) or {})


def _name(place: Any) -> str:
    return f"cuda:{place}" if isinstance(place, int) else str(place)
