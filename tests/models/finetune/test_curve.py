"""A loss curve that outlives the process that wrote it."""

from __future__ import annotations

from pathlib import Path

from harness.models.finetune.curve import Interruption, LossCurve, last_point, place, write_place
from harness.records import TrainingPoint


def point(step: int, loss: float = 1.0) -> TrainingPoint:
    return TrainingPoint(
        step=step, epoch=step / 10, loss=loss, learning_rate=1e-3, tokens=64 * step, seconds=step
    )


def test_each_step_is_on_disk_at_once(tmp_path: Path) -> None:
    with LossCurve(tmp_path / "work") as curve:
        assert curve.interrupted == [] and last_point(tmp_path / "work") is None
        for step in (1, 2, 3):
            curve.add(point(step))
            assert last_point(tmp_path / "work") == point(step)


def test_where_each_attempt_was_interrupted_is_kept(tmp_path: Path) -> None:
    for steps in (5, 3):
        with LossCurve(tmp_path) as curve:
            for step in range(1, steps + 1):
                curve.add(point(step))
    first, second = Interruption(point(5), 0), Interruption(point(3), 2)
    with LossCurve(tmp_path, [point(1), point(2)]) as curve:
        assert curve.interrupted == [first, second]
        assert last_point(tmp_path) == point(2)
    with LossCurve(tmp_path) as curve:
        assert curve.interrupted == [first, second, Interruption(point(2), 0)]


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    with LossCurve(tmp_path) as curve:
        curve.add(point(1))
        curve.add(point(2))
    file = next(tmp_path.glob("*.jsonl"))
    file.write_text(file.read_text()[:-20])
    assert last_point(tmp_path) == point(1)


def test_where_nothing_was_begun_there_is_no_last_step(tmp_path: Path) -> None:
    assert last_point(tmp_path / "nowhere") is None


def test_the_place_to_go_on_from_is_that_of_the_last_checkpoint(tmp_path: Path) -> None:
    assert place(tmp_path) == 0
    for step in (20, 40):
        write_place(tmp_path, step)
        assert place(tmp_path) == step
    (tmp_path / "place.json").write_text("[")
    assert place(tmp_path) == 0
