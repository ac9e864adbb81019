"""Do the commands that replay cases and import notices say what they found, and touch nothing unasked?"""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sla_policies
from service.cli import app, main

RUN = CliRunner()
CASES = Path(__file__).parents[1] / "cases"
NOTICE = CASES / "notices" / "2026.txt"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copytree(Path(sla_policies.__file__).parent / "calendars", tmp_path / "calendars")
    return tmp_path


def test_cases_that_pass_are_counted_by_kind_and_together() -> None:
    told = RUN.invoke(app, ["policies", "replay", str(CASES / "between.jsonl")])
    assert told.exit_code == 0, told.output
    lines = told.output.splitlines()
    assert lines[0].startswith("working_time_between  ")
    assert lines[-1].endswith(" passed, 0 failed, 0 refused")


def test_a_case_that_differs_is_told_with_what_was_given_expected_and_got() -> None:
    line = (
        (CASES / "adding.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()[0]
        .replace('"expected": {"due": "20', '"expected": {"due": "19')
    )
    told = RUN.invoke(app, ["policies", "replay", "-"], input=f"{line}\n{{\n")
    assert told.exit_code == 1
    first, broken, *_, last = told.output.splitlines()
    assert first.startswith("A001 (line 1, add_working_time): given {")
    assert ' expected {"due": "19' in first
    assert ' got {"due": "20' in first
    assert broken.startswith("line 2: This is no JSON")
    assert last == "0 passed, 2 failed, 0 refused"


def test_an_unknown_kind_fails_and_may_be_left_out() -> None:
    line = '{"id": "x", "kind": "weather", "calendar": {}, "input": {}, "expected": {}}'
    assert RUN.invoke(app, ["policies", "replay", "-"], input=line).exit_code == 1
    told = RUN.invoke(app, ["policies", "replay", "-", "--skip", "weather"], input=line)
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "0 passed, 0 failed, 1 refused")


@pytest.mark.parametrize("words", [["nowhere.jsonl"], ["-", "--variant", "odd"]])
def test_wrong_usage_of_the_replay_is_refused(words: list[str]) -> None:
    assert RUN.invoke(app, ["policies", "replay", *words], input="").exit_code == 2


def test_a_notice_is_shown_with_its_days_and_its_sum_and_nothing_is_written(own: Path) -> None:
    before = {path.name: path.read_text() for path in (own / "calendars").iterdir()}
    told = RUN.invoke(app, ["calendars", "import", str(NOTICE), "--dir", str(own)])
    assert told.exit_code == 0, told.output
    assert "  元旦: 休 2026-01-01..2026-01-03; 班 2026-01-04 星期日" in told.output
    assert "19 weekdays off, 6 weekend days worked: 13 days gained, the law gives 13." in told.output
    assert "248 workdays and 117 days of rest are the whole year." in told.output
    assert {path.name: path.read_text() for path in (own / "calendars").iterdir()} == before


def test_a_year_is_written_when_asked_and_replaced_only_by_force(own: Path) -> None:
    there = own / "calendars" / "2026.yaml"
    there.unlink()
    words = ["calendars", "import", "-", "--dir", str(own), "--write"]
    text = NOTICE.read_text(encoding="utf-8")
    told = RUN.invoke(app, words, input=text)
    assert told.exit_code == 0, told.output
    assert f"{there} was written." in told.output
    written = there.read_text(encoding="utf-8")
    assert "notice: 国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）" in written

    there.write_text(written + "# by hand\n", encoding="utf-8")
    refused = RUN.invoke(app, words, input=text)
    assert refused.exit_code == 1
    assert "is there already; --force replaces it." in refused.output
    assert "# by hand" in there.read_text(encoding="utf-8")
    assert RUN.invoke(app, [*words, "--force"], input=text).exit_code == 0
    assert there.read_text(encoding="utf-8") == written
    assert {path.suffix for path in there.parent.iterdir()} == {".yaml"}


def test_a_written_year_is_taken_by_the_check_of_the_policies(own: Path) -> None:
    shutil.copytree(Path(sla_policies.__file__).parent / "policies", own / "policies")
    written = RUN.invoke(app, ["calendars", "import", str(NOTICE), "--dir", str(own), "--write", "--force"])
    assert written.exit_code == 0, written.output
    assert RUN.invoke(app, ["policies", "check", str(own)]).exit_code == 0


def test_days_that_do_not_balance_are_not_written_without_a_reason(own: Path) -> None:
    words = ["calendars", "import", "-", "--dir", str(own), "--write", "--force"]
    text = NOTICE.read_text(encoding="utf-8").replace("1月4日（周日）上班。", "")
    refused = RUN.invoke(app, words, input=text)
    assert refused.exit_code == 1
    assert "2026 has 14 weekdays off more than weekend days worked, not 13." in refused.output
    assert "2026-01-04" in (own / "calendars" / "2026.yaml").read_text(encoding="utf-8")
    assert RUN.invoke(app, [*words, "--balance-reason", "One day more."], input=text).exit_code == 0
    assert 'balance_reason: "One day more."' in (own / "calendars" / "2026.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("1月1日（周五）放假".encode(), "bad.txt:1: 2026-01-01 is a 星期四, not “(周五)”."),
        (b"\xff\xfe1", "The file is not UTF-8 text."),
        (b"x" * 1_000_001, "The file is larger than 1 MB."),
    ],
)
def test_a_notice_that_cannot_be_read_is_told_with_its_line(
    content: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    words = ["jiban", "calendars", "import", str(tmp_path / "bad.txt"), "--year", "2026"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--mark", "Z"], ["--dir", "/nowhere"], ["--year", "1066"]])
def test_wrong_usage_of_the_import_is_refused(words: list[str]) -> None:
    assert RUN.invoke(app, ["calendars", "import", str(NOTICE), *words]).exit_code == 2
