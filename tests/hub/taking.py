"""How the stand-in of the Hub takes what is published: making a repo, uploading large files, committing.

The addresses and bodies are those that `huggingface_hub` sends: `api/repos/create`, `preupload`, Git LFS's batch
with an upload to a signed address of the other host, and `commit` with a line of JSON an operation.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.hub.stored import Content, StoredHub, StoredRepo

SIGNED = "X-Signature=for-an-upload"


@dataclass(frozen=True)
class Taken:
    """What is answered."""

    status: int
    body: Any
    error: str = ""


def take(hub: StoredHub, path: str, headers: Mapping[str, str], body: bytes) -> Taken:
    """The answer to a POST."""
    token = headers.get("authorization", "").removeprefix("Bearer ")
    if not token or token not in hub.tokens:
        return Taken(401, {}, "Invalid username or password.")
    if token not in hub.writers:
        return Taken(403, {}, "You don't have the rights to create or change repos here.")
    split = urlsplit(path)
    parts = split.path.strip("/").split("/")
    if parts == ["api", "repos", "create"]:
        return _create(hub, json.loads(body))
    if parts == ["api", "validate-yaml"]:
        return _validate(json.loads(body)["content"])
    if parts[-4:] == ["info", "lfs", "objects", "batch"]:
        return _batch(hub, json.loads(body))
    kind, name, what, revision = parts[1], "/".join(parts[2:4]), parts[4], unquote(parts[5])
    full = name if kind == "models" else f"{kind}/{name}"
    repo = hub.repos.get(full)
    if repo is None:
        return Taken(404, {}, "Repository not found")
    if what == "preupload":
        return _modes(hub, full, json.loads(body)["files"])
    return _commit(hub, full, revision, body, "create_pr" in parse_qs(split.query))


def keep_upload(hub: StoredHub, path: str, data: bytes) -> int:
    """The status of a PUT to the other host."""
    split = urlsplit(path)
    oid = split.path.rsplit("/", 1)[-1]
    if SIGNED not in split.query or hashlib.sha256(data).hexdigest() != oid:
        return 403
    hub.uploads[oid] = data
    return 200


def _create(hub: StoredHub, asked: Mapping[str, Any]) -> Taken:
    kind = asked.get("type") or "model"
    if kind == "space" and asked.get("sdk") != "static":
        return Taken(400, {}, "A Space needs an sdk")
    name = f"{asked['organization']}/{asked['name']}"
    full = name if kind == "model" else f"{kind}s/{name}"
    url = f"{hub.endpoint}/{full}"
    if full in hub.repos:
        return Taken(409, {"url": url}, "You already created this repo")
    hub.repos[full] = StoredRepo(private=asked.get("visibility") == "private")
    hub.commit(full, {}, private=hub.repos[full].private)
    return Taken(200, {"url": url})


def _validate(readme: str) -> Taken:
    head = yaml.safe_load(readme.split("---")[1]) if readme.startswith("---") else None
    if not isinstance(head, dict):
        return Taken(200, {"errors": [], "warnings": [{"message": "empty or missing metadata"}]})
    return Taken(200, {"errors": [], "warnings": []})


def _modes(hub: StoredHub, full: str, files: list[dict[str, Any]]) -> Taken:
    there = hub.repos[full].commits[hub.repos[full].refs["main"]]
    found = []
    for file in files:
        large = Content(file["path"], b"").large
        old = there.get(file["path"])
        mode = "lfs" if large else "regular"
        oid = None if old is None else old.oid
        found.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return Taken(200, {"files": found})


def _batch(hub: StoredHub, asked: Mapping[str, Any]) -> Taken:
    objects = [
        {
            **one,
            "authenticated": True,
            "actions": {"upload": {"href": f"{hub.cdn}/upload/{one['oid']}?{SIGNED}"}},
        }
        for one in asked["objects"]
    ]
    return Taken(200, {"transfer": "basic", "objects": objects})


def _commit(hub: StoredHub, full: str, revision: str, body: bytes, proposed: bool) -> Taken:
    repo = hub.repos[full]
    files = {path: of.data for path, of in repo.commits[repo.refs[revision]].items()}
    for line in body.splitlines():
        operation = json.loads(line)
        value = operation["value"]
        if operation["key"] == "header":
            hub.messages.append(value["summary"])
        elif operation["key"] == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif operation["key"] == "lfsFile":
            if value["oid"] not in hub.uploads:
                return Taken(400, {}, "An object is not there")
            files[value["path"]] = hub.uploads[value["oid"]]
    branch = "refs/pr/1" if proposed else revision
    made = hub.commit(full, files, branch, private=repo.private)
    url = f"{hub.endpoint}/{full}"
    pull_request = f"{url}/discussions/1" if proposed else None
    told = {"commitUrl": f"{url}/commit/{made}", "commitOid": made, "pullRequestUrl": pull_request}
    return Taken(200, told)
