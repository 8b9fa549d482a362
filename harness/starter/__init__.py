"""The embedded model and sample data, so that the main job runs with no network."""

from pathlib import Path

MODEL_FOLDER: Path = Path(__file__).parent / "model"
DATA_FOLDER: Path = Path(__file__).parent / "data"
LICENCE = "Apache-2.0"
"""This project's own."""

__all__ = ["DATA_FOLDER", "LICENCE", "MODEL_FOLDER"]
