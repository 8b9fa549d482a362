"""What tests of the pages share."""

from __future__ import annotations

import pytest

from tests.chat.suite import Ran, run_small


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A small suite that was run; for reading alone."""
    return run_small(tmp_path_factory.mktemp("ran"))
