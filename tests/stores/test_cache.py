"""What a machine has fetched stays within its limit: the least recently used goes, never what is in use."""

from __future__ import annotations

import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.stores.cache import LIMIT, FetchedCache


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FetchedCache:
    monkeypatch.setenv(LIMIT, "3 kB")
    times = count(1_000_000)
    return FetchedCache(tmp_path, lambda: float(next(times)))


def use(cache: FetchedCache, home: Path, key: str, size: int = 1000) -> None:
    with cache.using("artifacts/merge", key, home / "artifacts" / key, size):
        (home / "artifacts" / key).mkdir(parents=True, exist_ok=True)
        (home / "artifacts" / key / "weights").write_bytes(bytes(size))


def there(home: Path) -> set[str]:
    return {path.name for path in (home / "artifacts").glob("*") if not path.name.startswith(".")}


def test_the_least_recently_used_goes_when_the_limit_is_reached(
    cache: FetchedCache, tmp_path: Path
) -> None:
    for key in "abc":
        use(cache, tmp_path, key)
    use(cache, tmp_path, "a")
    use(cache, tmp_path, "d")
    assert there(tmp_path) == {"a", "c", "d"}
    assert [one.key for one in cache.all()] == ["c", "a", "d"]
    assert not list((tmp_path / "artifacts").glob(".*")), "nothing is left of what went"


def test_what_is_in_use_stays_even_beyond_the_limit(cache: FetchedCache, tmp_path: Path) -> None:
    use(cache, tmp_path, "a")
    with cache.using("artifacts/merge", "a", tmp_path / "artifacts" / "a", 1000):
        for key in "bcde":
            use(cache, tmp_path, key)
        assert there(tmp_path) == {"a", "d", "e"}
        assert [one.in_use for one in cache.all()] == [True, False, False]
        assert [one.key for one in cache.evict(0)] == ["d", "e"]
    assert [one.key for one in cache.evict(0)] == ["a"] and not there(tmp_path)


HOLDER = """
import sys
from pathlib import Path
from harness.stores.cache import FetchedCache
home = Path(sys.argv[1])
with FetchedCache(home).using("artifacts/merge", "a", home / "artifacts" / "a", 1000):
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_another_process_that_dies_gives_back_what_it_used(
    cache: FetchedCache, tmp_path: Path
) -> None:
    use(cache, tmp_path, "a")
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"holds\n"
        assert cache.evict(0) == [] and there(tmp_path) == {"a"}
        other.kill()
        other.wait()
        assert [one.key for one in cache.evict(0)] == ["a"]


def test_without_a_limit_of_the_users_half_the_disk_is_left_to_others(
    cache: FetchedCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(LIMIT)
    monkeypatch.setattr("harness.stores.cache.free_disk_bytes", lambda place: 5000)
    use(cache, tmp_path, "a")
    assert cache.limit() == 3000


def test_a_limit_that_is_no_size_is_named(
    cache: FetchedCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT, "lots")
    with pytest.raises(InputError, match=r"\$HARNESS_CACHE_LIMIT is 'lots'"):
        use(cache, tmp_path, "a")
