"""A Ray cluster that asks for a token: this user's is shown where nothing was said of that, and a lack of it told. Ray is stood in for."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from harness.errors import InputError
from harness.executors.admission import MODE, be_let_in

SETUP = "ray._private.authentication.authentication_token_setup"


class RefusedError(Exception):
    pass


def ray_that(lets_in: bool) -> Any:
    """Of a cluster that lets in whoever shows a token, where that is this user's."""

    def client(address: str) -> None:
        assert address == "10.0.0.1:6379"
        if not (lets_in and os.environ.get(MODE) == "token"):
            raise RefusedError

    exceptions = SimpleNamespace(AuthenticationError=RefusedError)
    return SimpleNamespace(exceptions=exceptions, _raylet=SimpleNamespace(GcsClient=client))


@pytest.fixture(autouse=True)
def has_token(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether this user has one; Ray's own functions as of 2.60."""
    found = [True]

    def enable(warn_if_disabled: bool) -> bool:
        if MODE in os.environ:
            return os.environ[MODE] == "token"
        if found[0]:
            os.environ[MODE] = "token"
        return found[0]

    setup: Any = ModuleType(SETUP)
    setup.maybe_enable_token_auth_if_token_available = enable
    authentication: Any = ModuleType(SETUP.rpartition(".")[0])
    authentication.authentication_token_setup = setup
    monkeypatch.setitem(sys.modules, authentication.__name__, authentication)
    monkeypatch.setitem(sys.modules, SETUP, setup)
    for name in ("ray", "ray._private"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name) or ModuleType(name))
    monkeypatch.setenv(MODE, "")
    monkeypatch.delenv(MODE)
    return found


def test_a_token_is_shown_where_it_is_asked_for() -> None:
    be_let_in(ray_that(lets_in=True), "auto", "10.0.0.1:6379")
    assert os.environ[MODE] == "token"


@pytest.mark.parametrize(
    ("has", "mode", "said"),
    [
        (False, None, "none was shown"),
        (True, "disabled", "none was shown"),
        (True, None, "refuses this one"),
    ],
)
def test_a_token_that_is_missing_or_anothers_is_told(
    has: bool, mode: str | None, said: str, has_token: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    has_token[0] = has
    if mode is not None:
        monkeypatch.setenv(MODE, mode)
    with pytest.raises(InputError, match=said) as refused:
        be_let_in(ray_that(lets_in=False), "auto", "10.0.0.1:6379")
    assert "RAY_AUTH_TOKEN_PATH" in refused.value.hint and os.environ.get(MODE) == mode


def test_a_ray_that_knows_no_tokens_is_not_asked_for_one() -> None:
    be_let_in(SimpleNamespace(exceptions=SimpleNamespace()), "auto", "10.0.0.1:6379")
