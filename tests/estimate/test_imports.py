"""Estimating is pure: `harness plan` answers without torch or llama.cpp."""

from __future__ import annotations

import subprocess
import sys


def test_estimating_loads_neither_torch_nor_llama_cpp() -> None:
    code = (
        "import sys, harness.estimate.inference, harness.estimate.training, harness.estimate.forecast; "
        "print([name for name in ('torch', 'transformers', 'llama_cpp') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
