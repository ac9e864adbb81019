"""What may be filled, and what happens when that breaks."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from service.cli import app
from service.demo.city import real_cases
from service.demo.filling import copy_all
from tests.builders import received
from tests.people import Town


def test_a_real_case_is_in_the_way_unless_that_is_meant(session: Session, town: Town, now: datetime) -> None:
    received(session, now)
    assert real_cases(session) == 1
    refused = CliRunner().invoke(app, ["seed", "city", "--cases", "100"])
    assert refused.exit_code == 1
    assert "1 real case" in refused.output


@pytest.mark.parametrize("words", [["--cases", "0"], ["--cases", "9999999"], ["--cases", "100", "--open", "51"], []])
def test_what_cannot_be_filled_is_refused(session: Session, words: list[str]) -> None:
    assert CliRunner().invoke(app, ["seed", "city", *words]).exit_code == 2


def test_what_breaks_while_rows_are_made_is_heard(session: Session) -> None:
    def batches() -> Iterator[dict[str, str]]:
        yield {"case_days (day, first)": "2001-01-01\t1\n"}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        copy_all(session, batches())


def test_what_breaks_in_the_database_is_heard_and_the_maker_ends(session: Session) -> None:
    def batches() -> Iterator[dict[str, str]]:
        while True:
            yield {"case_days (day, first)": "2001-01-01\tno number\n"}

    with pytest.raises(Exception, match="invalid input syntax"):
        copy_all(session, batches())
