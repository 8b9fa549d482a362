"""`harness publish`: results as others find them, on the Hub or in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.cli.consoles import output_console, say
from harness.cli.outputs import hand_over, hand_over_json
from harness.errors import InputError
from harness.hub.publishing import push, readme_of, require_login
from harness.hub.records import Repo
from harness.hub.revisions import named
from harness.publish.making import make_publication
from harness.publish.places import OVERWRITE, is_ours, write_folder
from harness.publish.publication import Kind, Publication
from harness.quantities import byte_size
from harness.suite.hub import is_repo


@dataclass(frozen=True)
class Wish:
    """What the options of the command say."""

    to: str
    kind: Kind
    model: str | None = None
    source_url: str | None = None
    dry_run: bool = False
    show: str | None = None
    private: bool = False
    pull_request: bool = False
    overwrite: bool = False
    anyway: bool = False


def publish(results: Path, wish: Wish, as_json: bool) -> int:
    """Shows what would be published, or publishes it. Returns the exit code."""
    made = make_publication(results, wish.kind, wish.model, wish.source_url)
    if wish.show is not None:
        hand_over(_content(made, wish.show))
        return 0
    if made.refusals and not (wish.anyway or wish.dry_run):
        raise InputError(
            "these results are not published as they are:\n"
            + "\n".join(f"  {one}" for one in made.refusals),
            "Mend that, or publish them all the same with --anyway; the files then say so.",
        )
    place = "" if wish.dry_run else _send(made, wish)
    if as_json:
        files = [{"path": path, "bytes": len(data)} for path, data in made.files.items()]
        told = {"place": place or None, "files": files, "refusals": list(made.refusals)}
        hand_over_json({**told, "warnings": list(made.warnings)}, indent=2)
        return 0
    out = output_console()
    for path, data in made.files.items():
        say(out, f"{byte_size(len(data)):>9}  {path}")
    for heading, lines in (("Against it", made.refusals), ("To know", made.warnings)):
        for line in lines:
            say(out, f"{heading}: {line}")
    nothing = "Nothing was published. --show FILE prints a file."
    say(out, f"Published: {place}" if place else nothing)
    return 0


def _send(made: Publication, wish: Wish) -> str:
    """Puts the files where they are to go, and gives the place."""
    if not is_repo(wish.to) or Path(wish.to).is_dir():
        write_folder(made, Path(wish.to), wish.overwrite)
        return wish.to
    if made.repo_type is None:
        raise InputError(
            f"{wish.kind} is for a folder, and {wish.to} names a repo on the Hub",
            f"Name a folder: --to ./{wish.to.split('/')[-1]}; a leaderboard on the Hub is --as space.",
        )
    require_login()
    repo = named(wish.to, made.repo_type)
    _keep_their_own(made, repo, wish)
    message = f"Add {wish.kind} written by harness"
    return push(repo, made.files, message, private=wish.private, pull_request=wish.pull_request)


def _keep_their_own(made: Publication, repo: Repo, wish: Wish) -> None:
    if "README.md" not in made.files or wish.overwrite or wish.pull_request:
        return
    there = readme_of(repo)
    if there is not None and not is_ours(there):
        raise InputError(
            f"{repo.name} has a README that harness did not write",
            f"{OVERWRITE} --pull-request proposes the new one.",
        )


def _content(made: Publication, path: str) -> str:
    if path not in made.files:
        raise InputError(f"{path} is none of the files", f"There are: {', '.join(made.files)}.")
    try:
        return made.files[path].decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            f"{path} is no text", "Publish into a folder to look at it: --to ./FOLDER."
        ) from None
