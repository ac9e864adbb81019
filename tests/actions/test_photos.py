import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from service.attachments.actions import Sender, attach, forget, tidy
from service.attachments.preparing import Photo
from service.attachments.queries import of_case
from service.attachments.rules import Fault, PhotoRefusedError, Stage
from service.attachments.storage import Storage, storage_in
from service.attachments.tables import Attachment
from service.audit.queries import broken_chains, history
from service.cases.rules import Action, CaseStatus, MoveForbiddenError
from service.cases.tables import Case
from service.categories.rules import Evidence
from service.categories.tables import Category
from service.errors import InvalidFieldsError, NotFoundError
from service.handling.actions import RESIDENT, Doer
from service.handling.photos import MOST_OF_ONE_SIDE, TooManyPhotosError, add_first_photos, add_photos, show_photo
from service.handling.queries import actors, view
from service.handling.rules import NothingLackingError
from service.outbox.tables import Notice
from service.settings import get_settings
from tests.builders import does, received, resident_does
from tests.people import Town

HOUR = timedelta(hours=1)


@pytest.fixture
def storage() -> Storage:
    return storage_in(get_settings().data_dir)


def stored(storage: Storage, name: str) -> Photo:
    """A photo in the storage, whose bytes are told by its name."""
    content = name.encode()
    return Photo(storage.put(content), storage.put(b"small " + content), 640, 480, len(content))


def as_staff(session: Session, case: Case, person: object) -> Doer:
    return Doer(actors(session, case, person), person)  # type: ignore[arg-type]  # A Person of the town.


def told(session: Session, case: Case) -> list[tuple[str, object]]:
    entries = history(session, "case", case.id or 0)
    return [(e["action"], e["data"].get("count")) for e in entries if e["action"].startswith("photo")]


def signed(session: Session, town: Town, now: datetime) -> Case:
    case, _ = received(session, now)
    if case.assignee_id != town.li_qiang.id:
        does(session, case, town.he_jun, Action.REASSIGN, now, person_id=town.li_qiang.id)
    return does(session, case, town.li_qiang, Action.ACCEPT, now)


