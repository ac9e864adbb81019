"""Which absence does a row of a sheet of people note, and may it be?"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from service.accounts.rules import Away, tidy_login
from service.roll.rules import Ground, Known, Planned, Reach
from service.rosters.rules import ONE_DAY, PLANNED_AHEAD, closes_a_circle
from service.timekeeping import ZONE

COLUMNS = ("away_from", "away_until", "substitute")
WHEN = "Please give a day such as 2026-12-01, or a day and a time such as 2026-12-01 08:30."
FIRST_YEAR, LAST_YEAR = 2000, 2100
A_DAY_AS_SPREADSHEETS_KEEP_IT = "T00:00:00"
_MOMENT = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]+(\d{1,2}):(\d{2})(?::00)?)?")


def absence_of(cells: Mapping[str, str], was: Known | None, ground: Ground) -> tuple[Away | None, dict[str, str]]:
    """Return the absence that a row notes, if it is a new one; and what is wrong, by column.

    A day without a time of day is meant whole, also as the last one.
    """
    if not any(cells.get(column) for column in COLUMNS):
        return None, {}
    starts_at, ends_at = _moment(cells.get("away_from", "")), _moment(cells.get("away_until", ""), is_end=True)
    wrong = dict.fromkeys([name for name, at in zip(COLUMNS, (starts_at, ends_at), strict=False) if at is None], WHEN)
    login = tidy_login(cells.get("substitute", ""))
    other = ground.people.get(login) if login else None
    noted = was.absences if was else ()
    said = _says(Away(starts_at, ends_at)) if starts_at and ends_at else None
    same = next((away for away in noted if _says(away) == said), None)
    if same is not None and (not login or (other is not None and other.id == same.substitute_id)):
        return None, {}
    if login and (other is None or other is was or other.reach is Reach.FAR or not other.details.is_active):
        wrong["substitute"] = "Please choose somebody else who works here."
    if starts_at is None or ends_at is None or wrong:
        return None, wrong
    if same is not None:
        return None, {"substitute": "Somebody else stands in for them then. Please change it on the person's page."}
    asked = Away(starts_at, ends_at, other.id if other else None)
    return (None, faults) if (faults := _faults(asked, noted, ground.now)) else (asked, {})


def _says(away: Away) -> tuple[str, str]:
    return written(away.starts_at), written(away.ends_at, is_end=True)


def _faults(asked: Away, noted: Iterable[Away], now: datetime) -> dict[str, str]:
    if asked.ends_at <= max(asked.starts_at, now):
        return {"away_until": "The end must lie after the beginning, and in the future."}
    if asked.ends_at > now + PLANNED_AHEAD:
        sentence = "That is more than 13 months away. Please give an earlier end; it can be prolonged later."
        return {"away_until": sentence}
    if any(away.starts_at < asked.ends_at and away.ends_at > asked.starts_at for away in noted):
        return {"away_from": "This person is away in that time already."}
    return {}


def circles(planned: Iterable[Planned], ground: Ground) -> Iterator[tuple[Planned, str]]:
    """Yield the rows of people who would, by way of others who are away too, stand in for themselves."""
    asked = [(one, one.was.id, one.absence) for one in planned if one.was and one.absence and one.absence.substitute_id]
    if not asked:
        return
    noted = [(known.id, away) for known in ground.people.values() for away in known.absences if away.substitute_id]
    noted += [(person_id, away) for _, person_id, away in asked]
    for one, person_id, away in asked:
        others = [(who, a) for who, a in noted if a.starts_at < away.ends_at and a.ends_at > away.starts_at]
        if closes_a_circle(person_id, away, [pair for pair in others if pair[1] is not away]):
            yield one, "They are away then too, and would be stood in for by this person."


def written(moment: datetime, *, is_end: bool = False) -> str:
    """Return how a moment stands in a sheet: as a day where it is the beginning of one, or the end."""
    local = moment.astimezone(ZONE)
    if f"{local:%H:%M}" != "00:00":
        return f"{local:%Y-%m-%d %H:%M}"
    return f"{local - ONE_DAY if is_end else local:%Y-%m-%d}"


def _moment(text: str, *, is_end: bool = False) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=ZONE)
    except ValueError:
        return None
    is_whole_day = found[4] is None or text.endswith(A_DAY_AS_SPREADSHEETS_KEEP_IT)
    return moment + ONE_DAY if is_end and is_whole_day else moment
