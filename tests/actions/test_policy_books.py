"""Does a case keep the version of the promises that held when it came in, whatever lies in the folder later?"""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.cases.rules import Action
from service.cli.doctor import texts
from service.clocks import queries
from service.clocks.actions import register_installed
from service.clocks.queries import (
    PolicyVanishedError,
    book,
    books_in_folder,
    current_book,
    notice_installed,
    of_case,
    unregistered,
)
from service.clocks.tables import ClockRow, PolicyBookRow
from service.settings import get_settings
from sla_policies.documents import FOLDER, book_from_texts, packaged_book
from sla_policies.policy import Metric, PolicyBook
from sla_policies.versions import read_versions
from tests.builders import counted, does, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)
PROMISE = """      resolve:
        within: 7d"""


def version_of(since: str, days: int) -> PolicyBook:
    """The national pack as another version that begins on a day and promises so many days."""
    changed = dict(packaged_book().texts)
    text = changed["policies/national.yaml"].replace(PROMISE, PROMISE.replace("7d", f"{days}d"))
    text = text.replace("effective_from: 2026-01-01", f"effective_from: {since}")
    changed["policies/national.yaml"] = text.replace('"2026.1"', f'"{since}"')
    return book_from_texts(changed)


def install(monkeypatch: pytest.MonkeyPatch, *books: PolicyBook) -> None:
    """Let these be the versions in the folder; what was read before is forgotten, as in a new process."""
    monkeypatch.setattr(queries, "installed_books", lambda: books)
    monkeypatch.setattr("service.clocks.actions.installed_books", lambda: books)
    monkeypatch.setattr(queries, "_books", {})


def resolve_of(session: Session, case_id: int | None) -> ClockRow:
    return next(row for row in of_case(session, case_id or 0) if row.metric is Metric.RESOLVE)


