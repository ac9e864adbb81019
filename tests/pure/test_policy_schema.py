"""Do the schema for editors and the reader agree about what is right and what is wrong?"""

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from sla_policies.calendar_files import SPANS, WEEKDAYS
from sla_policies.documents import FOLDER, packaged_book, parse_calendar, parse_policy
from sla_policies.schema import calendar_schema, policy_schema
from tests.pure.test_documents import (
    CALENDAR_MISTAKES,
    DESKS,
    POLICY,
    POLICY_MISTAKES,
    YEAR,
    problems_of_policy,
)

POLICIES = jsonschema.Draft202012Validator(policy_schema())
CALENDARS = jsonschema.Draft202012Validator(calendar_schema())
BOOK = packaged_book()


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: dates and sexagesimal numbers stay texts, only true and false are truth values."""


EditorLoader.yaml_implicit_resolvers = {}
EditorLoader.add_implicit_resolver("tag:yaml.org,2002:bool", yaml.resolver.re.compile(r"^(?:true|false)$"), list("tf"))
EditorLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", yaml.resolver.re.compile(r"^-?[0-9]+$"), list("-0123456789")
)
EditorLoader.add_implicit_resolver("tag:yaml.org,2002:null", yaml.resolver.re.compile(r"^$"), [""])


def fits(validator: jsonschema.Draft202012Validator, text: str) -> bool:
    loaded: Any = yaml.load(text, Loader=EditorLoader)
    return bool(validator.is_valid(loaded))


@pytest.mark.parametrize("schema", [policy_schema, calendar_schema])
def test_a_schema_is_right_itself(schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(("name", "schema"), [("policy", policy_schema), ("calendar", calendar_schema)])
def test_the_packaged_schema_is_what_the_reader_allows(name: str, schema: Any) -> None:
    kept = (FOLDER / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert json.loads(kept) == schema(), f"jiban policies schema {name} > sla_policies/schemas/{name}.schema.json"


SHIPPED = [*sorted((FOLDER / "policies").glob("*.yaml")), *sorted((FOLDER / "calendars").glob("*.yaml"))]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_packaged_file_fits_and_names_its_schema(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    kind = "policy" if path.parent.name == "policies" else "calendar"
    assert text.startswith(f"# yaml-language-server: $schema=../schemas/{kind}.schema.json\n")
    validator = POLICIES if kind == "policy" else CALENDARS
    assert [error.message for error in validator.iter_errors(yaml.load(text, Loader=EditorLoader))] == []


CLIMBING = "climbing: {main: {again: 2h, rounds: 3, source: here, mark: own}}\n"
ALLOWED = [
    POLICY,
    POLICY.replace('version: "1"', "version: 2026"),
    POLICY.replace("effective_from: 2026-01-01", "effective_from: 2026-01-01\neffective_until: 2026-12-31"),
    POLICY.replace("when: {grades: [C]}", "when: {grades: C}"),
    POLICY.replace("within: 5 workdays", 'within: "5 workdays, same time"'),
    POLICY.replace("at: 50 %", "at: 50%", 1),
    POLICY.replace("source: here", "source: {zh: 此处, en: here}"),
    POLICY.replace("act: climb", "act: climb, wakes: true, acknowledge_within: 30m, unless: acknowledged") + CLIMBING,
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_the_reader_takes_the_schema_takes_too(text: str) -> None:
    assert parse_policy(text, "small.yaml", BOOK.calendars)
    assert fits(POLICIES, text)


CALENDARS_ALLOWED = [
    YEAR,
    DESKS,
    DESKS.replace("13:30-17:30", "13:30-24:00"),
    DESKS.replace("13:30-17:30", "20:00-08:00"),
    DESKS + '    dates: {2026-01-01: "09:00-10:00"}\n    off: 2026-10-08..2026-10-10\n',
]


@pytest.mark.parametrize("text", CALENDARS_ALLOWED)
def test_what_the_reader_takes_of_calendars_the_schema_takes_too(text: str) -> None:
    assert parse_calendar(text, "calendar.yaml")
    assert fits(CALENDARS, text)


ONLY_THE_READER = (
    "“2026-02-30” is no date",  # a day that no month has
    "It ends on 2025-12-31",
    "“0h” is nothing",
    "“9999d” is nothing",
    "“0 %” is not between",
    "“Z01” is no known category",  # the catalogue of the installation
    "“B99” is no known category",
    "“other” is no known ladder",
    "There is no calendar",
    "Nothing satisfies",
    "resolve counts workdays time",
    "has more time than the whole case",
    "extends workdays time",
    "extends a promise it does not make",
    "Extensions need a number of times",
    "There is no default policy",
    "stands after the default",
    "is used twice",
    "is never reached",
    "is there twice in the ladder",
    "No policy with this ladder promises",
    "No policy uses the ladder",
    "comes before",
    "tells the same people",
    "Nobody hears when",
    "ends in nothing below the district",
    "rest, c1:",
    "question, r",
    # Calendars
    "2025-05-01 is not in 2026",
    "2026-01-02 is named twice",
    "ends before it begins",
    "2026-01-05 is a Monday",
    "2026 has 13 statutory days",
    "There is no time zone",
    "Hours of one day overlap",
    "13:30-00:00 ends where it begins",
    "The night after Monday overlaps",
    "The calendar workdays is empty",
    "Tuesday has hours twice",
    "2026-11-23 has hours and is a day off",
)
"""What no schema can tell: it compares nothing with anything else."""


def agreed(validator: jsonschema.Draft202012Validator, text: str, what: str) -> None:
    assert fits(validator, text) == any(said in what for said in ONLY_THE_READER), what


@pytest.mark.parametrize("mistake", POLICY_MISTAKES, ids=lambda mistake: mistake[3][:50])
def test_a_mistake_in_a_policy_is_seen_by_the_schema_where_it_can_be(mistake: tuple[Any, ...]) -> None:
    agreed(POLICIES, POLICY.replace(mistake[0], mistake[1], 1), mistake[3])


@pytest.mark.parametrize("mistake", CALENDAR_MISTAKES, ids=lambda mistake: mistake[4][:50])
def test_a_mistake_in_a_calendar_is_seen_by_the_schema_where_it_can_be(mistake: tuple[Any, ...]) -> None:
    agreed(CALENDARS, mistake[0].replace(mistake[1], mistake[2], 1), mistake[4])


def test_the_schema_refuses_nothing_that_the_reader_refuses_not() -> None:
    for written, instead in (("name: small", "name: 5small"), ("[resolved]", "[]"), ("act: climb", "act:")):
        text = POLICY.replace(written, instead, 1)
        assert fits(POLICIES, text) or problems_of_policy(text)


def test_the_example_of_the_documentation_is_right() -> None:
    document = (FOLDER.parent / "docs" / "policies.md").read_text(encoding="utf-8")
    example = document.split("```yaml\n")[1].split("```")[0]
    assert [policy.name for policy in parse_policy(example, "ours.yaml", BOOK.calendars).policies] == ["ours-rest"]
    assert fits(POLICIES, example)


@pytest.mark.parametrize("schema", [policy_schema(), calendar_schema()], ids=["policy", "calendar"])
def test_every_field_is_documented(schema: Any) -> None:
    document = (FOLDER.parent / "docs" / "policies.md").read_text(encoding="utf-8")
    unnamed = [key for key in keys(schema) if not re.search(rf"\b{key}\b", document)]
    assert unnamed == []


def keys(schema: Any) -> set[str]:
    """Every key that a schema allows somewhere, without the days of the week."""
    found: set[str] = set()
    for below in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        found |= keys(below)
    if isinstance(schema, dict):
        found |= schema.get("properties", {}).keys() - {*WEEKDAYS, *SPANS}
    return found
