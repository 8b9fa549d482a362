"""A page as PDF, by a browser that is on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.files import write_bytes_atomically

BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "microsoft-edge", "microsoft-edge-stable", "msedge",
)  # fmt: skip
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
LONGEST_SECONDS = 90
_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")


def find_browser() -> str | None:
    """A browser of Chromium's kind; None where none is installed."""
    found = (shutil.which(name) for name in BROWSERS)
    here = next((path for path in found if path), None)
    return here or next((path for path in ELSEWHERE if Path(path).is_file()), None)


def print_page(browser: str, page: Path, pdf: Path) -> str:
    """Prints a page into a PDF file, or leaves that as it was.

    Returns:
        Why it could not be done; "" where it was.
    """
    with tempfile.TemporaryDirectory(prefix="harness-print-") as scratch:
        made = Path(scratch) / "page.pdf"
        words = [
            browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-extensions",
            "--disable-background-networking", "--no-pdf-header-footer",
            f"--user-data-dir={scratch}/profile", f"--print-to-pdf={made}", page.resolve().as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            words.insert(1, "--no-sandbox")
        try:
            done = subprocess.run(words, capture_output=True, timeout=LONGEST_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"{browser} did not end within {LONGEST_SECONDS} s"
        except OSError as error:
            return f"{browser}: {error.strerror}"
        if done.returncode or not made.is_file() or not made.stat().st_size:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            return f"{browser} ended with {done.returncode}: {said[-1] if said else 'no word'}"
        try:
            write_bytes_atomically(pdf, made.read_bytes())
        except OSError as error:
            return f"{pdf}: {error.strerror}"
    return ""


def pages_of(pdf: Path) -> int | None:
    """How many pages a PDF of a browser has; None where that cannot be told."""
    found = len(_PAGE.findall(pdf.read_bytes()))
    return found or None
