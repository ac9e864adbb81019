"""Which shape have the policy and calendar files, as a JSON Schema for editors? Made from what the reader allows."""

from collections.abc import Collection, Mapping
from typing import Any

from sla_policies import amounts
from sla_policies import calendar_files as days
from sla_policies import ladder_files as ladders
from sla_policies import policy_files as packs
from sla_policies import policy_keys as keys
from sla_policies.climbing import MOST_ROUNDS
from sla_policies.escalation import ACTS, CONDITIONS, ROLES
from sla_policies.policy import PROMISED, Grade, Metric
from sla_policies.reading import LONGEST_TEXT, MOST_ITEMS, NAME

Schema = dict[str, Any]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"\S"}
DAY = r"\d{4}-\d{2}-\d{2}"
TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
HOURS = rf" *{TIME} *- *(?:{TIME}|24:00(?::00)?) *"
SHORT, FREE = amounts.ELAPSED.pattern, amounts.WORKDAYS.pattern


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _words(pattern: str, means: str = "") -> Schema:
    return {"type": "string", "pattern": _whole(pattern)} | ({"description": means} if means else {})


def _one_of(choices: Collection[str]) -> Schema:
    return {"enum": sorted(choices)}


def _list(item: Schema) -> Schema:
    """Return a list of items, or one of them: a single value is a list of one."""
    return {"anyOf": [item, {"type": "array", "items": item, "maxItems": MOST_ITEMS, "uniqueItems": True}]}


def _table(
    keys: Collection[str], required: Collection[str], properties: Mapping[str, Schema], **more: object
) -> Schema:
    """Return a table with exactly these keys; each must be described."""
    if set(keys) != properties.keys():
        raise ValueError(f"Described are other keys than are read: {set(keys) ^ properties.keys()}.")
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": dict(properties),
        **more,
    }


BOTH = _table(("zh", "en"), ("zh", "en"), {"zh": TEXT, "en": TEXT})
BUDGET = _words(f"{SHORT}|{amounts.WORKING.pattern}|{FREE}", amounts.BUDGETS_ARE)
OFFSET = _words(rf"due|{amounts.PERCENT.pattern}|(?:before|after) (?:{SHORT}|\d{{1,4}} workdays?)", amounts.OFFSETS_ARE)
NAMED = _words(NAME.pattern)
MARK = _one_of(days.MARKS) | {"description": "Only A and B may be shown as law; own: proposed here."}
SOURCED: Schema = {"source": TEXT, "mark": MARK}
SOURCED_IN_BOTH: Schema = SOURCED | {"source": {"anyOf": [TEXT, BOTH]}}
"""Where a number comes from, in one language or in both."""
TRUTH: Schema = {"type": "boolean"}
DATE = _words(DAY)


ONLY_TOGETHER: tuple[Schema, ...] = (
    {
        "if": {"properties": {"nothing": {"const": True}}, "required": ["nothing"]},
        "then": {"properties": {"targets": False, "ladder": False}},
        "else": {"required": ["targets", "ladder"]},
    },
    {
        "if": {"properties": {"default": {"const": True}}, "required": ["default"]},
        "then": {"properties": {"when": {"maxProperties": 0}}},
        "else": {"required": ["when"], "properties": {"when": {"minProperties": 1}}},
    },
)
"""Which keys of a policy need each other, or exclude each other."""


