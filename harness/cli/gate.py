"""`harness gate`: do the limits of the suite hold? For people, for CI, for other programs."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from harness.cli.consoles import output_console
from harness.cli.outputs import hand_over, hand_over_json
from harness.cli.report import page_of
from harness.files import write_atomically
from harness.reporting.blocks import plain
from harness.reporting.browser.chosen import quoted
from harness.reporting.ci import github_annotations, junit
from harness.reporting.comment import Place, comment
from harness.reporting.gates import gates, missed_gates
from harness.reporting.partial import partial_lines
from harness.reporting.terminal import terminal_gates
from harness.results.gating import Judged


@dataclass(frozen=True)
class Told:
    """What was asked for, as the comment repeats it."""

    results: Path
    reports: Path
    link: str
    baseline: str

    def place(self, judged: Judged) -> Place:
        """Where a reader of the comment goes on."""
        words = ["harness", "gate", str(self.results)]
        words += ["--baseline", self.baseline] if self.baseline else []
        where = page_of(judged.summary, self.reports, self.link)
        return Place(where, shlex.join(words))


def gate_results(
    judged: Judged, junit_file: Path | None, summary_file: Path | None, told: Told, as_json: bool
) -> int:
    """Shows what was judged, and writes what was asked for. Returns the exit code."""
    if junit_file is not None:
        write_atomically(junit_file, junit(judged.summary))
    text = comment(quoted(judged.summary, None), told.place(judged))
    if summary_file is not None:
        write_atomically(summary_file, text)
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as stream:
            stream.write(text)
    if as_json:
        hand_over_json(_as_data(judged), indent=2)
        return judged.exit_code
    _show(judged)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for command in github_annotations(judged.summary):
            hand_over(f"{command}\n")
    return judged.exit_code


def _show(judged: Judged) -> None:
    out = output_console()
    out.print(terminal_gates(judged.summary))
    lines = [*partial_lines(judged.summary), gates(judged.summary), *missed_gates(judged.summary)]
    if judged.waiting:
        count = f"{judged.waiting} gate{'s' * (judged.waiting > 1)}"
        lines.append((f"Not judged: {count} against a baseline. Name one: --baseline NAME.",))
    for line in lines:
        out.print(Text(plain(line)))


def _as_data(judged: Judged) -> dict[str, object]:
    return {
        "suite": judged.summary.suite["name"],
        "baseline": judged.baseline or None,
        "exit_code": judged.exit_code,
        "not_judged": judged.waiting,
        "partial": partial.model_dump(mode="json") if (partial := judged.summary.partial) else None,
        "gates": [verdict.model_dump(mode="json") for verdict in judged.verdicts],
        "failed": [f"{cell.model}/{cell.task}" for cell in judged.failed],
    }
