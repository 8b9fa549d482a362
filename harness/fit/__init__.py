"""Will it fit? What a model needs of disk, memory and time, before a byte of it is there.

    shape = read_shape(config)                                   # of config.json
    gguf_bytes(shape, "Q4_K_M")                                  # a file
    hf_moments(shape, Ask("choose", 200, 300)).peak.resident.total   # answering
    tuning_memory(shape, Tuning("qlora"), "cuda").device.total   # fine-tuning

Pure functions of a configuration, without torch. docs/fit.md has the formulas, and estimates
against measured peaks.
"""

from harness.fit.disk import (
    Artifact,
    Kept,
    adapter_bytes,
    adapter_parameters,
    artifact_bytes,
    bits_per_weight,
    checkpoint_bytes,
    disk,
    gguf_bytes,
)
from harness.fit.inference import Ask, hf_moments, llama_moments
from harness.fit.machine import (
    Room,
    Verdict,
    free_room,
    verdict_on_disk,
    verdict_on_memory,
)
from harness.fit.memory import Memory, Moments
from harness.fit.need import Need, Part
from harness.fit.pace import (
    Pace,
    Work,
    asking_work,
    measure_pace,
    seconds,
    seconds_at,
    tuning_work,
)
from harness.fit.precision import Device, precisions
from harness.fit.shape import FAMILIES, Shape, read_shape
from harness.fit.training import Tuning, merging_memory, trained_parameters, tuning_memory

__all__ = [
    "FAMILIES",
    "Artifact",
    "Ask",
    "Device",
    "Kept",
    "Memory",
    "Moments",
    "Need",
    "Pace",
    "Part",
    "Room",
    "Shape",
    "Tuning",
    "Verdict",
    "Work",
    "adapter_bytes",
    "adapter_parameters",
    "artifact_bytes",
    "asking_work",
    "bits_per_weight",
    "checkpoint_bytes",
    "disk",
    "free_room",
    "gguf_bytes",
    "hf_moments",
    "llama_moments",
    "measure_pace",
    "merging_memory",
    "precisions",
    "read_shape",
    "seconds",
    "seconds_at",
    "trained_parameters",
    "tuning_memory",
    "tuning_work",
    "verdict_on_disk",
    "verdict_on_memory",
]
