"""Does the command line change the division as decided, and only then?"""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from service.areas.tables import Area
from service.cli import app
from service.rezoning.tables import AreaChange
from tests.people import Town

Run = Callable[..., Result]
TODAY = "2026-11-23"


@pytest.fixture
def run(session: Session, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Run:
    monkeypatch.setattr("service.web.deps.real_now", lambda: now)
    return lambda *words, **more: CliRunner().invoke(app, ["areas", *map(str, words)], prog_name="jiban", **more)


def renaming(town: Town, *, code: str = "", login: str = "admin", on: str = TODAY) -> tuple[str, ...]:
    said = ("--names", "湖光社区/Huguang", "--reason", "区府〔2026〕12号", "--as", login, "--on", on)
    return ("change", "rename", code or town.areas["shore"].code, *said)


def test_what_is_not_confirmed_is_not_done(run: Run, session: Session, town: Town) -> None:
    told = run(*renaming(town), input="n\n")
    assert told.exit_code == 1
    assert "lines of the dispatch catalogue" in told.output
    assert session.exec(select(AreaChange)).all() == []


def test_a_change_for_today_is_carried_out_at_once(run: Run, session: Session, town: Town) -> None:
    told = run(*renaming(town), input="y\n")
    assert told.exit_code == 0, told.output
    session.expire_all()
    assert session.exec(select(Area.name).where(Area.code == town.areas["shore"].code)).one() == "湖光社区"


@pytest.mark.parametrize(
    ("wrong", "status"), [({"code": "nowhere"}, 1), ({"login": "nobody"}, 2), ({"on": "tomorrow"}, 2)]
)
def test_nonsense_is_refused_with_a_sentence(
    run: Run, session: Session, town: Town, wrong: dict[str, str], status: int
) -> None:
    told = run(*renaming(town, **wrong), "--yes")
    assert told.exit_code == status, told.output
    assert session.exec(select(AreaChange)).all() == []


def test_a_place_is_found_by_words(run: Run, town: Town) -> None:
    told = run("locate", "湖滨社区5栋")
    assert told.exit_code == 0
    assert told.output.startswith(f"{town.areas['shore'].code} 湖滨社区")
