"""`harness schema`: the JSON Schema of suite files."""

from __future__ import annotations

import json

from harness.suite.schema import json_schema


def schema_text() -> str:
    """As it is committed in `suites/suite.schema.json`."""
    return json.dumps(json_schema(), indent=2) + "\n"


def print_schema() -> int:
    """Prints it. Returns the exit code."""
    print(schema_text(), end="")
    return 0
