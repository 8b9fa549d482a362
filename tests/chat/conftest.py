"""What tests of the pages share."""

from __future__ import annotations

import pytest

from tests.chat.suite import Ran, run_small
from tests.forking import Forks, forked_workers


@pytest.fixture(scope="module", autouse=True)
def all_forked(forked: None) -> None:
    """Workers of these rooms are forked; the pages that commands serve start theirs."""


@pytest.fixture(scope="session")
def ran(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A small suite that was run; for reading alone."""
    with forked_workers(forks):
        return run_small(tmp_path_factory.mktemp("ran"))
