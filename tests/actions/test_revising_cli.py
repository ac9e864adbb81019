"""Does the command line show, apply and take back other promises, and refuse what is wrong in words?"""

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from service.cli import app
from service.clocks.queries import of_case
from sla_policies.documents import FOLDER
from sla_policies.policy import Metric
from tests.builders import received
from tests.people import Town

DAY = timedelta(days=1)
TEXT = (FOLDER / "policies" / "national.yaml").read_text(encoding="utf-8")
KNOWN = TEXT.replace("categories: [B01, B02, B03, B04, A03]", "categories: [A03]")
SHORTER = KNOWN.replace('"2026.1"', '"2026.2"').replace("        within: 7d", "        within: 5d")
Run = Callable[..., Result]


@pytest.fixture
def run(session: Session, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Run:
    monkeypatch.setattr("service.web.deps.real_now", lambda: now + timedelta(hours=1))
    return lambda *words, **more: CliRunner().invoke(app, ["policies", *map(str, words)], prog_name="jiban", **more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER / "calendars", tmp_path / "calendars")
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "national.yaml").write_text(SHORTER, encoding="utf-8")
    return tmp_path


def due(session: Session, case_id: int | None) -> object:
    session.expire_all()
    return next(row.due_at for row in of_case(session, case_id or 0) if row.metric is Metric.RESOLVE)


def test_diff_shows_and_changes_nothing(session: Session, town: Town, now: datetime, run: Run, folder: Path) -> None:
    case, _ = received(session, now)
    session.commit()
    shown = run("diff", folder)
    assert shown.exit_code == 0, shown.output
    assert "Open cases: 1 looked at, 1 would change." in shown.output
    assert "earlier 1, later 0" in shown.output
    assert f"{case.number} resolve: 2026-11-30 08:00 → 2026-11-28 08:00" in shown.output
    assert "100 % of 1 cases" in shown.stderr
    assert json.loads(run("diff", folder, "--json").stdout)["earlier"] == 1
    assert due(session, case.id) == now + 7 * DAY


def test_migrate_asks_first_and_undo_takes_back(
    session: Session, town: Town, now: datetime, run: Run, folder: Path
) -> None:
    case, _ = received(session, now)
    session.commit()
    as_him = ("--as", "qian.bo", "--reason", "区里的新规定")
    refused = run("migrate", folder, *as_him, input="n\n")
    assert refused.exit_code == 1
    assert "1 would change" in refused.output
    assert due(session, case.id) == now + 7 * DAY

    done = run("migrate", folder, *as_him, "--yes")
    assert done.exit_code == 0, done.output
    assert "1 cases changed, 1 due times moved" in done.output
    assert due(session, case.id) == now + 5 * DAY
    again = run("migrate", folder, *as_him, "--yes")
    assert again.exit_code == 0
    assert "Nothing changes" in again.output

    back = run("undo", "--as", "admin", "--reason", "数错了天数")
    assert back.exit_code == 0, back.output
    assert "1 cases are as they were" in back.output
    assert due(session, case.id) == now + 7 * DAY
    twice = run("undo", "--as", "admin", "--reason", "数错了天数")
    assert twice.exit_code == 1
    assert "can no longer be taken back" in str(twice.exception)


def test_files_with_mistakes_end_with_their_sentences(
    session: Session, town: Town, run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "policies" / "national.yaml").write_text(SHORTER.replace("within: 5d", "within: soon"), encoding="utf-8")
    for words in (("diff", folder), ("migrate", folder, "--as", "admin", "--reason", "试一试看")):
        wrong = run(*words)
        assert wrong.exit_code == 2
        assert "policies/national.yaml:" in wrong.stderr
        assert "soon" in wrong.stderr
    missing = run("diff", tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert "There is no promise pack national." in missing.stderr
    (folder / "policies" / "national.yaml").write_text(SHORTER, encoding="utf-8")
    assert "Known are: 2026.2." in run("diff", folder, "--version", "1999").stderr


@pytest.mark.parametrize(
    ("login", "code", "why"), [("li.qiang", 1, "You may not do that."), ("nobody", 2, "nobody signs in with this name")]
)
def test_who_may_not_is_refused(
    session: Session, town: Town, now: datetime, run: Run, folder: Path, login: str, code: int, why: str
) -> None:
    received(session, now)
    session.commit()
    refused = run("migrate", folder, "--as", login, "--reason", "我想这样做", "--yes")
    assert refused.exit_code == code
    assert why in f"{refused.output} {refused.exception}"


@pytest.mark.parametrize("words", [("undo", "--as", "admin", "--reason", "数错了天数"), ("resume", "--as", "admin")])
def test_where_nothing_was_applied_nothing_is_taken_back_or_goes_on(
    session: Session, town: Town, run: Run, words: tuple[str, ...]
) -> None:
    none = run(*words)
    assert none.exit_code == 1
    assert "There is no migration yet." in none.stderr


def test_what_stopped_says_why_and_goes_on(
    session: Session, town: Town, now: datetime, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = received(session, now)
    session.commit()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody thought of this")

    with monkeypatch.context() as patched:
        patched.setattr("service.revisions.batches.recount", broken)
        stopped = run("migrate", folder, "--as", "qian.bo", "--reason", "区里的新规定", "--yes")
    assert stopped.exit_code == 1
    assert "ZeroDivisionError: nobody thought of this" in stopped.stderr
    assert "jiban policies resume" in stopped.stderr
    assert due(session, case.id) == now + 7 * DAY
    assert run("resume", "--as", "li.qiang").exit_code == 1
    done = run("resume", "--as", "admin")
    assert done.exit_code == 0, done.output
    assert "1 cases changed, 1 due times moved" in done.output
    assert due(session, case.id) == now + 5 * DAY


@pytest.mark.parametrize(("lang", "says"), [("zh_CN.UTF-8", "不是一种时间的时长。"), ("C.UTF-8", "is no amount")])
def test_mistakes_are_told_in_the_language_of_the_terminal(
    session: Session, town: Town, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, lang: str, says: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    (folder / "policies" / "national.yaml").write_text(SHORTER.replace("within: 5d", "within: soon"), encoding="utf-8")
    assert says in run("diff", folder).stderr
    assert says in run("check", folder).stdout


def test_words_alone_are_said_to_change_nothing(
    session: Session, town: Town, now: datetime, run: Run, folder: Path
) -> None:
    received(session, now)
    session.commit()
    (folder / "policies" / "national.yaml").write_text(KNOWN.replace("title: {zh: 一般", "title: {zh: 普通"))
    shown = run("diff", folder)
    assert shown.exit_code == 0
    assert "Nothing changes" in shown.output