def policy_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a policy file."""
    return {"$schema": DRAFT, "title": "A promise pack of Jiban"} | _table(
        keys.PACK_KEYS,
        keys.PACK_REQUIRED,
        {
            "name": NAMED,
            "version": TEXT,
            "effective_from": DATE,
            "effective_until": DATE,
            "title": BOTH,
            "source": TEXT,
            "satisfied_by": {
                "type": "object",
                "additionalProperties": False,
                "properties": {str(m): _list(_one_of(events)) for m, events in packs.EVENTS.items() if m in PROMISED},
            },
            "policies": _list(_policy()),
            "ladders": {"type": "object", "propertyNames": NAMED, "additionalProperties": _list(_step())},
            "raises": _list(_raise()),
            "climbing": {"type": "object", "propertyNames": NAMED, "additionalProperties": _climbing()},
            "orders": _inside(keys.ORDERS_KEYS, {"order": Metric.ORDER, "verdict": Metric.VERDICT}),
            "parts": _inside(keys.PARTS_KEYS, {"report_in": Metric.REPORT_IN, "part": Metric.PART}),
        },
        dependentSchemas={
            section: {"properties": {"policies": {"items": {"properties": {"name": {"not": {"const": own}}}}}}}
            for section, (own, _, _) in keys.INSIDE_SECTIONS.items()
        },
    )


def _inside(keys: Collection[str], promises: Mapping[str, Metric]) -> Schema:
    """Return a section with promises that desks make each other."""
    targets = {name: _target(metric) for name, metric in promises.items()}
    return _table(keys, keys, {"title": BOTH, **targets, "ladder": NAMED})


def _policy() -> Schema:
    return _table(
        keys.POLICY_KEYS,
        keys.POLICY_REQUIRED,
        {
            "name": NAMED,
            "grade": _one_of(tuple(Grade)),
            "title": BOTH,
            "promise": BOTH,
            "default": TRUTH,
            "when": _when(),
            "targets": {
                "type": "object",
                "additionalProperties": False,
                "properties": {str(metric): _target(metric) for metric in PROMISED},
            },
            "ladder": NAMED,
            "extensions": _table(
                keys.EXTENSION_KEYS,
                keys.EXTENSION_REQUIRED,
                SOURCED_IN_BOTH
                | {
                    "times": {"type": "integer", "minimum": 0, "maximum": keys.MOST_EXTENSIONS},
                    "at_most": BUDGET,
                },
                dependentRequired={"at_most": ["times"]},
            ),
            "nothing": TRUTH,
        },
        allOf=[*ONLY_TOGETHER],
    )


def _target(metric: Metric) -> Schema:
    pauses: Schema = _list(_one_of(keys.PAUSE_REASONS))
    most = _words(f"{SHORT}|{amounts.WORKING.pattern}")
    return _table(
        keys.TARGET_KEYS,
        keys.TARGET_REQUIRED,
        SOURCED_IN_BOTH
        | {
            "within": BUDGET,
            "calendar": NAMED,
            "satisfied_by": _list(_one_of(packs.EVENTS[metric])),
            "pauses_for": pauses if metric is not Metric.CONTACT else False,
            "pause_at_most": most,
        },
        dependentRequired={"pauses_for": ["pause_at_most"]},
    )


def _when() -> Schema:
    free = {key: _list(TEXT) for key in ("categories", "groups", "areas", "channels")}
    known = {"grades": _list(_one_of(tuple(Grade))), "focus_groups": _list(_one_of(keys.FOCUS_GROUPS))}
    return _table(keys.WHEN_KEYS, (), free | known)


def _step() -> Schema:
    return _table(
        ladders.STEP_KEYS,
        ladders.STEP_REQUIRED,
        SOURCED_IN_BOTH
        | {
            "step": NAMED,
            "on": _one_of(tuple(Metric)),
            "at": OFFSET,
            "to": _list(_one_of(ROLES)),
            "act": _one_of(ACTS),
            "title": BOTH,
            "wakes": TRUTH,
            "acknowledge_within": BUDGET,
            "unless": _list(_one_of(CONDITIONS)),
        },
    )


def _climbing() -> Schema:
    time = _words(SHORT, "30m, 2h or 1d, day and night.")
    return _table(
        ladders.CLIMBING_KEYS,
        ladders.CLIMBING_REQUIRED,
        SOURCED_IN_BOTH
        | dict.fromkeys((*ladders.RUNGS, "again"), time)
        | {"rounds": {"type": "integer", "minimum": 1, "maximum": MOST_ROUNDS}},
    )


def _raise() -> Schema:
    return _table(
        keys.RAISE_KEYS,
        keys.RAISE_REQUIRED,
        SOURCED_IN_BOTH
        | {
            "to": _one_of(tuple(Grade)),
            "why": BOTH,
            "words": _list(TEXT | {"minLength": 2}),
            "focus_groups": _list(_one_of(keys.FOCUS_GROUPS)),
            "categories": _list(TEXT),
            "danger": TRUTH,
        },
        anyOf=[{"required": ["words"]}, {"required": ["focus_groups"]}],
    )


def calendar_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a calendar file: the notice of a year, or the hours of desks."""
    dates = _list(_words(rf"{DAY}(?: *\.\. *{DAY})?", "2026-10-01, or 2026-10-01..2026-10-07."))
    feast = _table(days.FEAST_KEYS, days.FEAST_REQUIRED, {"name": BOTH, "off": dates, "worked": dates})
    year = _table(
        days.YEAR_KEYS,
        days.YEAR_REQUIRED,
        SOURCED
        | {
            "year": _range(days.YEARS),
            "notice": TEXT,
            "published": DATE,
            "complete": TRUTH,
            "balance": _range(days.BALANCES),
            "balance_reason": TEXT,
            "days": _list(feast),
        },
    )
    hours = _list(_words(HOURS, "08:30-12:00; 20:00-08:00 goes on into the next day."))
    by_date: Schema = {"type": "object", "propertyNames": DATE, "additionalProperties": hours}
    week: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": dict.fromkeys((*days.WEEKDAYS, *days.SPANS), hours),
    }
    desk = _table(
        days.DESK_KEYS,
        days.DESK_REQUIRED,
        SOURCED
        | {"title": BOTH, "week": week, "dates": by_date, "breaks": by_date, "public_holidays": TRUTH, "off": dates},
    )
    names: Schema = {**NAMED, "not": {"const": days.ROUND_THE_CLOCK}}
    desks = {"type": "object", "propertyNames": names, "additionalProperties": desk}
    files = _table(days.HOURS_KEYS, days.HOURS_KEYS, {"zone": TEXT, "calendars": desks})
    whole: Schema = {"$schema": DRAFT, "title": "A calendar of Jiban", "type": "object"}
    return whole | {"if": {"required": ["year"]}, "then": year, "else": files}


def _range(ends: tuple[int, int]) -> Schema:
    return {"type": "integer", "minimum": ends[0], "maximum": ends[1]}
