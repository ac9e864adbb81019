"""Is the version of a promise pack chosen by the day of receipt, and is a gap or an overlap refused?"""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sla_policies.documents import FOLDER, DocumentInvalidError, book_from_texts
from sla_policies.versions import effective_at, pack_names, read_versions
from tests.pure.test_documents import POLICY
from tests.sentences import said

PACKS = ["beijing", "national", "shandong", "shanghai"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the packaged calendars, and room for versions of the pack `small`."""
    shutil.copytree(FOLDER / "calendars", tmp_path / "calendars")
    (tmp_path / "policies").mkdir()
    return tmp_path


def write(folder: Path, file: str, version: str, since: str, until: str = "") -> None:
    text = POLICY.replace('version: "1"', f'version: "{version}"').replace("2026-01-01", since)
    if until:
        text = text.replace(f"effective_from: {since}", f"effective_from: {since}\neffective_until: {until}")
    (folder / "policies" / file).write_text(text)


def problems(folder: Path, pack: str = "small") -> list[str]:
    with pytest.raises(DocumentInvalidError) as refused:
        read_versions(folder, pack)
    return said(refused.value.problems)


def test_the_packaged_packs_are_four() -> None:
    assert pack_names(FOLDER / "policies") == PACKS


@pytest.mark.parametrize("pack", PACKS)
def test_a_packaged_pack_has_versions_that_are_right(pack: str) -> None:
    assert [book.name for book in read_versions(FOLDER, pack)] == [pack]


CHOSEN = [
    ("2025-12-31T23:00+08:00", "1"),  # before the first: it holds already
    ("2026-07-01T00:00+08:00", "2"),
    ("2026-06-30T16:00+00:00", "2"),  # the same instant
    ("2026-06-30T23:59:59+08:00", "1"),
    ("2026-06-30T15:59:59+00:00", "1"),
    ("2031-01-01T00:00+08:00", "3"),
]


@pytest.mark.parametrize(("received", "version"), CHOSEN)
def test_the_version_of_the_day_of_receipt_is_chosen(folder: Path, received: str, version: str) -> None:
    write(folder, "small.2027.yaml", "3", "2027-01-01")
    write(folder, "small.yaml", "1", "2026-01-01", until="2026-06-30")
    write(folder, "small.2026-07.yaml", "2", "2026-07-01")
    books = read_versions(folder, "small")
    assert [book.version for book in books] == ["1", "2", "3"]
    assert books[0].effective_until == date(2026, 6, 30)
    assert effective_at(books, datetime.fromisoformat(received)).version == version


def test_a_time_without_a_zone_chooses_nothing(folder: Path) -> None:
    write(folder, "small.yaml", "1", "2026-01-01")
    with pytest.raises(ValueError, match="has no time zone"):
        effective_at(read_versions(folder, "small"), datetime(2026, 11, 23, 8))  # noqa: DTZ001  # The mistake itself.


BETWEEN = [
    # versions: (file, version, from, until); what is said, beginning with file and line
    (
        [("small.yaml", "1", "2026-01-01", "2026-07-01"), ("small.2.yaml", "2", "2026-07-01", "")],
        "policies/small.2.yaml:3: The versions 1 and 2 overlap on 2026-07-01. Let the earlier one end the day before",
    ),
    (
        [("small.yaml", "1", "2026-01-01", ""), ("small.2.yaml", "2", "2026-01-01", "")],
        "policies/small.yaml:3: The versions 2 and 1 overlap on 2026-01-01.",
    ),
    (
        [("small.yaml", "1", "2026-01-01", "2026-06-29"), ("small.2.yaml", "2", "2026-07-01", "")],
        "policies/small.2.yaml:3: No version holds from 2026-06-30 to 2026-06-30. Let one begin the day after",
    ),
    ([("small.yaml", "1", "2026-01-01", "2026-12-31")], "policies/small.yaml:4: No version holds after 2026-12-31."),
    (
        [("small.yaml", "1", "2026-01-01", ""), ("small.2.yaml", "1", "2027-01-01", "")],
        "policies/small.2.yaml:2: policies/small.yaml is version 1 too. Give each text its own version.",
    ),
    ([("other.yaml", "1", "2026-01-01", "")], "policies/other.yaml:1: The file of other holds the pack small. Call"),
]


@pytest.mark.parametrize(("versions", "said"), BETWEEN)
def test_versions_that_do_not_fit_together_are_named(
    folder: Path, versions: list[tuple[str, str, str, str]], said: str
) -> None:
    for version in versions:
        write(folder, *version)
    found = problems(folder, versions[0][0].split(".")[0])
    assert len(found) == 1
    assert found[0].startswith(said), found


def test_a_pack_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    write(folder, "small.yaml", "1", "2026-01-01")
    assert problems(folder, "smal")[0].endswith("There is no promise pack smal. Known are: small.")


def test_every_version_with_a_mistake_is_told(folder: Path) -> None:
    for file in ("small.yaml", "small.2.yaml"):
        (folder / "policies" / file).write_text(POLICY.replace("grade: C", "grade: X"))
    assert [p.split(":")[0] for p in problems(folder)] == ["policies/small.2.yaml", "policies/small.yaml"]


def test_a_version_is_read_again_from_its_texts_when_its_file_is_gone(folder: Path) -> None:
    write(folder, "small.yaml", "1", "2026-01-01")
    old = read_versions(folder, "small")[0]
    write(folder, "small.yaml", "2", "2026-01-01")
    assert read_versions(folder, "small")[0].hash != old.hash
    again = book_from_texts(old.texts)
    assert (again.hash, again.version) == (old.hash, "1")
    assert again.calendars["workdays"].is_workday(date(2026, 10, 10))
    assert effective_at([again], datetime(2026, 11, 23, tzinfo=UTC)) is again
