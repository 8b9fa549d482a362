"""Will a suite fit this machine? What each of its steps needs, before a byte of a model is there.

`harness.fit` knows what a shape needs; here a suite's plan is turned into such questions, the shapes
are found (a folder, a file, a name, `config.json` from the Hub), and the answers are held against
what is free. Nothing here imports torch.
"""

from harness.forecast.making import forecast
from harness.forecast.records import Forecast, ModelForecast, StepNeed, Totals

__all__ = ["Forecast", "ModelForecast", "StepNeed", "Totals", "forecast"]
