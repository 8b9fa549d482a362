"""Every error that a user can cause or mend, in one hierarchy.

The command line turns these into a message and an exit code; a worker turns them into a failed
step. Nothing else in the project is caught broadly.
"""

from __future__ import annotations

import unicodedata

from harness.concealed import concealed

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LONGEST_LINE = 2000


def legible(text: str) -> str:
    """A message as it may stand anywhere, whatever a file, a library or a server put into it.

    What steers a terminal or hides in a line is written as an escape; line breaks stay, and a line has an end.
    """
    lines = text.split("\n")
    return "\n".join(line if line.isprintable() else _legible(line) for line in map(_cut, lines))


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} …"


def _legible(line: str) -> str:
    return "".join(
        " " if c == "\t" else ascii(c)[1:-1] if unicodedata.category(c) in _HIDDEN else c
        for c in line
    )


class HarnessError(Exception):
    """What went wrong, where, and what to do about it.

    Args:
        message: one sentence that says what is wrong, with the place (file, line, key) in it.
        hint: what the reader can do; empty where there is nothing to add.
    """

    kind = "error"
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = legible(concealed(message))
        self.hint = legible(concealed(hint))
        super().__init__(self.message)


class HarnessWarning(UserWarning):
    """What a user should know of figures that are shown all the same; commands say it, Python warns of it."""


class HungUpError(KeyboardInterrupt):
    """The terminal, or the connection to it, is gone: told to end, by nobody who meant it."""


class InputError(HarnessError):
    """The suite, an option or a path is wrong; nothing was run."""

    kind = "bad-input"
    exit_code = 2


class BadModelError(HarnessError):
    """A model's files are missing, damaged, or of a kind that cannot be used."""

    kind = "bad-model"


class NotFiniteError(BadModelError):
    """A model gives NaN or infinity where there should be probabilities.

    Args:
        found: "NaN" or "infinity".
        where: at what.
        why: as much as is known of it, with its full stop.
        prompt: the number of the prompt, counted from 0; None where it is no prompt.
        who: which model.
    """

    def __init__(
        self,
        found: str,
        where: str,
        why: str,
        hint: str = "",
        prompt: int | None = None,
        who: str = "The model",
    ) -> None:
        super().__init__(f"{who} gives {found} instead of probabilities for {where}: {why}", hint)
        self.prompt = prompt
        self._parts = found, where, why, who

    def told(self, where: str = "", who: str = "") -> NotFiniteError:
        """The same by the names that a user knows."""
        found, place, why, model = self._parts
        return NotFiniteError(found, where or place, why, self.hint, self.prompt, who=who or model)


class BadDataError(HarnessError):
    """A data set cannot be read, or does not hold what the task needs."""

    kind = "bad-data"


class AbsentDataError(BadDataError):
    """A data set is not on this machine yet, and may be fetched by a run."""

    kind = "absent-data"


class PromptTooLongError(HarnessError):
    """A prompt does not fit the model's context; it is never cut silently."""

    kind = "prompt-too-long"


class CannotAnswerError(HarnessError):
    """A task wants more than what runs the model can do."""

    kind = "cannot-answer"


class EndpointError(HarnessError):
    """A server that is asked cannot be reached, refuses, breaks off, or is not the one that was meant."""

    kind = "endpoint"


class SpendingLimitError(HarnessError):
    """What the suite allows to be spent on a served model leaves too little for another request."""

    kind = "spending-limit"


class OutOfMemoryError(HarnessError):
    """The machine or the device ran out of memory."""

    kind = "out-of-memory"


class StepTimeoutError(HarnessError):
    """A step took longer than its limit and was stopped."""

    kind = "timeout"


class CrashError(HarnessError):
    """A worker process ended without an answer."""

    kind = "crash"


class KilledError(HarnessError):
    """A worker process, or one that it had started, was ended from outside, and not for want of memory."""

    kind = "killed"


class MissingToolError(HarnessError):
    """Something the step needs is not installed on this machine."""

    kind = "missing-tool"


class NoSpaceError(HarnessError):
    """A disk does not hold what has to be written to it."""

    kind = "no-space"


class RemovedError(HarnessError):
    """A file or folder went while it was written or used."""

    kind = "removed"


class StoreError(HarnessError):
    """A shared store cannot be reached, refuses, is full, or is gone."""

    kind = "store"


class DamagedInStoreError(StoreError):
    """What a shared store holds is not what was put there.

    Args:
        place: in the store.
        fault: what is wrong with it, to be said behind the place.
    """

    kind = "damaged-in-store"

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(
            f"{place} {fault}: it was set aside",
            "The same command makes it, or puts it there, again.",
        )
        self.place, self.fault = place, fault


class HubError(HarnessError):
    """The Hub did not give what was asked of it; the kinds below say why."""

    kind = "hub"


class MissingRepoError(HubError):
    """There is no such repo, or it is private."""

    kind = "missing-repo"
    exit_code = 2


class GatedRepoError(HubError):
    """The repo's files are given only to those who accepted its terms, and are logged in."""

    kind = "gated-repo"


class RefusedTokenError(HubError):
    """The Hub does not take the token that it was sent."""

    kind = "refused-token"


class MissingRevisionError(HubError):
    """The repo has no such branch, tag or commit."""

    kind = "missing-revision"
    exit_code = 2


class MissingFileError(HubError):
    """The repo has no such file at that commit."""

    kind = "missing-file"
    exit_code = 2


class OfflineError(HubError):
    """The Hub cannot be reached, or must not be, and what is needed is not on this machine."""

    kind = "offline"


class HubServerError(HubError):
    """The Hub keeps answering with an error of its own, or with what is no answer."""

    kind = "hub-server"


class InterruptedDownloadError(HubError):
    """The connection broke and did not come back; what has arrived is kept."""

    kind = "interrupted-download"


class DamagedDownloadError(HubError):
    """What arrived is not what the Hub's listing says."""

    kind = "damaged-download"
