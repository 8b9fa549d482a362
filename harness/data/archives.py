"""Members of zip and 7z archives, as bytes in memory, with distrust.

An archive from elsewhere may be cut off, damaged, or made to harm: names that climb out of a
folder, a kilobyte that unpacks to terabytes. Each is one `BadDataError` that says which.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from harness.errors import BadDataError

if TYPE_CHECKING:
    import py7zr

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 512 * 2**20
"""A larger member is refused: SAMSum's largest has 11 MB, PhraseBank's 0.7 MB."""
MAX_ARCHIVE_BYTES = 2**30
AGAIN = "Delete it and get it again."

MemberFilter = Callable[[str], bool]


def read_members(path: Path, data: bytes, wanted: MemberFilter) -> dict[str, bytes]:
    """The members of an archive that are wanted, by name.

    Directories and what macOS adds (`__MACOSX/`, `._name`) are never members.

    Args:
        path: names the archive in messages.
        data: its contents; the first bytes say which kind it is.
        wanted: told a member's name, whether to read it.

    Raises:
        BadDataError: neither zip nor 7z; cut off or damaged; encrypted; absurd sizes; a member, wanted
            or not, whose name would leave the folder it is unpacked into; one name twice.
    """
    if data.startswith(b"7z\xbc\xaf\x27\x1c"):
        kind, read = "7z", _read_7z
    elif data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        kind, read = "zip", _read_zip
    else:
        raise BadDataError(f"{path}: neither a zip nor a 7z archive", AGAIN)
    try:
        return read(path, data, wanted)
    except _DAMAGE as error:
        said = str(error) or type(error).__name__
        raise BadDataError(
            f"{path}: a {kind} archive that is cut off or damaged: {said}", AGAIN
        ) from None
    except RuntimeError as error:
        raise BadDataError(f"{path}: a {kind} archive that cannot be unpacked: {error}") from None


_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
)
"""What `zipfile` and `py7zr` let through where a header or a stream is cut off or overwritten."""


def _read_zip(path: Path, data: bytes, wanted: MemberFilter) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        sizes = [(info.orig_filename, info.file_size) for info in infos]
        names = _chosen(path, sizes, [i.filename for i in infos if not i.is_dir()], wanted)
        for name in names:
            if archive.getinfo(name).flag_bits & 0x1:
                raise BadDataError(f"{path}: member {name!r} is encrypted")
        return {name: _unpack(archive, archive.getinfo(name), path) for name in names}


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    """The contents of one member; what its header says of its size is not believed."""
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise BadDataError(f"{path}: member {member.filename!r} is not as long as it says", AGAIN)
    return data


def _read_7z(path: Path, data: bytes, wanted: MemberFilter) -> dict[str, bytes]:
    import py7zr
    from py7zr import exceptions

    encrypted = BadDataError(f"{path}: the archive is encrypted")
    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
            if archive.needs_password():
                raise encrypted
            infos = archive.list()
            sizes = [(info.filename, info.uncompressed) for info in infos]
            files = [info.filename for info in infos if not info.is_directory]
            names = _chosen(path, sizes, files, wanted)
            links = {info.filename for info in infos if not info.is_directory and not info.is_file}
            for name in names:
                if name in links:
                    raise BadDataError(f"{path}: member {name!r} is not a plain file")
            chosen = {name: dict(sizes)[name] for name in names}
            return _extract_7z(archive, chosen, path) if chosen else {}
    except exceptions.PasswordRequired:
        raise encrypted from None
    except exceptions.ArchiveError as error:
        raise ValueError(str(error) or type(error).__name__) from None


def _extract_7z(
    archive: py7zr.SevenZipFile, sizes: Mapping[str, int], path: Path
) -> dict[str, bytes]:
    """Contents by name, unpacked into memory; none grows beyond what the archive says of its size."""
    from py7zr.io import Py7zBytesIO, WriterFactory

    class Member(Py7zBytesIO):  # type: ignore[misc]
        def write(self, s: bytes | bytearray) -> int:
            if self.size() + len(s) > self.limit:
                raise BadDataError(
                    f"{path}: member {self.filename!r} is not as long as it says", AGAIN
                )
            return int(super().write(s))

    class Members(WriterFactory):  # type: ignore[misc]
        def __init__(self) -> None:
            self.made: dict[str, Member] = {}

        def create(self, filename: str) -> Member:
            self.made[filename] = Member(filename, sizes.get(filename, 0))
            return self.made[filename]

    members = Members()
    archive.extract(targets=list(sizes), factory=members)
    found = {name: made.seek(0) or made.read() for name, made in members.made.items()}
    for name, size in sizes.items():
        if len(found.get(name, b"")) != size:
            raise BadDataError(f"{path}: member {name!r} is not as long as it says", AGAIN)
    return {name: found.get(name, b"") for name in sizes}


def _chosen(
    path: Path, members: Sequence[tuple[str, int]], files: Sequence[str], wanted: MemberFilter
) -> list[str]:
    """Those of an archive's files that are wanted, once all its members are found to do no harm."""
    if len(members) > MAX_MEMBERS:
        raise BadDataError(
            f"{path}: {len(members)} members; more than {MAX_MEMBERS} is no data set"
        )
    for name, size in members:
        if _escapes(name):
            raise BadDataError(
                f"{path}: member {name!r} would be written outside its folder",
                "Do not unpack this archive; get it from its publisher.",
            )
        if size > MAX_MEMBER_BYTES:
            raise BadDataError(
                f"{path}: member {name!r} would unpack to {size} bytes; the limit is {MAX_MEMBER_BYTES}"
            )
    total = sum(size for _, size in members)
    if total > MAX_ARCHIVE_BYTES:
        raise BadDataError(
            f"{path}: would unpack to {total} bytes; the limit is {MAX_ARCHIVE_BYTES}"
        )
    names = [name for name in files if not _is_of_macos(name) and wanted(name)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadDataError(f"{path}: member {twice[0]!r} stands in it twice", AGAIN)
    return names


def _is_of_macos(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or parts[-1].startswith("._")


def _escapes(name: str) -> bool:
    windows = PureWindowsPath(name)
    return (
        not name
        or "\0" in name
        or PurePosixPath(name).is_absolute()
        or bool(windows.drive or windows.root)
        or ".." in windows.parts
    )
