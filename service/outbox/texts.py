"""How does a notice read? The words of its template, filled at the moment it is sent."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.timekeeping import ZONE

FOLDER = Path(__file__).parent / "texts"


@lru_cache
def _environment() -> Environment:
    # Plain text for mail and logs: there is nothing to escape.
    words = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701
    words.filters["when"] = lambda iso: f"{datetime.fromisoformat(iso).astimezone(ZONE):%Y-%m-%d %H:%M}"
    return words


def render(template: str, language: str, facts: dict[str, str], *, public_url: str) -> tuple[str, str]:
    """Return subject and body: the first line of the text and the rest.

    Errors: jinja2.TemplateError when the text names a fact that the notice lacks.
    """
    text = _environment().get_template(f"{language}/{template}.txt").render(facts, public_url=public_url)
    subject, _, body = text.partition("\n")
    return subject.strip(), body.strip() + "\n"
