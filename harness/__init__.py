"""A benchmark and evaluation harness for local language models.

import harness
harness.run("suites/quickstart.yaml")
harness.load_results("results/quickstart")      # a tidy pandas frame
harness.report("results/quickstart")
"""

from harness.api import load_results, report, run

__version__ = "0.1.0"
__all__ = ["__version__", "load_results", "report", "run"]
