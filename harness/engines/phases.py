"""The most memory that each phase of a process took."""

from __future__ import annotations

from pathlib import Path

from harness.engines.process import peak_resident_bytes

CLEAR = Path("/proc/self/clear_refs")
"""Linux forgets a process's peak when it is sent a 5 here (proc_pid_clear_refs(5))."""


class MemoryPhases:
    """Notes the peak of one phase after another; where the kernel forgets none, only that of the whole."""

    def __init__(self, clear: Path = CLEAR) -> None:
        """Begins none yet."""
        self._clear = clear
        self._name = ""
        self._peaks: dict[str, int] = {}
        self._forgets = True
        self.most = 0

    def begin(self, name: str) -> None:
        """Ends the phase before, and begins one."""
        self.end()
        self._name = name
        try:
            self._clear.write_text("5")
        except OSError:
            self._forgets = False
        _forget_device()

    def end(self) -> dict[str, int]:
        """Bytes at the peak of each phase, those of a GPU as "device …"; ends the last."""
        self.most = max(self.most, peak_resident_bytes())
        if self._name:
            if self._forgets:
                self._peaks[self._name] = peak_resident_bytes()
            device = _device_peak()
            if device:
                self._peaks[f"device {self._name}"] = device
            self._name = ""
        return dict(self._peaks)


def _forget_device() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _device_peak() -> int:
    import torch

    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else 0
