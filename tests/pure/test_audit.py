from datetime import UTC, datetime

import pytest

from service.audit.rules import START, Entry, Head, broken_at, chained

AT = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def chain(count: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    head = Head()
    for number in range(count):
        row = chained(Entry("case", 7, "note", AT, "staff", 3, {"n": number, "字": "好"}), head)
        head = Head(row["seq"], row["hash"])
        rows.append(row)
    return rows


def test_the_first_entry_is_chained_to_nothing() -> None:
    assert chain(1)[0]["prev_hash"] == START


def test_a_whole_chain_is_whole() -> None:
    assert broken_at(chain(5)) is None
    assert broken_at([]) is None


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("data", {"n": 99}),
        ("actor_id", 4),
        ("action", "accept"),
        ("at", AT.replace(hour=1)),
        ("seq", 9),
        ("actor", "system"),
    ],
)
def test_a_changed_entry_breaks_the_chain_where_it_stands(column: str, value: object) -> None:
    rows = chain(5)
    rows[2][column] = value
    assert broken_at(rows) == (9 if column == "seq" else 3)


def test_a_missing_entry_breaks_the_chain_behind_it() -> None:
    rows = chain(5)
    del rows[2]
    assert broken_at(rows) == 4
