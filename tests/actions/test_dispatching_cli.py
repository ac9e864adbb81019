"""Does the command line take the dispatch table out and in, and say what it leaves open?"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from service.cli import app
from service.cli.doctor import Verdict, dispatch
from service.routing.catalogue import draft, lines_in, newest
from tests.people import Town

Run = Callable[..., Result]


@pytest.fixture
def run(session: Session, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Run:
    monkeypatch.setattr("service.web.deps.real_now", lambda: now)
    return lambda *words: CliRunner().invoke(app, ["routing", *map(str, words)], prog_name="jiban")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "yaml"])
def test_the_table_goes_out_is_changed_and_comes_in(
    run: Run, session: Session, town: Town, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / f"table.{kind}"
    assert "1 lines of version" in run("export", file).output
    told = run("import", file, "--as", "admin")
    assert told.exit_code == 0, told.output
    assert "0 added, 0 changed, 0 moved, 0 removed" in told.output
    assert draft(session) is not None


def test_a_table_is_published_at_once_where_that_is_said(
    run: Run, session: Session, town: Town, tmp_path: Path
) -> None:
    file = tmp_path / "table.yaml"
    file.write_text("rules:\n  - category: C05\n    to_level: subdistrict\n    to_role: triage\n")
    told = run("import", file, "--as", "qian.bo", "--publish", "按新目录执行")
    assert told.exit_code == 0, told.output
    assert "decides from now on" in told.output
    assert [line.category_code for line in lines_in(session, newest(session).id or 0)] == ["C05"]


def test_a_bad_row_is_named_and_nothing_is_done(run: Run, session: Session, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("category,to_level\nA,community\nX99,community\n")
    for told in (run("import", file, "--as", "admin"), run("check", file)):
        assert told.exit_code == 1
        assert "row 3, category: This category is not known" in told.output
    assert draft(session) is None


@pytest.mark.parametrize(
    "words",
    [("export", "table.txt"), ("export", "t.csv", "--version", "99"), ("import", "nowhere.csv", "--as", "admin")],
)
def test_nonsense_is_refused(run: Run, session: Session, town: Town, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_who_may_not_change_the_table_is_told(run: Run, session: Session, town: Town, tmp_path: Path) -> None:
    run("export", tmp_path / "t.csv")
    assert run("import", tmp_path / "t.csv", "--as", "nobody").exit_code == 2
    assert run("import", tmp_path / "t.csv", "--as", "li.qiang").exit_code == 1


def test_gaps_and_desks_without_duty_are_told_and_the_doctor_warns(run: Run, session: Session, town: Town) -> None:
    told = run("coverage")
    assert told.exit_code == 1
    assert "GAP" in told.output
    assert "磨坊村" in told.output
    assert "nobody-there" in told.output
    assert run("check").output == told.output
    found = dispatch()
    assert found.verdict is Verdict.WARN
    assert "jiban routing coverage" in found.mend
