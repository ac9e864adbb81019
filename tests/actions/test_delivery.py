"""What becomes of notices: channels in turn, digests, nights, leases, recipients who are gone."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from service.accounts.tables import Person
from service.cases.rules import Action
from service.delivery import jobs
from service.delivery.actions import begin, finish, gather
from service.delivery.changes import (
    NotWaitingError,
    add_channel,
    let_go,
    send_trial,
    set_wishes,
    subscribe_again,
    try_again,
    unsubscribe,
)
from service.delivery.forms import ChannelDetails
from service.delivery.jobs import Job, Outcome, Resting, send_all
from service.delivery.postman import Postman
from service.errors import InvalidFieldsError
from service.handling.notices import notices as notices_of
from service.outbox.actions import write
from service.outbox.channels import DeliveryFailedError
from service.outbox.messages import Message, Recipient, news, nudge
from service.outbox.rules import MOST_TRIES, STORM, TRIES_BEFORE_NEXT, Channel, Digest, NoticeState, Wishes
from service.outbox.tables import ChannelRow, Notice
from service.settings import Settings, get_settings
from service.watch.queries import alarms
from tests.builders import WITH_MAIL, received
from tests.people import Town
from workers import outbox as worker

Send = Callable[[Job, Postman], str]


def none(_session: Session, notices: Sequence[Notice]) -> list[Notice]:
    """Nothing is overtaken."""
    return list(notices)


class Office:
    """The outbox with a clock that tests turn and channels that do as they are told."""

    def __init__(self, session: Session, town: Town, now: datetime) -> None:
        self.session, self.town, self.now = session, town, now
        self.settings: Settings = get_settings().model_copy(update={"smtp_url": "smtp://mail.example", "demo": False})
        self.sent: list[Job] = []
        self.fails: dict[str, DeliveryFailedError | Exception] = {}
        self.resting = Resting()

    def send(self, job: Job, _postman: Postman) -> str:
        self.sent.append(job)
        if job.channel in self.fails:
            raise self.fails[job.channel]
        return "taken"

    def sweep(self, times: int = 1, **later: float) -> list[Job]:
        """Sweep as the worker does; each further time `later`. Return what was sent."""
        before = len(self.sent)
        for _ in range(times):
            gather(self.session, self.now, drop_overtaken=none)
            begun, _ = begin(self.session, self.settings, self.now, most=50, drop_overtaken=none)
            # Whether a channel rests is a matter of real seconds.
            outcomes = send_all(begun, self.send, Resting())
            finish(self.session, outcomes, self.settings, self.now)
            self.session.commit()
            self.now += timedelta(**later)
        return self.sent[before:]

    def tell(self, person: Person, count: int = 1, *, wakes: bool = False, start: int = 0) -> None:
        to = Recipient(person.language, person.email, person.id)
        told = [
            Message(f"t:{person.id}:{start + n}:{wakes}", "nudge_note", to, {"number": f"20261123-{n:05}-1"}, wakes)
            for n in range(count)
        ]
        write(self.session, told, None, self.now)
        self.session.commit()

    def hook(self, name: str = "hook", **more: Any) -> str:
        details = ChannelDetails(name, Channel.WEBHOOK, "https://hooks.example/x", "a secret of sixteen", **more)
        return str(add_channel(self.session, details, by=None, now=self.now).id)

    def all(self) -> list[Notice]:
        self.session.expire_all()
        return list(self.session.exec(select(Notice).order_by(col(Notice.id))))

    def one(self) -> Notice:
        (notice,) = self.all()
        return notice


@pytest.fixture
def office(session: Session, town: Town, now: datetime) -> Office:
    town.li_qiang.email = "li@example.org"
    session.add(town.li_qiang)
    session.commit()
    return Office(session, town, now + timedelta(hours=2))


def test_a_channel_that_fails_gives_way_to_the_next_after_growing_pauses(office: Office) -> None:
    key = office.hook(is_usual=True)
    office.tell(office.town.li_qiang)
    office.fails["mail"] = DeliveryFailedError("the server is away")
    sent = office.sweep(400, seconds=5)
    assert [job.channel for job in sent] == ["mail"] * TRIES_BEFORE_NEXT + [key]
    notice = office.one()
    assert (notice.state, notice.channel, str(notice.channel_id)) == (NoticeState.SENT, Channel.WEBHOOK, key)
    moments = [datetime.fromisoformat(a["at"]) for a in notice.attempts]
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert pauses[0] < pauses[1] < pauses[2]
    assert [a["last"] for a in notice.attempts] == [False, False, False, True, False]
    assert notice.attempts[-1]["said"] == "taken"


def test_a_final_failure_goes_on_to_the_next_channel_at_once(office: Office) -> None:
    office.hook(is_usual=True)
    office.tell(office.town.li_qiang)
    office.fails["mail"] = DeliveryFailedError("no such mailbox", permanent=True)
    assert len(office.sweep(2, seconds=1)) == 2
    assert office.one().state is NoticeState.SENT


def test_when_every_channel_has_given_up_the_notice_is_given_up_and_can_be_tried_again(office: Office) -> None:
    key = office.hook(is_usual=True)
    office.tell(office.town.li_qiang)
    office.fails = {"mail": DeliveryFailedError("away"), key: DeliveryFailedError("away, too")}
    assert len(office.sweep(40, minutes=20)) == TRIES_BEFORE_NEXT + MOST_TRIES
    notice = office.one()
    assert (notice.state, notice.failure) == (NoticeState.GIVEN_UP, "away, too")

    office.fails.clear()
    try_again(office.session, notice.id or 0, by=office.town.admin, now=office.now)
    assert [job.channel for job in office.sweep()] == ["mail"], "from the first channel on"
    assert office.one().state is NoticeState.SENT
    with pytest.raises(NotWaitingError):
        let_go(office.session, notice.id or 0, by=office.town.admin, now=office.now)


def test_staff_who_cannot_be_told_raise_an_alarm_until_somebody_decides(office: Office) -> None:
    def is_alarmed() -> bool:
        return "notice-failed" in [alarm.check for alarm in alarms(office.session, office.now)]

    key = office.hook()
    office.fails = {"mail": DeliveryFailedError("no", permanent=True), key: DeliveryFailedError("no", permanent=True)}
    send_trial(office.session, int(key), by=office.town.admin, now=office.now)
    received(office.session, office.now, contact=WITH_MAIL)
    office.session.execute(sa.delete(Notice).where(col(Notice.template) == "assigned"))
    office.sweep()
    assert {n.state for n in office.all()} == {NoticeState.GIVEN_UP}
    assert not is_alarmed(), "a resident's mailbox, and a test that somebody is looking at"
    office.tell(office.town.li_qiang)
    office.sweep()
    assert is_alarmed()
    let_go(office.session, office.all()[-1].id or 0, by=office.town.admin, now=office.now)
    assert not is_alarmed()


def test_what_is_let_go_is_told_to_nobody(office: Office) -> None:
    office.tell(office.town.li_qiang)
    let_go(office.session, office.one().id or 0, by=office.town.admin, now=office.now)
    assert office.sweep() == []
    assert office.one().state is NoticeState.LET_GO


def test_wishes_put_the_channels_in_order(office: Office) -> None:
    key, person = office.hook(), office.town.li_qiang
    set_wishes(office.session, person, Wishes((key, "mail")), "en", office.settings)
    office.tell(person)
    assert [job.channel for job in office.sweep()] == [key]
    assert person.language == "en"
    with pytest.raises(InvalidFieldsError):
        set_wishes(office.session, person, Wishes(("999",)), "en", office.settings)


def test_a_channel_that_needs_a_telephone_number_is_not_for_who_has_none(office: Office) -> None:
    office.town.he_jun.email = None
    office.session.add(office.town.he_jun)
    details = ChannelDetails("sms", Channel.APPRISE, "bulksms://user:word@{phone}", "", is_usual=True)
    add_channel(office.session, details, by=None, now=office.now)
    office.tell(office.town.he_jun)
    assert [job.channel for job in office.sweep()] == ["log"]


def test_who_has_left_is_told_nothing_and_that_is_set_aside(office: Office) -> None:
    office.tell(office.town.li_qiang)
    office.tell(office.town.he_jun)
    office.town.li_qiang.is_active = False
    office.session.add(office.town.li_qiang)
    office.session.commit()
    assert len(office.sweep()) == 1
    gone, other = office.all()
    assert (gone.state, other.state) == (NoticeState.SET_ASIDE, NoticeState.SENT)
    assert "left" in gone.failure


def test_a_text_that_fails_and_an_address_that_cannot_be_read_stop_nothing_else(office: Office) -> None:
    received(office.session, office.now, contact=WITH_MAIL)
    office.tell(office.town.li_qiang)
    broken, *_ = office.all()
    assert broken.template == "receipt"
    broken.address = b"\x01damaged"
    office.session.add(broken)
    lost = Message("lost", "no_such_text", Recipient("zh", None, office.town.he_jun.id), {"number": "1"})
    write(office.session, [lost], None, office.now)
    office.session.commit()
    office.sweep()
    states = {n.template: n.state for n in office.all()}
    assert states["receipt"] is NoticeState.SET_ASIDE
    assert states["no_such_text"] is NoticeState.SET_ASIDE
    assert states["nudge_note"] is NoticeState.SENT


def test_an_error_of_a_channel_that_nobody_expected_stops_nothing_else(office: Office) -> None:
    office.hook(is_usual=True)
    office.tell(office.town.li_qiang)
    office.tell(office.town.he_jun)
    office.fails["mail"] = ZeroDivisionError("in a library")
    office.sweep(2, seconds=1)
    assert {n.state for n in office.all()} == {NoticeState.SENT}
    assert "ZeroDivisionError" in office.all()[0].attempts[0]["said"]


def test_after_an_outage_everybody_gets_one_message_with_all_of_it(office: Office) -> None:
    office.tell(office.town.li_qiang, 60)
    office.tell(office.town.li_qiang, 12, wakes=True)
    office.tell(office.town.he_jun)
    sent = office.sweep()
    assert len(sent) == 3, "a digest, one of what wakes, and somebody else's single one"
    digest = next(job for job in sent if "60" in job.subject)
    assert "20261123-00000-1" in digest.body
    assert "另有 20 条" in digest.body
    assert office.sweep(3, hours=1) == []
    assert {n.state for n in office.all()} == {NoticeState.SENT, NoticeState.GATHERED}


def test_every_missed_step_is_taken_once_and_told_in_one_message(office: Office) -> None:
    from service.escalations.actions import sweep as sweep_clocks
    from service.escalations.tables import Escalation

    for _ in range(9):
        received(office.session, office.now)
    office.sweep()
    office.now += timedelta(hours=30)  # Nothing ran for so long.
    while sweep_clocks(office.session, office.now):
        pass
    steps = office.session.exec(select(Escalation).where(~col(Escalation.skipped))).all()
    told = office.sweep(2, seconds=1)
    heard = {i for step in steps for i in step.person_ids}
    assert len({(s.clock_id, s.arm, s.step) for s in steps}) == len(steps) > 9
    assert 0 < len(told) <= 2 * len(heard)


def test_more_than_a_few_within_an_hour_wait_for_the_full_hour_but_what_wakes_does_not(office: Office) -> None:
    person = office.town.li_qiang
    for n in range(STORM):
        office.tell(person, start=n)
        office.sweep(seconds=30)
    office.tell(person, 3, start=100)
    office.tell(person, wakes=True)
    assert [job.said["notice"] for job in office.sweep(minutes=5)] == ["nudge_note"], "only what wakes"
    waiting = [n.next_try_at for n in office.all() if n.state is NoticeState.WAITING]
    assert len(waiting) == 3
    assert {at.minute for at in waiting} == {0}
    office.now = waiting[0]
    (job,) = office.sweep()
    assert "3" in job.subject


def test_a_daily_digest_comes_at_eight_and_what_wakes_at_once(office: Office) -> None:
    person = office.town.li_qiang
    set_wishes(office.session, person, Wishes(digest=Digest.DAILY), "zh", office.settings)
    office.tell(person, 2)
    office.tell(person, wakes=True)
    assert len(office.sweep()) == 1
    office.now += timedelta(hours=5)
    office.tell(person, start=50)
    assert office.sweep() == []
    office.now = office.now.replace(hour=0, minute=0) + timedelta(days=1)  # 08:00 in Shanghai.
    (digest,) = office.sweep()
    assert "3 条通知" in digest.subject


def test_a_digest_that_fails_is_tried_again_and_nothing_of_it_is_lost(office: Office) -> None:
    office.tell(office.town.li_qiang, STORM + 1)
    office.fails["mail"] = DeliveryFailedError("away")
    office.sweep(2, minutes=2)
    office.fails.clear()
    (digest,) = office.sweep()
    assert digest.body.count("·") == STORM + 1


def test_residents_unsubscribe_from_the_course_of_a_case_but_not_from_answers(office: Office) -> None:
    case, _ = received(office.session, office.now, contact=WITH_MAIL)
    unsubscribe(office.session, case.id or 0, office.now)
    unsubscribe(office.session, case.id or 0, office.now)
    to = Recipient("zh", "wang@example.org")
    told = [news(to, case.number, what, version=n) for n, what in enumerate(("close", "resolve", "ask", "extend"))]
    write(office.session, told, case.id or 0, office.now)
    office.sweep()
    states = {n.template: n.state for n in office.all() if n.person_id is None}
    assert states.pop("news_close") is NoticeState.UNWANTED
    assert set(states.values()) == {NoticeState.SENT}
    subscribe_again(office.session, case.id or 0)
    write(office.session, [news(to, case.number, "close", version=9)], case.id or 0, office.now)
    (job,) = office.sweep()
    assert f"/notices/stop/{case.number}/" in job.body
    assert job.unsubscribe in job.body


def test_only_what_the_policy_says_may_wake_leaves_at_night(office: Office) -> None:
    office.now = office.now.replace(hour=15, minute=0)  # 23:00 in Shanghai.
    office.tell(office.town.li_qiang, wakes=True)
    office.tell(office.town.li_qiang)
    assert len(office.sweep()) == 1
    office.now = office.now.replace(hour=23, minute=0)  # 07:00 in Shanghai.
    assert len(office.sweep()) == 1


def test_one_that_dies_while_sending_lets_go_of_the_notice_and_it_goes_out_once_more(office: Office) -> None:
    office.tell(office.town.li_qiang)
    (job,), _ = begin(office.session, office.settings, office.now, most=50, drop_overtaken=none)
    office.session.commit()
    assert office.sweep() == [], "while the lease lasts nobody else sends it"
    office.now += timedelta(minutes=2)
    (again,) = office.sweep()
    assert again.key == job.key
    assert office.one().state is NoticeState.SENT
    finish(office.session, [Outcome(job, failure="late news of the dead")], office.settings, office.now)
    assert office.one().state is NoticeState.SENT


def test_who_was_thought_dead_and_is_only_slow_writes_nothing_down(office: Office) -> None:
    office.tell(office.town.li_qiang)
    (slow,), _ = begin(office.session, office.settings, office.now, most=50, drop_overtaken=none)
    office.now += timedelta(minutes=2)
    (other,), _ = begin(office.session, office.settings, office.now, most=50, drop_overtaken=none)
    finish(office.session, [Outcome(slow, failure="late news")], office.settings, office.now)
    assert office.one().attempts == []
    finish(office.session, [Outcome(other, receipt="taken")], office.settings, office.now)
    assert [a["said"] for a in office.one().attempts] == ["taken"]


def test_a_notice_that_kills_who_sends_it_is_set_aside_in_the_end(office: Office) -> None:
    office.tell(office.town.li_qiang)
    for _ in range(60):
        begin(office.session, office.settings, office.now, most=50, drop_overtaken=none)
        office.now += timedelta(minutes=3)
    assert office.one().state is NoticeState.SET_ASIDE


def test_a_test_notice_goes_by_the_channel_it_tests_and_no_other(office: Office) -> None:
    key = office.hook(is_active=False)
    notice_id = send_trial(office.session, int(key), by=office.town.admin, now=office.now)
    (job,) = office.sweep()
    assert (job.channel, job.notice_id) == (key, notice_id)
    row = office.session.get(ChannelRow, int(key))
    assert row is not None
    assert b"hooks.example" not in row.address
    assert row.secret is not None
    assert b"sixteen" not in row.secret


def test_a_channel_that_does_not_answer_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def away(job: Job, _postman: Postman) -> str:
        asked.append(job.channel)
        if job.channel == "1":
            raise DeliveryFailedError("timed out", is_away=True)
        return ""

    def job(n: int, channel: str) -> Job:
        return Job(n, 1, f"k{n}", channel, Channel.WEBHOOK, "", "", "", "", "")

    lanes = [job(n, "1") for n in range(5)] + [job(9, "2")]
    resting, clock = Resting(), [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: clock[0])
    outcomes = {o.job.notice_id: o for o in send_all(lanes, away, resting)}
    assert asked.count("1") == 1
    assert not outcomes[9].failure
    assert all(outcomes[n].failure for n in range(5))
    clock[0] += jobs.FIRST_REST + 1
    send_all(lanes, away, resting)
    assert asked.count("1") == 2


def test_a_notice_whose_only_channel_is_left_alone_waits_and_is_not_given_up_untried(office: Office) -> None:
    office.tell(office.town.li_qiang)
    office.resting.note("mail", is_away=True)
    begun, _ = begin(office.session, office.settings, office.now, most=50, drop_overtaken=none)
    outcomes = send_all(begun, office.send, office.resting)
    finish(office.session, outcomes, office.settings, office.now)
    notice = office.one()
    assert (office.sent, notice.attempts, notice.tries) == ([], [], 0)
    assert timedelta(0) < notice.next_try_at - office.now <= timedelta(seconds=jobs.FIRST_REST)
    office.now = notice.next_try_at
    office.sweep()
    assert office.one().state is NoticeState.SENT


def test_a_notice_goes_on_to_its_next_channel_when_the_first_is_left_alone(office: Office) -> None:
    key = office.hook(is_usual=True)
    office.tell(office.town.li_qiang)
    office.resting.note("mail", is_away=True)
    for _ in range(TRIES_BEFORE_NEXT + 1):
        begun, _ = begin(office.session, office.settings, office.now, most=50, drop_overtaken=none)
        finish(office.session, send_all(begun, office.send, office.resting), office.settings, office.now)
        office.now += timedelta(minutes=5)
    assert [job.channel for job in office.sent] == [key]


def test_one_process_sweeps_the_outbox_once_at_a_time(office: Office) -> None:
    office.tell(office.town.li_qiang)
    with worker._one_at_a_time:
        assert worker.sweep_outbox() == 0


def test_what_an_action_tells_has_a_text(office: Office) -> None:
    case, _ = received(office.session, office.now)
    from service.routing.queries import directory

    told = notices_of(case, Action.CLOSE, None, directory(office.session))
    assert [m.template for m in told] == ["news_close"]
    assert nudge(Recipient("zh", None, 1), "1", "note", version=1).template == "nudge_note"
