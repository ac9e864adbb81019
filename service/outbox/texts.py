"""How does a notice read? The words of its template, filled at the moment it is sent."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.timekeeping import ZONE

FOLDER = Path(__file__).parent / "texts"
SAMPLE_NUMBER = "20261123-00042-7"
SAMPLE_SHIFT = ("2026-11-28T09:00:00+08:00", "2026-11-28T12:00:00+08:00")


@lru_cache
def _environment() -> Environment:
    # Plain text for mail and logs: there is nothing to escape.
    words = Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701
    words.filters["when"] = lambda iso: f"{datetime.fromisoformat(iso).astimezone(ZONE):%Y-%m-%d %H:%M}"
    return words


def render(
    template: str, language: str, facts: Mapping[str, Any], *, public_url: str, unsubscribe: str = ""
) -> tuple[str, str]:
    """Return subject and body: the first line of the text and the rest.

    Errors: jinja2.TemplateError when the text names a fact that the notice lacks.
    """
    words = _environment().get_template(f"{language}/{template}.txt")
    text = words.render(facts, public_url=public_url, unsubscribe=unsubscribe)
    subject, _, body = text.partition("\n")
    return subject.strip(), body.strip() + "\n"


def sample(template: str, language: str, *, public_url: str) -> tuple[str, str]:
    """Return subject and body as they would read of an invented case."""
    times = {"due_at": "2026-11-24T10:30:00+08:00", "starts_at": SAMPLE_SHIFT[0], "ends_at": SAMPLE_SHIFT[1]}
    facts = (
        SAMPLES[language] | times | {"number": SAMPLE_NUMBER, "link": f"{public_url}/party?key=…", "code": "1234 5678"}
    )
    stop = f"{public_url}/notices/stop/{SAMPLE_NUMBER}"
    return render(template, language, facts, public_url=public_url, unsubscribe=stop)


SAMPLES: Mapping[str, dict[str, Any]] = {
    "zh": {
        "desk": "湖滨社区服务站",
        "category": "道路与市政设施",
        "step": "联系超时",
        "channel": "企业微信群",
        "name": "李强",
        "order": "7",
        "job": "3",
        "party": "江城物业",
        "part": "7",
        "count": 7,
        "lines": [f"新工单 {SAMPLE_NUMBER}", f"工单 {SAMPLE_NUMBER}：居民催办"],
        "more": 5,
    },
    "en": {
        "desk": "Hubin Service Desk",
        "category": "Roads & street furniture",
        "step": "No contact in time",
        "channel": "WeCom group",
        "name": "Li Qiang",
        "order": "7",
        "job": "3",
        "party": "Jiangcheng Property",
        "part": "7",
        "count": 7,
        "lines": [f"New case {SAMPLE_NUMBER}", f"Case {SAMPLE_NUMBER}: the resident urges"],
        "more": 5,
    },
}
"""Facts that every template can be filled with."""
