"""Questions to the Hub: patience with a busy server, distrust of what is no Hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import (
    HubServerError,
    OfflineError,
)
from harness.hub.client import fetch, plan_model, resolve
from tests.hub.hub_client import (
    MODEL,
    WEIGHTS,
    fetch_model,
    home,
    hub,
    point_at,
    waits,
)
from tests.hub.stand_in import Fault, HubStandIn

__all__ = ["home", "hub", "waits"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("where", ["/revision/", "/tree/", "/resolve/", "/store/"])
def test_a_busy_server_is_asked_again(
    status: int, where: str, hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    hub.commit("org/m", {"config.json": b"{}", "model.safetensors": WEIGHTS})
    hub.fail(where, Fault("", 2, status=status))
    folder = fetch_model("org/m", resolve("org/m", "main", home), home)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert len(waits) == 2


def test_a_server_that_stays_busy_is_an_error_after_growing_waits(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    hub.commit("org/m", MODEL)
    hub.fail("/api/", Fault("", 99, status=503))
    with pytest.raises(HubServerError, match="answered 503 when asked for org/m at main"):
        resolve("org/m", "main", home)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_the_server_s_own_wait_is_kept_within_bounds(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    hub.commit("org/m", MODEL)
    limit = {"ratelimit": '"api";r=0;t=55'}
    hub.fail("/api/", Fault("", 1, status=429, headers=limit))
    hub.fail("/api/", Fault("", 1, status=503, headers={"Retry-After": "7"}))
    hub.fail("/api/", Fault("", 1, status=503, headers={"Retry-After": "99999"}))
    resolve("org/m", "main", home)
    assert waits == [55.0, 7.0, 300.0]


def test_an_unreachable_hub_is_said_without_waiting(
    hub: HubStandIn, home: Path, waits: list[float]
) -> None:
    commit = hub.commit("org/m", MODEL)
    plan = plan_model("org/m", commit, home)
    hub.stop()
    with pytest.raises(OfflineError, match=r"Hub \(127.0.0.1\) cannot be reached"):
        resolve("org/m", "main", home)
    assert waits == []
    with pytest.raises(OfflineError, match="cannot be reached"):
        fetch(plan)


@pytest.mark.parametrize("entry", ["../../escape.json", "/etc/escape.json", "a\\..\\b.json"])
def test_a_listing_that_leads_out_of_the_folder_is_refused(
    entry: str, hub: HubStandIn, home: Path
) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.extra_entries = [{"type": "file", "path": entry, "size": 3, "oid": "0" * 40}]
    with pytest.raises(HubServerError, match="cannot be in"):
        plan_model("org/m", commit, home)


def test_a_digest_that_leads_out_of_the_cache_is_refused(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    hub.extra_entries = [{"type": "file", "path": "x.json", "size": 3, "oid": "../../../x"}]
    with pytest.raises(HubServerError, match="cannot be in"):
        plan_model("org/m", commit, home)


def test_a_next_page_on_another_host_is_not_followed(hub: HubStandIn, home: Path) -> None:
    commit = hub.commit("org/m", MODEL)
    elsewhere = {"Link": f'<{hub.cdn}/api/models/org/m/tree/x>; rel="next"'}
    hub.fail("/tree/", Fault("", 1, status=200, headers=elsewhere, body=b"[]"))
    with pytest.raises(HubServerError, match="another address"):
        plan_model("org/m", commit, home)
    assert not any(seen.cdn for seen in hub.requests)


def test_an_endpoint_that_is_no_hub_is_told_from_a_missing_repo(
    hub: HubStandIn, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.fail("/api/", Fault("", 1, status=200, body=b"<html>Log in to the network</html>"))
    with pytest.raises(HubServerError, match="other than JSON") as caught:
        resolve("org/m", "main", home)
    assert "login page" in caught.value.hint
    point_at("foo:bar", tmp_path, monkeypatch)
    with pytest.raises(OfflineError, match="cannot be reached"):
        resolve("org/m", "main", home)
