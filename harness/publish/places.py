"""Publishing into a folder: what somebody else wrote is never replaced unasked."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from harness.errors import InputError
from harness.files import check_inside, write_bytes_atomically
from harness.leaderboard.write import write_site
from harness.publish.publication import MARK, Publication


def write_folder(publication: Publication, folder: Path, overwrite: bool) -> list[Path]:
    """Writes the files, and gives them.

    Raises:
        InputError: a file of the same name is not one of ours, and `overwrite` does not allow it; or a
            link leads out of the folder.
    """
    if publication.is_site:
        texts = {path: data.decode("utf-8") for path, data in publication.files.items()}
        write_site(texts, folder, overwrite)
        return [folder / PurePosixPath(path) for path in texts]
    ours = _was_written_here(folder)
    for path, data in publication.files.items():
        file = folder / PurePosixPath(path)
        check_inside(file, folder)
        if file.is_file() and not (overwrite or ours or file.read_bytes() == data):
            raise InputError(f"{file} is there already, and is somebody's own work", OVERWRITE)
    written = []
    for path, data in publication.files.items():
        file = folder / PurePosixPath(path)
        write_bytes_atomically(file, data)
        written.append(file)
    return written


OVERWRITE = "--overwrite puts the new one in its place."


def is_ours(readme: bytes) -> bool:
    """Whether a README was made here, so that it may be replaced."""
    return MARK.encode() in readme


def _was_written_here(folder: Path) -> bool:
    readme = folder / "README.md"
    return readme.is_file() and is_ours(readme.read_bytes())
