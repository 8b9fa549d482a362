from __future__ import annotations

import subprocess
import sys

MODULES = (
    "bootstrapped",
    "comparisons",
    "floors",
    "gates",
    "intervals",
    "metrics",
    "paired",
)
HEAVY = ("scipy", "sklearn", "rouge_score", "torch", "transformers", "llama_cpp")


def test_importing_the_analysis_loads_nothing_heavy() -> None:
    """A finished suite is answered by the parent process, which has no time for them."""
    imports = "; ".join(f"import harness.analysis.{module}" for module in MODULES)
    code = f"import sys; {imports}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
