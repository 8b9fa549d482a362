"""Members of zip and 7z archives, as bytes in memory, with distrust.

An archive from elsewhere may be cut off, damaged, or made to harm: names that climb out of a
folder, a kilobyte that unpacks to terabytes. Each is one `BadDataError` that says which.
"""

from __future__ import annotations

import io
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath

from harness.errors import BadDataError, MissingToolError

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
        MissingToolError: a 7z archive, and py7zr is not installed.
    """
    if data.startswith(b"7z\xbc\xaf\x27\x1c"):
        return _read_7z(path, data, wanted)
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _read_zip(path, data, wanted)
    raise BadDataError(f"{path}: neither a zip nor a 7z archive", AGAIN)


def _read_zip(path: Path, data: bytes, wanted: MemberFilter) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_all(path, [(info.orig_filename, info.file_size) for info in infos])
            members = [i for i in infos if not i.is_dir() and _chosen(i.filename, wanted)]
            _check_unique(path, [member.filename for member in members])
            for member in members:
                if member.flag_bits & 0x1:
                    raise BadDataError(f"{path}: member {member.filename!r} is encrypted")
            return {member.filename: _unpack(archive, member, path) for member in members}
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise _damaged(path, "zip", error) from None
    except (ValueError, IndexError, struct.error) as error:  # offsets and fields that are nonsense
        raise _damaged(path, "zip", error) from None
    except (NotImplementedError, RuntimeError) as error:
        raise BadDataError(f"{path}: a zip archive that cannot be unpacked: {error}") from None


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    """The contents of one member; what its header says of its size is not believed."""
    with archive.open(member) as stream:
        data = stream.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise BadDataError(f"{path}: member {member.filename!r} is not as long as it says", AGAIN)
    return data


def _read_7z(path: Path, data: bytes, wanted: MemberFilter) -> dict[str, bytes]:
    try:
        import py7zr
        from py7zr import exceptions
    except ImportError:
        raise MissingToolError(
            f"{path}: a 7z archive needs the package py7zr",
            "Install py7zr, or unpack the archive yourself and put its files in the same folder.",
        ) from None
    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as archive:
            if archive.needs_password():
                raise BadDataError(f"{path}: the archive is encrypted")
            infos = archive.list()
            _check_all(path, [(info.filename, info.uncompressed) for info in infos])
            names = [
                i.filename for i in infos if not i.is_directory and _chosen(i.filename, wanted)
            ]
            _check_unique(path, names)
            return _extract_7z(archive, names, path) if names else {}
    except exceptions.PasswordRequired:
        raise BadDataError(f"{path}: the archive is encrypted") from None
    except (exceptions.ArchiveError, lzma.LZMAError, zlib.error) as error:
        raise _damaged(path, "7z", error) from None
    except (EOFError, OSError, ValueError, IndexError, KeyError, TypeError) as error:
        # What py7zr lets through where a header is cut off or overwritten.
        raise _damaged(path, "7z", error) from None


def _extract_7z(archive: object, names: Sequence[str], path: Path) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="harness-7z-") as folder:
        archive.extract(path=folder, targets=list(names))  # type: ignore[attr-defined]
        members = {}
        for name in names:
            file = Path(folder, name)
            if file.is_symlink() or not file.is_file():
                raise BadDataError(f"{path}: member {name!r} is not a plain file")
            members[name] = file.read_bytes()
        return members


def _chosen(name: str, wanted: MemberFilter) -> bool:
    parts = PurePosixPath(name).parts
    return not ("__MACOSX" in parts or parts[-1].startswith("._")) and wanted(name)


def _check_all(path: Path, members: Sequence[tuple[str, int]]) -> None:
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


def _check_unique(path: Path, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadDataError(f"{path}: member {twice[0]!r} stands in it twice", AGAIN)


def _escapes(name: str) -> bool:
    windows = PureWindowsPath(name)
    return (
        not name
        or "\0" in name
        or PurePosixPath(name).is_absolute()
        or bool(windows.drive or windows.root)
        or ".." in windows.parts
    )


def _damaged(path: Path, kind: str, error: Exception) -> BadDataError:
    said = str(error) or type(error).__name__
    return BadDataError(f"{path}: a {kind} archive that is cut off or damaged: {said}", AGAIN)
