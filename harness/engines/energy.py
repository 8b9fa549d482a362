"""Energy that a processor or a GPU uses, where the machine tells it.

Linux counts a processor's packages (Intel's RAPL, AMD has it too) in /sys/class/powercap, which only root may
read on most machines; NVIDIA's driver counts a GPU's since it was loaded. Both count all that runs on them.
"""

from __future__ import annotations

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")


class EnergyMeter:
    """Counts from the moment that it is made.

    A processor's counter begins again at 0 after minutes to hours of work (`max_energy_range_uj`), so `read`
    has to be called more often than that.
    """

    def __init__(self, powercap: Path = POWERCAP) -> None:
        """Prepares to count; `powercap` is where Linux shows its counters."""
        self._powercap = powercap
        self._used = 0.0
        self._packages = _packages(powercap)
        self._gpus = _gpu_joules()

    def read(self) -> float | None:
        """Joules used since it was made; None where the machine does not tell."""
        packages, gpus = _packages(self._powercap), _gpu_joules()
        for package, before in self._packages.items():
            used = packages.get(package, before) - before
            if used < 0:
                used += _number(package / "max_energy_range_uj") or 0
            self._used += used / 1e6
        if gpus is not None and self._gpus is not None:
            self._used += gpus - self._gpus
        told = bool(self._packages) or self._gpus is not None
        self._packages, self._gpus = packages, gpus
        return self._used if told else None


def _packages(powercap: Path) -> dict[Path, int]:
    """The counter (microjoules) of each of the processor's packages; those of their parts are in it."""
    found: dict[Path, int] = {}
    for zone in sorted(powercap.glob("intel-rapl:*")):
        value = _number(zone / "energy_uj") if zone.name.count(":") == 1 else None
        if value is not None:
            found[zone] = value
    return found


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _gpu_joules() -> float | None:
    """What the GPUs have used since their driver was loaded; None without a driver or its library."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:
        return None  # no library, or one without a driver; what it raises is its own
    try:
        gpus = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        return float(sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu) for gpu in gpus)) / 1e3
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()
