"""Whether a Ray cluster lets this process in. `ray start --head` asks everybody for a token where its user has one, as whoever
has run Ray alone before has; but a process that names an address shows none, unless it is told to."""

from __future__ import annotations

import logging
import os
from typing import Any

from harness.errors import InputError

MODE = "RAY_AUTH_MODE"


def be_let_in(ray: Any, given: str, address: str) -> None:
    """Shows this user's token from now on where a cluster asks for one, and nothing was said of that.

    Args:
        ray: the module.
        given: what the user named.
        address: of the cluster, where something answers.

    Raises:
        InputError: there is no token, or it is another cluster's.
    """
    refused = getattr(ray.exceptions, "AuthenticationError", None)
    if refused is None or _lets_in(ray, address, refused):  # without, Ray is older than tokens
        return
    from ray._private.authentication import authentication_token_setup as tokens

    logging.getLogger(tokens.__name__).setLevel(
        logging.ERROR
    )  # that a token is shown is no warning
    said = os.environ.get(MODE)
    shown = tokens.maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
    if shown and _lets_in(ray, address, refused):
        return
    if said is None:
        os.environ.pop(MODE, None)
    raise InputError(
        f"--address {given}: the Ray cluster there asks for a token, and {'refuses this one' if shown else 'none was shown'}",
        f"Give the cluster's own: {MODE}=token, with RAY_AUTH_TOKEN_PATH (a file; ~/.ray/auth_token where it is not set) or "
        "RAY_AUTH_TOKEN.",
    )


def _lets_in(ray: Any, address: str, refused: type[Exception]) -> bool:
    try:
        ray._raylet.GcsClient(address=address)
    except refused:
        return False
    return True
