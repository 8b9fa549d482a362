"""A turn of a conversation, as chat templates take it."""

from __future__ import annotations

from typing import Any

Message = dict[str, Any]
"""`role`, and `content`: a text. Where a template wants them, a list of parts, or calls of tools beside it."""
