"""Answers that are remembered by what was asked, so that the same request is not paid for twice.

An answer stands for the same request: the same address, model, API and body (the key, which stands in a
header, is no part of it), to a server that says the same of itself and of the model. It is not used where
the answer was drawn (a temperature above 0), where what is looked for is whether the server answers alike
twice, and as soon as the server answers under another `system_fingerprint` than the one remembered.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.replies import Reply
from harness.files import write_atomically

SCHEMA = "harness-answer/1"


@dataclass(frozen=True)
class Remembering:
    """Where a server's answers are remembered.

    Attributes:
        folder: of all servers' answers.
        says: hash of what this server says of itself and of the model: another model's answers are others.
        fresh: whether what is remembered is passed over, and replaced.
    """

    folder: Path
    says: str
    fresh: bool = False


class NotRememberedError(Exception):
    """Nothing was to be sent, and the answer is not remembered."""


class Memory:
    """The remembered answers of one served model; may be used by several threads."""

    def __init__(self, of: Remembering | None, url: str, model: str) -> None:
        """Reads nothing yet; with None nothing is remembered."""
        self._of, self._asked = of, {"url": url, "model": model}
        self._here = threading.local()
        """How this thread uses it: `alone`, `anew`, and the `times` of requests that are told apart."""
        self._live: set[str] = set()
        """Fingerprints under which the server answers now."""
        self._mine = uuid4().hex
        """Stands in what was sent from here, so that this need not be kept in mind of every request."""

    @contextmanager
    def _using(self, name: str, value: Any) -> Iterator[None]:
        before = getattr(self._here, name, None)
        setattr(self._here, name, value)
        try:
            yield
        finally:
            setattr(self._here, name, before)

    def alone(self) -> AbstractContextManager[None]:
        """Within, this thread sends nothing: what is not remembered raises."""
        return self._using("alone", True)

    def anew(self) -> AbstractContextManager[None]:
        """Within, this thread passes over what is remembered, and replaces it."""
        return self._using("anew", True)

    def telling_apart(self) -> AbstractContextManager[None]:
        """Within, a request that this thread repeats is another one, and refusals are remembered, too:
        what a server does is being looked at."""
        return self._using("times", Counter[str]())

    def key(self, path: str, body: Mapping[str, Any], ends: Sequence[str]) -> str:
        """What an answer is remembered by; "" where it is not.

        Args:
            path: behind the API's address.
            body: all that is asked for, whether the server takes it or not.
            ends: texts at which it is cut here.
        """
        if self._of is None or body.get("temperature") != 0:
            return ""
        whole = {
            **self._asked,
            "says": self._of.says,
            "path": path,
            "body": body,
            "ends": list(ends),
        }
        text = json.dumps(whole, sort_keys=True, ensure_ascii=True)
        times: Counter[str] | None = getattr(self._here, "times", None)
        if times is not None:
            times[text] += 1
            text += f" {times[text]}" if times[text] > 1 else ""
        return hashlib.sha256(text.encode()).hexdigest()

    def recall(self, key: str) -> Reply | None:
        """The answer, marked as remembered unless this process had it sent; None where it has to be asked for.

        Raises:
            FailedRequest: a refusal is remembered, of what a server was only looked at by.
            NotRememberedError: it would have to be, and nothing is to be sent.
        """
        passed_over = self._of is None or self._of.fresh or getattr(self._here, "anew", False)
        found = self._read(key) if key and not passed_over else None
        if found is None:
            if getattr(self._here, "alone", False):
                raise NotRememberedError
            return None
        said = found["said"]
        if said["refusal"] is not None:
            raise FailedRequest("lasting", **said["refusal"])
        return Reply(**said["reply"], remembered=found.get("by") != self._mine)

    def keep(self, key: str, reply: Reply) -> None:
        """Remembers an answer that has just come."""
        if reply.fingerprint:
            self._live.add(reply.fingerprint)
        kept = {name: value for name, value in asdict(reply).items() if name != "remembered"}
        self._write(key, {"reply": kept, "refusal": None})

    def keep_refusal(self, key: str, failed: FailedRequest) -> None:
        """Remembers that a server does not take what it was looked at by."""
        if getattr(self._here, "times", None) is not None and failed.status:
            said = {"status": failed.status, "message": failed.message}
            self._write(key, {"reply": None, "refusal": said})

    def _file(self, folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.json"

    def _read(self, key: str) -> dict[str, Any] | None:
        """What is remembered, and who asked, if it is whole, and of the server as it answers now."""
        assert self._of is not None
        try:
            found: dict[str, Any] = json.loads(
                self._file(self._of.folder, key).read_text(encoding="utf-8")
            )
            whole = found["schema"] == SCHEMA and found["sha256"] == _hash(found["said"])
            said = found["said"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not whole:
            return None
        under = said["reply"]["fingerprint"] if said["reply"] else ""
        return None if under and self._live and under not in self._live else found

    def _write(self, key: str, said: dict[str, Any]) -> None:
        if not key or self._of is None:
            return
        created = datetime.now(UTC).isoformat(timespec="seconds")
        entry = {
            "schema": SCHEMA,
            **self._asked,
            "created": created,
            "by": self._mine,
            "sha256": _hash(said),
            "said": said,
        }
        text = json.dumps(entry, ensure_ascii=False, allow_nan=False)
        write_atomically(self._file(self._of.folder, key), f"{text}\n")


def _hash(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
