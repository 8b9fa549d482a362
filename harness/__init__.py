"""A benchmark and evaluation harness for local language models.

import harness
harness.run("suites/quickstart.yaml")
harness.load_results("results/quickstart")      # a tidy pandas frame
harness.compare("results/quickstart", "lora-f16", "lora-q4")   # paired differences, another
harness.report("results/quickstart")
"""

from harness.api import compare, load_results, report, run
from harness.version import __version__

__all__ = ["__version__", "compare", "load_results", "report", "run"]