def test_what_comes_with_a_request_belongs_to_it_once_however_often_it_is_sent(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    case, receipt = received(session, now)
    photos = [stored(storage, "one"), stored(storage, "two")]
    assert add_first_photos(session, receipt.number, photos, by=None, now=now) == 2
    assert add_first_photos(session, receipt.number, [*photos, photos[0]], by=None, now=now) == 0
    kept = of_case(session, case.id or 0, public_only=True)
    assert [(p.sha256, p.by_resident, p.is_public, p.stage) for p in kept] == [
        (photo.sha256, True, True, Stage.OTHER) for photo in photos
    ]
    assert len({p.name for p in kept} | {None}) == 3
    assert told(session, case) == [("photos", 2)]
    assert add_first_photos(session, receipt.number, [], by=None, now=now) == 0
    assert not broken_chains(session)


def test_a_resident_adds_photos_while_they_may_add_words(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    case, _ = received(session, now)
    assert add_photos(session, case.id or 0, [stored(storage, "more")], by=RESIDENT, now=now, is_public=False) == 1
    assert of_case(session, case.id or 0)[0].is_public, "a resident sees what they sent"
    resident_does(session, case, Action.WITHDRAW, now)
    with pytest.raises(MoveForbiddenError):
        add_photos(session, case.id or 0, [stored(storage, "late")], by=RESIDENT, now=now)


def test_staff_choose_which_photos_the_resident_sees(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    case = signed(session, town, now)
    add_photos(session, case.id or 0, [stored(storage, "theirs")], by=RESIDENT, now=now)
    li = as_staff(session, case, town.li_qiang)
    add_photos(session, case.id or 0, [stored(storage, "inside")], by=li, now=now, is_public=False)
    theirs, inside = of_case(session, case.id or 0)
    assert [p.id for p in of_case(session, case.id or 0, public_only=True)] == [theirs.id]
    assert "photos_inside" not in {line.what for line in view(session, case, RESIDENT.actors).timeline}

    show_photo(session, case, inside.name, is_public=True, by=li, now=now)
    show_photo(session, case, inside.name, is_public=True, by=li, now=now)
    assert len(of_case(session, case.id or 0, public_only=True)) == 2
    show_photo(session, case, inside.name, is_public=False, by=li, now=now)
    assert len(of_case(session, case.id or 0, public_only=True)) == 1
    assert [what for what, _ in told(session, case)] == ["photos", "photos_inside", "photo_shown", "photo_hidden"]

    for name in (theirs.name, "0" * 32, "' OR 1=1"):
        with pytest.raises(NotFoundError):
            show_photo(session, case, name, is_public=False, by=li, now=now)
    with pytest.raises(MoveForbiddenError):
        show_photo(session, case, inside.name, is_public=True, by=as_staff(session, case, town.zhao_min), now=now)
    with pytest.raises(MoveForbiddenError):
        add_photos(session, case.id or 0, [stored(storage, "x")], by=as_staff(session, case, town.zhao_min), now=now)


def test_there_are_never_too_many(session: Session, town: Town, now: datetime, storage: Storage) -> None:
    case, _ = received(session, now)
    many = [stored(storage, f"photo {n}") for n in range(MOST_OF_ONE_SIDE)]
    assert add_photos(session, case.id or 0, many, by=RESIDENT, now=now) == MOST_OF_ONE_SIDE
    with pytest.raises(TooManyPhotosError):
        add_photos(session, case.id or 0, [stored(storage, "one more")], by=RESIDENT, now=now)


def test_a_photo_whose_file_is_gone_is_told_and_not_promised(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    case, receipt = received(session, now)
    photo = stored(storage, "gone")
    storage.drop(photo.small_sha256)
    with pytest.raises(PhotoRefusedError) as refused:
        add_first_photos(session, receipt.number, [photo], by=None, now=now)
    assert refused.value.fault is Fault.GONE
    assert of_case(session, case.id or 0) == []


def asks_for(session: Session, code: str, evidence: Evidence) -> None:
    session.execute(sa.update(Category).where(Category.code == code).values(evidence=evidence))  # type: ignore[arg-type]


def missing_photo(session: Session, case: Case, town: Town, now: datetime) -> str:
    with pytest.raises(InvalidFieldsError) as refused:
        does(session, case, town.li_qiang, Action.RESOLVE, now, text="修好了")
    assert list(refused.value.fields) == ["photo"]
    return refused.value.fields["photo"]


def test_a_topic_may_ask_for_a_photo_taken_after_the_work(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    asks_for(session, "C", Evidence.AFTER)  # What a group asks for, its topics do too.
    case = signed(session, town, now)
    li = as_staff(session, case, town.li_qiang)
    assert "after" in missing_photo(session, case, town, now)
    add_photos(session, case.id or 0, [stored(storage, "theirs")], by=RESIDENT, now=now, stage=Stage.AFTER)
    add_photos(session, case.id or 0, [stored(storage, "before")], by=li, now=now, stage=Stage.BEFORE)
    assert "after" in missing_photo(session, case, town, now)
    add_photos(session, case.id or 0, [stored(storage, "done")], by=li, now=now, stage=Stage.AFTER, is_public=False)
    assert does(session, case, town.li_qiang, Action.RESOLVE, now, text="修好了").status is CaseStatus.RESOLVED

    does(session, case, town.chen_jing, Action.REOPEN, now + HOUR, reason="又坏了")
    does(session, case, town.li_qiang, Action.ACCEPT, now + HOUR)
    assert "after" in missing_photo(session, case, town, now + HOUR)
    add_photos(session, case.id or 0, [stored(storage, "again")], by=li, now=now + HOUR, stage=Stage.AFTER)
    again = does(session, case, town.li_qiang, Action.RESOLVE, now + HOUR, text="修好了")
    assert again.status is CaseStatus.RESOLVED


def test_a_topic_may_ask_for_photos_before_and_after(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    asks_for(session, "C05", Evidence.BEFORE_AND_AFTER)
    asks_for(session, "C", Evidence.AFTER)
    case = signed(session, town, now)
    li = as_staff(session, case, town.li_qiang)
    add_photos(session, case.id or 0, [stored(storage, "done")], by=li, now=now, stage=Stage.AFTER)
    assert "before" in missing_photo(session, case, town, now)
    add_photos(session, case.id or 0, [stored(storage, "was")], by=li, now=now, stage=Stage.BEFORE)
    does(session, case, town.li_qiang, Action.RESOLVE, now, text="修好了")


def age(storage: Storage, photo: Photo, hours: float, now: datetime) -> None:
    for name in (photo.sha256, photo.small_sha256):
        moment = now.timestamp() - hours * 3600
        os.utime(storage.path(name), (moment, moment))


def test_files_without_a_case_are_deleted_when_they_are_old_and_no_others(
    session: Session, town: Town, now: datetime, tmp_path: Path
) -> None:
    storage, (case, _) = Storage(tmp_path), received(session, now)
    had, young, old = (stored(storage, name) for name in ("had", "young", "old"))
    draft = tmp_path / "ab" / "tmpxyz.part"
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(b"half")
    os.utime(draft, (0, 0))
    for photo, hours in ((had, 100), (young, 1), (old, 100)):
        age(storage, photo, hours, now)
    session.add(_row(case, had, now))
    session.flush()
    before = (now - 48 * HOUR).timestamp()
    assert tidy(session, storage, before=before) == 3
    assert [storage.has(p.sha256) and storage.has(p.small_sha256) for p in (had, young, old)] == [True, True, False]
    assert not draft.exists()

    again = stored(storage, "young")  # Stored once more, it counts as new.
    age(storage, young, 100, now)
    stored(storage, "young")
    assert tidy(session, storage, before=before) == 0
    assert storage.has(again.sha256)

    assert forget(session, [case.id or 0]) == 1
    assert forget(session, [case.id or 0]) == 0
    assert tidy(session, storage, before=before) == 2
    assert session.exec(select(Attachment)).all() == []
    assert tidy(session, Storage(tmp_path / "never made"), before=before) == 0


def _row(case: Case, photo: Photo, now: datetime) -> Attachment:
    return Attachment(
        case_id=case.id or 0, name="n" * 32, sha256=photo.sha256, small_sha256=photo.small_sha256, size=1, width=1,
        media_type="image/jpeg", height=1, stage=Stage.OTHER, is_public=True, by_resident=True, created_at=now,
    )  # fmt: skip


def test_who_adds_a_photo_while_files_are_deleted_waits_and_keeps_it_or_is_told(
    engine: sa.Engine, now: datetime, tmp_path: Path
) -> None:
    storage = Storage(tmp_path)
    photo = stored(storage, "in between")
    with Session(engine) as deleting, Session(engine) as adding:
        tidy(deleting, storage, before=0)
        adding.execute(sa.text("SET LOCAL lock_timeout = '200ms'"))
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            attach(adding, 1, [photo], sender=Sender(by_resident=True), storage=storage, now=now)


# Done without


def lacking(session: Session, town: Town, now: datetime) -> Case:
    asks_for(session, "C05", Evidence.AFTER)
    return signed(session, town, now)


def test_a_supervisor_does_without_photos_with_a_reason_and_the_case_is_resolved(
    session: Session, town: Town, now: datetime
) -> None:
    case = lacking(session, town, now)
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.li_qiang, Action.RESOLVE, now, text="办好了")

    case = does(session, case, town.chen_jing, Action.WAIVE, now, reason="住户不同意拍照")

    entry = history(session, "case", case.id or 0)[-1]
    assert (entry["action"], entry["data"]["category"], entry["actor_id"]) == ("waive", "C05", town.chen_jing.id)
    told_of = session.exec(select(Notice.person_id).where(Notice.template == "nudge_waive")).all()
    assert told_of == [town.li_qiang.id]
    assert does(session, case, town.li_qiang, Action.RESOLVE, now, text="办好了").status is CaseStatus.RESOLVED


def test_only_supervisors_do_without_photos_and_never_without_a_reason(
    session: Session, town: Town, now: datetime
) -> None:
    case = lacking(session, town, now)

    for person in (town.li_qiang, town.sun_li, town.he_jun, town.wu_dan):
        with pytest.raises(MoveForbiddenError):
            does(session, case, person, Action.WAIVE, now, reason="不用")
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.chen_jing, Action.WAIVE, now, reason=" ")
    does(session, case, town.qian_bo, Action.WAIVE, now, reason="区级同意")


def test_where_nothing_is_lacking_there_is_nothing_to_do_without(
    session: Session, town: Town, now: datetime, storage: Storage
) -> None:
    case = signed(session, town, now)

    def offers(to: object) -> bool:
        seen = view(session, case, actors(session, case, to))  # type: ignore[arg-type]
        return Action.WAIVE in {move.action for move in seen.moves}

    assert not offers(town.chen_jing)
    with pytest.raises(NothingLackingError):
        does(session, case, town.chen_jing, Action.WAIVE, now, reason="不用")
    asks_for(session, "C05", Evidence.AFTER)
    assert offers(town.chen_jing)
    assert not offers(town.li_qiang)
    by = as_staff(session, case, town.li_qiang)
    add_photos(session, case.id or 0, [stored(storage, "after")], by=by, now=now, stage=Stage.AFTER)
    assert not offers(town.chen_jing)


def test_what_was_done_without_counts_for_that_topic_and_until_it_is_taken_up_again(
    session: Session, town: Town, now: datetime
) -> None:
    case = lacking(session, town, now)
    asks_for(session, "C03", Evidence.AFTER)
    case = does(session, case, town.chen_jing, Action.WAIVE, now, reason="住户不同意拍照")
    does(session, case, town.chen_jing, Action.RECATEGORISE, now, category="C03", reason="是垃圾")
    with pytest.raises(InvalidFieldsError), session.begin_nested():
        does(session, case, town.li_qiang, Action.RESOLVE, now, text="办好了")

    does(session, case, town.chen_jing, Action.WAIVE, now + HOUR, reason="也不用")
    case = does(session, case, town.li_qiang, Action.RESOLVE, now + HOUR, text="办好了")
    case = resident_does(session, case, Action.REOPEN, now + 2 * HOUR, reason="还是坏的")
    does(session, case, town.li_qiang, Action.ACCEPT, now + 3 * HOUR)
    with pytest.raises(InvalidFieldsError):
        does(session, case, town.li_qiang, Action.RESOLVE, now + 3 * HOUR, text="又办好了")
