"""The commands as a user meets them: messages, files, exit codes."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from harness import cli
from harness.runner.known import known
from harness.suite.reader import read_suite
from harness.suite.schema import json_schema
from harness.version import __version__

ROOT = Path(__file__).parents[2]


def run(
    *words: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["harness", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), out, err


def test_help_answers_without_the_heavy_libraries() -> None:
    program = (
        "import sys; sys.argv = ['harness', '--help']\n"
        "from harness import cli\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'llama_cpp', 'pandas', 'sklearn', 'scipy',"
        " 'pydantic', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "run" in done.stdout
    assert done.stderr.strip() == "[]"


COMMANDS = [
    *(
        (name,)
        for name in ["run", "plan", "show", "report", "gate", "compare", "init", "schema", "doctor"]
    ),
    ("baseline", "save"),
    *(("data", name) for name in ("list", "get", "check", "show")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_examples_of_options_that_it_knows(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(*command, "-h", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == run(*command, "--help", monkeypatch=monkeypatch, capsys=capsys)[:2]
    told, _, examples = out.partition("Examples:\n")
    lines = [shlex.split(line) for line in examples.splitlines()]
    assert code == 0 and lines
    for words in lines:
        assert words[: len(command) + 1] == ["harness", *command]
        assert all(word in told.replace(",", " ").split() for word in words if word.startswith("-"))


def test_the_help_of_all_commands_is_whole_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run("-h", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "..." not in out.partition("Commands:")[2]
    assert {name[0] for name in COMMANDS} <= set(out.split())


def test_the_version_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run("--version", monkeypatch=monkeypatch, capsys=capsys)
    assert (code, out) == (0, f"harness {__version__}\n")


def loaded_with(modules: str, heavy: set[str]) -> set[str]:
    """Which heavy modules a new interpreter has loaded after importing some."""
    program = f"import sys\nimport {modules}\nprint(*{heavy!r} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_parent_process_never_imports_torch() -> None:
    modules = (
        "harness.cli.run, harness.cli.plan, harness.cli.doctor, harness.cli.compare, "
        "harness.results.judge, harness.reporting.terminal, harness.reporting.write"
    )
    assert loaded_with(modules, {"torch", "transformers", "llama_cpp"}) == set()


def test_plans_and_runs_load_nothing_that_reports_or_grades() -> None:
    heavy = {
        "jsonschema", "pandas", "sklearn", "scipy", "datasets", "rouge_score",
        "huggingface_hub", "sacrebleu",
    }  # fmt: skip
    assert loaded_with("harness.cli.run, harness.cli.plan", heavy) == set()
    assert loaded_with("pandas", heavy) == {"pandas"}, "what is loaded is seen"


def test_a_suite_with_mistakes_lists_them_all_and_exits_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "bad.yaml"
    suite.write_text(
        "name: bad\n"
        "defaults: {limitt: 3}\n"
        "models:\n"
        "  base: {source: nowhere}\n"
        "  q4: {from: base, gguf: Q4}\n"
        "tasks:\n"
        "  sentiment: {type: classify, dataset: phrasebank}\n"
        "  speed: {type: speed, new_tokens: 1}\n"
    )
    for command in ("run", "plan"):
        code, out, err = run(command, suite, monkeypatch=monkeypatch, capsys=capsys)
        assert code == 2
        assert "5 mistakes" in err and out == ""
        assert [f"bad.yaml:{line}:" in err for line in (2, 4, 5, 7, 8)] == [True] * 5
        assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == [suite]


def test_a_pattern_that_fits_nothing_names_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path))
    suite = ROOT / "suites" / "quickstart.yaml"
    code, _, err = run("plan", suite, "--only", "nix", monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "base/sentiment" in err


def test_plan_tells_every_step_and_what_would_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    suite = ROOT / "suites" / "quickstart.yaml"
    words = ["plan", suite, "--results", tmp_path / "results"]
    code, out, _ = run(*words, "--json", monkeypatch=monkeypatch, capsys=capsys)
    steps = json.loads(out)["steps"]
    assert code == 0
    assert sum(step["kind"] == "cell" for step in steps) == 22 + 12, "12 of what fine-tuning broke"
    assert {step["state"] for step in steps if step["kind"] != "source"} == {"would run"}
    keys = {step["key"] for step in steps}
    assert all(parent in keys for step in steps for parent in step["parents"].values())
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0 and "would run" in out


def test_init_writes_a_suite_that_plans_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "first try.yaml"
    assert run("init", file, monkeypatch=monkeypatch, capsys=capsys)[0] == 0
    assert read_suite(file, known()).spec.name == "first-try"
    written = file.read_text()
    code, _, err = run("init", file, monkeypatch=monkeypatch, capsys=capsys)
    assert (code, file.read_text()) == (2, written)
    assert "there already" in err


def test_the_committed_schema_is_the_generated_one() -> None:
    assert (ROOT / "suites" / "suite.schema.json").read_text() == (
        json.dumps(json_schema(), indent=2) + "\n"
    )


def test_every_committed_suite_is_valid_by_reader_and_by_schema(tmp_path: Path) -> None:
    import jsonschema
    import yaml

    schema = json_schema()
    suites = sorted((ROOT / "suites").glob("*.yaml"))
    assert suites
    (tmp_path / "suites").mkdir()
    for suite in suites:
        text = suite.read_text()
        jsonschema.validate(yaml.safe_load(text), schema)
        fetched = re.findall(r"\.\./(\.real/[^,} ]+)", text)
        for place in (tmp_path / name for name in fetched):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch() if place.suffix == ".gguf" else place.mkdir(exist_ok=True)
        if fetched:
            suite = tmp_path / "suites" / suite.name
            suite.write_text(text)
        read_suite(suite, known())


def test_doctor_names_what_is_missing_and_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path))
    monkeypatch.setenv("HARNESS_LLAMA_CPP", str(tmp_path / "no checkout"))
    code, out, _ = run("doctor", "--json", monkeypatch=monkeypatch, capsys=capsys)
    findings = {finding["what"]: finding for finding in json.loads(out)}
    assert code == 1
    assert not findings["llama.cpp's converter"]["ok"]
    assert "HARNESS_LLAMA_CPP" in findings["llama.cpp's converter"]["remedy"]
    assert findings["torch"]["ok"]


@pytest.mark.parametrize(
    "content",
    [None, "{", '{"schema": "harness-summary/1"}', '{"schema": "harness-summary/2"}', "[]"],
)
def test_report_says_what_it_needs(
    content: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        (tmp_path / "summary.json").write_text(content)
    code, _, err = run("report", tmp_path, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert "summary" in err and "Traceback" not in err


def test_report_writes_what_the_summary_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.reporting.fixture import quickstart

    (tmp_path / "summary.json").write_text(quickstart().model_dump_json(by_alias=True))
    words = ("report", tmp_path, "--reports", tmp_path / "out")
    code, out, _ = run(*words, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 0
    written = [Path(line.removeprefix("Report: ")) for line in out.splitlines()]
    assert [file.name for file in written] == ["report.md", "index.html"]
    assert all(file.is_file() for file in written)


def test_running_as_a_module_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "plan", "no/such.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no/such.yaml" in done.stderr and "Traceback" not in done.stderr
