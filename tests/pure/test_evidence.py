from datetime import UTC, datetime, timedelta

import pytest

from service.attachments.rules import Stage
from service.categories.rules import Catalogue, Evidence, Topic
from service.handling.evidence import AFTER_SENTENCE, BEFORE_SENTENCE, missing
from sla_policies.policy import Grade

NOON = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WAS, IS, ELSE = (Stage.BEFORE, NOON), (Stage.AFTER, NOON), (Stage.OTHER, NOON)


@pytest.mark.parametrize(
    ("asked", "taken", "since", "said"),
    [
        (Evidence.NONE, [], NOON, None),
        (Evidence.AFTER, [], NOON, AFTER_SENTENCE),
        (Evidence.AFTER, [WAS, ELSE], NOON, AFTER_SENTENCE),
        (Evidence.AFTER, [IS], NOON, None),
        (Evidence.AFTER, [IS], NOON + HOUR, AFTER_SENTENCE),
        (Evidence.AFTER, [IS, (Stage.AFTER, NOON + HOUR)], NOON + HOUR, None),
        (Evidence.BEFORE_AND_AFTER, [], NOON, BEFORE_SENTENCE),
        (Evidence.BEFORE_AND_AFTER, [IS], NOON, BEFORE_SENTENCE),
        (Evidence.BEFORE_AND_AFTER, [WAS], NOON, AFTER_SENTENCE),
        (Evidence.BEFORE_AND_AFTER, [WAS, IS], NOON, None),
        (Evidence.BEFORE_AND_AFTER, [WAS, (Stage.AFTER, NOON + HOUR)], NOON + HOUR, None),
    ],
)
def test_what_is_missing(
    asked: Evidence, taken: list[tuple[Stage, datetime]], since: datetime, said: str | None
) -> None:
    assert missing(asked, taken, since) == said


def test_a_topic_asks_for_what_it_or_any_above_it_asks() -> None:
    def topic(code: str, parent: str | None, evidence: Evidence) -> Topic:
        return Topic(len(code), code, parent, code, code, Grade.G3, evidence=evidence)

    known = Catalogue(
        {
            "C": topic("C", None, Evidence.AFTER),
            "C01": topic("C01", "C", Evidence.NONE),
            "C02": topic("C02", "C", Evidence.BEFORE_AND_AFTER),
            "D": topic("D", None, Evidence.NONE),
        }
    )
    asked = {code: known.evidence(code) for code in ("C", "C01", "C02", "D", "X")}
    assert asked == {"C": "after", "C01": "after", "C02": "before_and_after", "D": "none", "X": "none"}
