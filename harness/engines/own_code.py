"""Models that bring Python code of their own, which their `auto_map` names."""

from __future__ import annotations

from pathlib import Path

from harness.engines.json_files import read_json
from harness.engines.permissions import how_to_allow
from harness.errors import BadModelError


def needs_code(folder: Path, file: str) -> bool:
    """Whether a configuration (`config.json`, `tokenizer_config.json`) names code of its own."""
    return bool(read_json(folder / file).get("auto_map"))


def code_refused(folder: Path, file: str) -> BadModelError:
    """The error that says how the code is allowed."""
    named = read_json(folder / file)["auto_map"]
    values = named.values() if isinstance(named, dict) else named
    flat = [v for value in values for v in (value if isinstance(value, list) else [value]) if v]
    return BadModelError(
        f"{folder / file} names code of the model's own ({', '.join(map(str, flat[:3]))}), and it is "
        "not run.",
        f"Read that code; {how_to_allow(folder, 'trust_remote_code')}.",
    )
