"""On which cases of the demo do several desks work together, and how did they come when somebody whistled?"""

from collections.abc import Mapping
from datetime import timedelta

from sqlmodel import col, select

from service.accounts.rules import Role
from service.accounts.tables import Person
from service.demo.courses import sign, talk
from service.demo.life import Life
from service.demo.standing import in_hand
from service.demo.town import CITY_MANAGEMENT
from service.demo.world import Course
from service.parts.actions import Said, act_on
from service.parts.calling import Ask, Blow, ask, blow
from service.parts.rules import PartAction
from service.parts.tables import Part

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "look": "请到现场看一下，判断是否属于市政管线问题。",
        "tell": "请通知同一楼的居民，施工期间注意出行安全。",
        "whistle": "现场情况复杂，社区一家解决不了，请到场一起商量怎么办、谁来办。",
        "found": "已到现场查看，不是主管线，建议更换支管阀门，材料明天到。",
        "done": "现场已处理完毕，安排了专人复查一周。",
        "good": "来得快，当场就定了办法。",
        "slow": "最后办成了，但来得晚，催了两次。",
    },
    "en": {
        "look": "Please go there and see whether this concerns the main pipe.",
        "tell": "Please tell the people of the same house, and ask them to take care while the work goes on.",
        "whistle": "This is more than one community can solve. Please come, so that we settle together who does what.",
        "found": "We have been there. It is not the main pipe; a valve must be replaced, and comes tomorrow.",
        "done": "It is done. Somebody looks again every day for a week.",
        "good": "Came at once, and settled it there and then.",
        "slow": "Done in the end, but late, and only after two reminders.",
    },
}


def helped(life: Life) -> Course:
    """Be at work with others: one part is done, another has just been asked for."""
    yield from in_hand(life)
    yield life.now + life.world.minutes(10, 30)
    part = _ask(life, f"role:{life.subdistrict.id}:{Role.TRIAGE}", "look", hours=24)
    yield life.now + life.world.minutes(20, 50)
    _says(life, part, PartAction.ACCEPT, "")
    yield life.now + life.world.minutes(60, 100)
    _says(life, part, PartAction.FINISH, "found")
    _ask(life, f"unit:{life.community.id}", "tell", hours=48)


def whistled(life: Life) -> Course:
    """Be at work; of those who were called one came in time, and one has not come yet."""
    yield from in_hand(life)
    yield life.now + life.world.minutes(5, 15)
    first, *_ = _blow(life)
    yield life.now + life.world.minutes(12, 25)
    _says(life, first, PartAction.ACCEPT, "")


def scored(life: Life) -> Course:
    """Deal with it together; each desk was scored, and the case is resolved."""
    yield from sign(life)
    yield from talk(life)
    yield life.now + life.world.minutes(20, 40)
    parts = _blow(life)
    for part, words in zip(parts, ("good", "slow"), strict=True):
        yield life.now + (timedelta(minutes=14) if words == "good" else timedelta(minutes=50))
        _says(life, part, PartAction.ACCEPT, "")
        yield life.now + life.world.minutes(60, 90)
        _says(life, part, PartAction.FINISH, "done")
        yield life.now + life.world.minutes(10, 30)
        act_on(
            life.world.session,
            part.id or 0,
            PartAction.SCORE,
            Said(WORDS[life.story.language][words], "5" if words == "good" else "3"),
            by=_holder(life),
            now=life.now,
        )
    yield life.now + life.world.minutes(30, 60)
    life.resolve()


def _ask(life: Life, to: str, words: str, *, hours: int) -> Part:
    asked = Ask(to, WORDS[life.story.language][words], hours)
    return ask(life.world.session, life.case.id or 0, [asked], by=_holder(life), now=life.now)[0]


def _blow(life: Life) -> list[Part]:
    """Call the duty desk of the sub-district and the county's department for the streets."""
    department = life.world.known.areas.by_code[CITY_MANAGEMENT]
    to = [f"role:{life.subdistrict.id}:{Role.TRIAGE}", f"unit:{department.id}"]
    place = life.case.address or life.community.name
    given = Blow("felt", place, 30, WORDS[life.story.language]["whistle"], 24, to)
    whistle = blow(life.world.session, life.case.id or 0, given, by=_holder(life), now=life.now)
    found = select(Part).where(Part.whistle_id == whistle.id).order_by(col(Part.id))
    return list(life.world.session.exec(found))


def _says(life: Life, part: Part, action: PartAction, words: str) -> None:
    said = Said(WORDS[life.story.language][words] if words else "")
    act_on(life.world.session, part.id or 0, action, said, by=_helper(life, part), now=life.now)


def _holder(life: Life) -> Person:
    return life.world.staff[life.case.assignee_id or 0]


def _helper(life: Life, part: Part) -> Person:
    """Return who does a part: whom it went to, or whoever stands in."""
    known = life.world.known
    to = known.people[part.person_id or 0]
    acting = known.acting_for(to, life.now) or to
    return life.world.staff[acting.id]