def test_the_day_of_receipt_chooses_the_version(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = packaged_book(), version_of("2026-11-24", 5)
    install(monkeypatch, old, new)
    register_installed(session, now)
    monday, _ = received(session, now)
    tuesday, _ = received(session, now + 24 * HOUR)
    assert [resolve_of(session, case.id).book_hash for case in (monday, tuesday)] == [old.hash, new.hash]
    assert resolve_of(session, monday.id).due_at == now + timedelta(days=7)
    assert resolve_of(session, tuesday.id).due_at == now + timedelta(days=6)


def test_a_clock_is_recounted_with_its_own_version_when_the_file_is_gone(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = received(session, now)
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    made_from = resolve_of(session, case.id).book_hash

    install(monkeypatch, version_of("2026-01-01", 3))
    register_installed(session, now)
    does(session, case, town.li_qiang, Action.ASK, now + 2 * HOUR, text="哪一层")
    resident_does(session, case, Action.ANSWER, now + 5 * HOUR, text="三层")

    row = resolve_of(session, case.id)
    assert row.book_hash == made_from
    assert row.due_at == now + timedelta(days=7) + 3 * HOUR
    kept = session.get(PolicyBookRow, made_from)
    assert kept is not None
    assert set(kept.texts) == set(packaged_book().texts)


def test_a_version_that_is_nowhere_is_said_and_never_guessed(
    session: Session, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PolicyVanishedError):
        book(session, "0" * 64)


def test_every_installed_version_is_kept_once(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, packaged_book(), version_of("2027-01-01", 5))
    assert [each.version for each in unregistered(session)] == ["2027-01-01"]
    assert "2027-01-01 is not in the database" in str(texts())
    for _ in range(2):
        register_installed(session, now)
    assert unregistered(session) == []
    assert "fail" not in str(texts())
    hashes = [each.hash for each in queries.installed_books()]
    kept = session.scalars(select(PolicyBookRow.hash).where(col(PolicyBookRow.hash).in_(hashes))).all()
    assert sorted(kept) == sorted(hashes)


def test_a_running_process_takes_over_what_was_stored_meanwhile(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process runs `jiban migrate`: this one, without a restart, makes its promises by the new text."""
    before, _ = received(session, now)
    stored_by_another_process(session, now, version_of("2026-11-01", 3))
    unnoticed, _ = received(session, now)
    notice_installed(session)
    after, _ = received(session, now)
    due = [resolve_of(session, case.id).due_at for case in (before, unnoticed, after)]
    assert due == [now + timedelta(days=days) for days in (7, 7, 3)]
    assert current_book(now).version == "2026-11-01"
    with counted(session) as sent:
        notice_installed(session)
    assert len(sent) == 1, "one look, however many versions there are"

    stored_by_another_process(session, now, packaged_book())
    notice_installed(session)
    assert current_book(now).hash == packaged_book().hash, "back to the earlier text"


def test_a_stored_version_that_cannot_be_read_changes_nothing(session: Session, town: Town, now: datetime) -> None:
    texts = {"policies/national.yaml": "name: national\n"}
    row = {"name": "national", "version": "x", "effective_from": now.date(), "registered_at": now, "texts": texts}
    session.add(PolicyBookRow(hash="f" * 64, is_installed=True, **row))
    session.flush()
    notice_installed(session)
    assert current_book(now).hash == packaged_book().hash


def stored_by_another_process(session: Session, now: datetime, *books: PolicyBook) -> None:
    with pytest.MonkeyPatch.context() as other:
        other.setattr("service.clocks.actions.installed_books", lambda: books)
        register_installed(session, now)


def test_a_clock_cannot_name_a_version_that_is_not_kept(session: Session, town: Town, now: datetime) -> None:
    case, _ = received(session, now)
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(sa.update(ClockRow).where(col(ClockRow.case_id) == case.id).values(book_hash="0" * 64))


@pytest.fixture
def reread(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Settings and packs are read anew in the test, and once more after it."""
    yield monkeypatch
    monkeypatch.undo()
    for read in (get_settings, books_in_folder):
        read.cache_clear()


@pytest.mark.parametrize("pack", ["beijing", "national", "shandong", "shanghai"])
def test_one_setting_chooses_the_pack(reread: pytest.MonkeyPatch, now: datetime, pack: str) -> None:
    reread.setenv("JIBAN_POLICY_PACK", pack)
    for read in (get_settings, books_in_folder):
        read.cache_clear()
    assert current_book(now).name == pack


def test_a_folder_of_ones_own_chooses_by_the_same_names(
    reread: pytest.MonkeyPatch, now: datetime, tmp_path: Path
) -> None:
    (tmp_path / "calendars").symlink_to(FOLDER / "calendars")
    (tmp_path / "policies").mkdir()
    text = (FOLDER / "policies" / "shanghai.yaml").read_text().replace("name: shanghai\n", "name: ours\n", 1)
    (tmp_path / "policies" / "ours.yaml").write_text(text)
    reread.setenv("JIBAN_POLICIES_DIR", str(tmp_path))
    reread.setenv("JIBAN_POLICY_PACK", "ours")
    for read in (get_settings, books_in_folder):
        read.cache_clear()
    assert current_book(now).name == "ours"
    assert current_book(now).policies == read_versions(FOLDER, "shanghai")[0].policies


@pytest.mark.parametrize("pack", ["beijing", "shandong", "shanghai"])
def test_a_case_comes_in_under_another_pack(
    session: Session, town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch, pack: str
) -> None:
    install(monkeypatch, *read_versions(FOLDER, pack))
    register_installed(session, now)
    case, receipt = received(session, now)
    assert case.policy == f"{pack}-G3"
    assert {promise.metric for promise in receipt.promises} == {Metric.ACCEPT, Metric.CONTACT, Metric.RESOLVE}
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    assert resolve_of(session, case.id).due_at == min(
        row.due_at for row in of_case(session, case.id or 0) if row.metric is Metric.RESOLVE and row.due_at
    )
