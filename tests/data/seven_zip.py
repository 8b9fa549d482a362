"""Writes 7z archives with any member names, uncompressed: fixtures that no archiver would make.

After 7zFormat.txt of the 7-Zip source. Sizes below 128 take one byte; larger ones eight and a mark.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable


def seven_zip(members: dict[str, bytes], sizes: dict[str, int] | None = None) -> bytes:
    """An archive of these members, each in a folder (stream) of its own with the Copy coder.

    `sizes` gives members another size in the header than they have.
    """
    contents = list(members.values())
    said = [(sizes or {}).get(name, len(data)) for name, data in members.items()]
    count = _number(len(members))
    pack = b"\x06" + _number(0) + count + b"\x09" + _numbers(map(len, contents)) + b"\x00"
    folders = b"\x01\x01\x00" * len(members)
    crcs = b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(data)) for data in contents)
    unpack = b"\x07\x0b" + count + b"\x00" + folders + b"\x0c" + _numbers(said) + crcs + b"\x00"
    names = b"\x00" + b"".join(name.encode("utf-16-le") + b"\0\0" for name in members)
    files = b"\x05" + count + b"\x11" + _number(len(names)) + names + b"\x00"
    header = b"\x01\x04" + pack + unpack + b"\x08\x00\x00" + files + b"\x00"
    body = b"".join(contents)
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    magic = b"7z\xbc\xaf\x27\x1c\x00\x04"
    return magic + struct.pack("<I", zlib.crc32(start)) + start + body + header


def _number(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def _numbers(values: Iterable[int]) -> bytes:
    return b"".join(map(_number, values))
