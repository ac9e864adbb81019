"""What may stand in a standard text, where does it fit, and what does it say of one case?"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.accounts.rules import Role
from service.areas.rules import AreaTree
from service.cases.rules import MOVES, Action, Actor, Field
from service.errors import InvalidFieldsError

TITLE_MOST = 60
TEXT_MOST = 2000
EVERYWHERE = frozenset({Role.ADMIN, Role.DISTRICT})
KEEPERS = EVERYWHERE | {Role.SUPERVISOR}
_NOT_STAFF = frozenset({Actor.RESIDENT, Actor.SENDER, Actor.SYSTEM})
_BRACES = re.compile(r"[{｛]([^{}｛｝]*)[}｝]")
_LONE = re.compile(r"[{}｛｝]")


class Placeholder(StrEnum):
    """What is filled in from the case; the names stand in texts, {number}, and say the same in Chinese, {编号}."""

    NUMBER = "number"
    TOPIC = "topic"
    AREA = "area"
    DESK = "desk"
    PHONE = "phone"
    DUE = "due"
    RESIDENT = "resident"
    WORKER = "worker"


IN_CHINESE: Mapping[Placeholder, str] = {
    Placeholder.NUMBER: "编号",
    Placeholder.TOPIC: "事项",
    Placeholder.AREA: "地点",
    Placeholder.DESK: "服务台",
    Placeholder.PHONE: "电话",
    Placeholder.DUE: "时限",
    Placeholder.RESIDENT: "称呼",
    Placeholder.WORKER: "姓名",
}
_BY_NAME: Mapping[str, Placeholder] = {
    **{str(one): one for one in Placeholder},
    **{name: one for one, name in IN_CHINESE.items()},
}

TITLES = ("先生", "女士", "小姐", "老师", "师傅", "阿姨", "大爷", "大妈", "奶奶", "爷爷", "叔叔", "医生", "同志")
"""A name that ends so is a form of address already."""
DOUBLE_SURNAMES = frozenset({"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "夏侯"})
SOMEBODY: Mapping[str, str] = {"zh": "居民朋友", "en": "resident"}
"""Who is addressed where no name says how."""


@dataclass(frozen=True)
class StandardTextDetails:
    """What is written down about a standard text."""

    title: str
    text: str
    title_en: str = ""
    text_en: str = ""
    acts: tuple[str, ...] = ()
    """For which actions of the lifecycle; none: whatever is written."""
    category_code: str | None = None
    """The topic, with everything below it; None: every topic."""
    area_id: int | None = None
    """The area, with everything below it; None: the whole installation."""
    is_active: bool = True


def words_field(action: Action) -> Field | None:
    """Return the field of an action that takes words: its text, else its reason; None where it takes none."""
    asked = {field for move in MOVES if move.action is action for field in (*move.required, *move.optional)}
    return next((field for field in (Field.TEXT, Field.REASON) if field in asked), None)


ACTS: tuple[Action, ...] = tuple(
    dict.fromkeys(move.action for move in MOVES if move.who - _NOT_STAFF and words_field(move.action) is not None)
)
"""The actions for which a standard text can be written, in the order of the lifecycle."""


def may_write(role: Role, own_area: int, area_id: int | None, areas: AreaTree) -> bool:
    """May somebody look after a text of this area? District and administrators all, supervisors those of their own."""
    if role in EVERYWHERE:
        return True
    return role in KEEPERS and area_id is not None and areas.covers(own_area, area_id)


def may_read(role: Role, own_area: int, area_id: int | None, areas: AreaTree) -> bool:
    """May somebody know of a text? Whoever looks after it, and whoever's desk may use it."""
    if role in EVERYWHERE or area_id is None:
        return True
    return areas.covers(own_area, area_id) or areas.covers(area_id, own_area)


def strange_in(text: str) -> list[str]:
    """Return what looks like a placeholder and is none, each once, and braces that belong to nothing."""
    named = [found for found in _BRACES.finditer(text) if _name(found[1]) not in _BY_NAME]
    return list(dict.fromkeys([one[0] for one in named] + _LONE.findall(_BRACES.sub("", text))))


def fill(text: str, facts: Mapping[Placeholder, str], language: str) -> str:
    """Return a text with its placeholders filled in; what the case does not say stays as a visible gap, 【时限？】.

    What is filled in is not looked through again.
    """

    def one(found: re.Match[str]) -> str:
        placeholder = _BY_NAME.get(_name(found[1]))
        if placeholder is None:
            return found[0]
        gap = f"[{placeholder}?]" if language == "en" else f"【{IN_CHINESE[placeholder]}？】"
        return facts.get(placeholder) or gap

    return _BRACES.sub(one, text)


def address_of(name: str, language: str) -> str:
    """Return how a resident of this name is addressed: 王先生/女士, or 居民朋友 where the name says nothing.

    It tells no more of a name than everybody sees who sees the case masked: the family name.
    """
    name = name.strip()
    if language == "en" or not name or name.isascii() or " " in name:
        return SOMEBODY.get(language, SOMEBODY["zh"])
    if name.endswith(TITLES) and len(name) <= 5:
        return name
    if name[:2] in DOUBLE_SURNAMES and len(name) in (3, 4):
        return f"{name[:2]}先生/女士"
    return f"{name[0]}先生/女士" if len(name) in (2, 3) else SOMEBODY["zh"]


def appended(written: str, text: str) -> str:
    """Return what was written, and the text below it: nothing written is lost."""
    return f"{written.rstrip()}\n{text}" if written.strip() else text


def check_text(details: StandardTextDetails, *, areas: Iterable[int], topics: Iterable[str]) -> None:
    """Accept details that can be stored; `areas` and `topics` are those that may be chosen.

    Errors: InvalidFieldsError, naming each field; the facts hold the strange placeholders.
    """
    strange = strange_in(details.text) + strange_in(details.text_en)
    unknown = "We cannot fill this in: {strange}. Please use only the names that stand beside the form."
    wrong = {
        "title": _wrong_length(details.title, TITLE_MOST, must=True),
        "title_en": _wrong_length(details.title_en, TITLE_MOST),
        "text": _wrong_length(details.text, TEXT_MOST, must=True) or (unknown if strange_in(details.text) else None),
        "text_en": _wrong_length(details.text_en, TEXT_MOST) or (unknown if strange_in(details.text_en) else None),
        "acts": _not_among(details.acts, [str(act) for act in ACTS]),
        "category_code": _not_among([details.category_code] if details.category_code else (), topics),
        "area_id": _not_among([details.area_id] if details.area_id else (), areas),
    }
    found = {field: sentence for field, sentence in wrong.items() if sentence}
    if found:
        raise InvalidFieldsError(found, strange=" ".join(dict.fromkeys(strange)), title=TITLE_MOST, most=TEXT_MOST)


def _wrong_length(text: str, most: int, *, must: bool = False) -> str | None:
    if must and not text.strip():
        return "Please write something here."
    if len(text) <= most:
        return None
    return (
        "Please keep the title under {title} characters."
        if most == TITLE_MOST
        else "Please keep the text under {most} characters."
    )


def _not_among(chosen: Sequence[object], offered: Iterable[object]) -> str | None:
    return None if set(chosen) <= set(offered) else "Please choose one of the answers offered."


def _name(raw: str) -> str:
    return raw.strip().casefold()
