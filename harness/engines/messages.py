"""A turn of a conversation, as chat templates take it: {"role": …, "content": …}."""

from __future__ import annotations

Message = dict[str, str]
