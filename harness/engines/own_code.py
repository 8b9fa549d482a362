"""Models that bring Python code of their own, which their `auto_map` names."""

from __future__ import annotations

from pathlib import Path

from harness.engines.json_files import read_json
from harness.engines.permissions import how_to_allow, permissions_of
from harness.errors import BadModelError


def refuse_code(folder: Path, file: str) -> None:
    """Raises BadModelError if a configuration names code of its own and that may not be run.

    Args:
        folder: of the model.
        file: `config.json` or `tokenizer_config.json`.
    """
    named = read_json(folder / file).get("auto_map")
    if not named or permissions_of(folder).code:
        return
    values = named.values() if isinstance(named, dict) else named
    flat = [v for value in values for v in (value if isinstance(value, list) else [value]) if v]
    raise BadModelError(
        f"{folder / file} names code of the model's own ({', '.join(map(str, flat[:3]))}), and it is "
        "not run.",
        f"Read that code; {how_to_allow(folder, 'trust_remote_code')}.",
    )
