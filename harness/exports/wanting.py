"""Libraries that only an export needs, and how to get them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import MissingToolError


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Says how to install what is imported within.

    Args:
        extra: the extra of this package that brings the library.

    Raises:
        MissingToolError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingToolError(
            f"the export to {extra} needs a package that is not installed: {error.name or error}",
            f"Install it: pip install 'harness[{extra}]', or in a checkout pip install -e '.[{extra}]'.",
        ) from None
