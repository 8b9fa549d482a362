"""Finding and unpacking llama.cpp's converter."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from harness.errors import MissingToolError
from harness.models.gguf import llamacpp_source
from harness.models.gguf.llamacpp_source import extract, find_llama_cpp


def checkout(folder: Path) -> Path:
    for name in ("conversion", "gguf-py"):
        (folder / name).mkdir(parents=True)
    (folder / "convert_hf_to_gguf.py").write_text("")
    return folder


def archive(path: Path, members: dict[str, bytes], link: str | None = None) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if link is not None:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(member)
    return path


def test_a_checkout_that_the_user_names_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(llamacpp_source.VARIABLE, str(checkout(tmp_path / "llama.cpp")))
    assert find_llama_cpp() == tmp_path / "llama.cpp"


def test_a_named_checkout_without_converter_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(llamacpp_source.VARIABLE, str(tmp_path))
    with pytest.raises(MissingToolError, match=r"convert_hf_to_gguf\.py"):
        find_llama_cpp()


def test_the_installed_place_is_used_without_fetching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(llamacpp_source.VARIABLE, raising=False)
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    place = checkout(llamacpp_source.installed_place())
    monkeypatch.setattr(llamacpp_source, "fetch", lambda _: pytest.fail("it was fetched"))
    assert find_llama_cpp() == place and tmp_path in place.parents


def test_only_the_converter_is_unpacked_and_nothing_outside(tmp_path: Path) -> None:
    root = "llama_cpp_python-1.0/vendor/llama.cpp"
    wanted = {
        f"{root}/convert_hf_to_gguf.py": b"a",
        f"{root}/conversion/base.py": b"b",
        f"{root}/gguf-py/gguf/__init__.py": b"c",
    }
    unwanted = {
        f"{root}/src/llama.cpp": b"x",
        f"{root}/gguf-py/../../../../escaped.py": b"x",
        f"{root}/conversion/../../escaped.py": b"x",
        "/vendor/llama.cpp/conversion/rooted.py": b"x",
        "other/gguf-py/gguf/base.py": b"x",
    }
    file = archive(tmp_path / "sdist.tar.gz", wanted | unwanted, f"{root}/conversion/link.py")
    extract(file, tmp_path / "out" / "sources")
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if not p.is_dir()}
    places = {name.replace(root, "out/sources") for name in wanted}
    assert found - {"sdist.tar.gz", "out/sources/conversion/rooted.py"} == places


def test_a_fetched_converter_appears_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = "llama_cpp_python-1.0/vendor/llama.cpp"
    names = ("convert_hf_to_gguf.py", "conversion/base.py", "gguf-py/gguf/__init__.py")
    file = archive(tmp_path / "sdist.tar.gz", {f"{root}/{name}": b"x" for name in names})
    monkeypatch.setattr(llamacpp_source, "download", lambda version, folder: file)
    place = tmp_path / "share" / "llama.cpp-1.0"
    assert llamacpp_source.fetch(place) == place
    assert all((place / name).is_file() for name in names)
    assert [p.name for p in place.parent.iterdir()] == [place.name]


def test_no_network_is_a_missing_tool_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(MissingToolError, match="could not fetch") as caught:
        llamacpp_source.fetch(tmp_path / "llama.cpp-1.0")
    assert llamacpp_source.VARIABLE in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_source_distribution_without_converter_is_said_to_be_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = archive(tmp_path / "sdist.tar.gz", {"a/vendor/llama.cpp/LICENSE": b"x"})
    monkeypatch.setattr(llamacpp_source, "download", lambda version, folder: file)
    with pytest.raises(MissingToolError, match="has no convert_hf_to_gguf"):
        llamacpp_source.fetch(tmp_path / "share" / "llama.cpp-1.0")
