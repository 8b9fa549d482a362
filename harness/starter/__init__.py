"""The embedded model and sample data, so that the main job runs with no network."""

from pathlib import Path

MODEL_FOLDER: Path = Path(__file__).parent / "model"
DATA_FOLDER: Path = Path(__file__).parent / "data"

__all__ = ["DATA_FOLDER", "MODEL_FOLDER"]
