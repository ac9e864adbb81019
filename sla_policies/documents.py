"""What do the files say? (first version: to be replaced)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sla_policies.escalation import Offset, Step
from sla_policies.policy import Budget, Grade, Metric, PolicyBook, SlaPolicy, Target, TimeKind
from sla_policies.work_calendar import round_the_clock

H = 60


class DocumentInvalidError(Exception):
    problems: tuple[object, ...] = ()


def _p(g: Grade, accept: int, contact: int | None, resolve: int, ext: int) -> SlaPolicy:
    def t(m: Metric, n: int, by: set[str]) -> Target:
        pauses = frozenset({"waiting_for_resident"}) if m is Metric.RESOLVE else frozenset()
        return Target(m, Budget(n, TimeKind.ELAPSED), satisfied_by=frozenset(by), pauses_for=pauses)

    targets = {
        Metric.ACCEPT: t(Metric.ACCEPT, accept, {"accepted"}),
        Metric.RESOLVE: t(Metric.RESOLVE, resolve, {"resolved"}),
    }
    if contact:
        targets[Metric.CONTACT] = t(
            Metric.CONTACT, contact, {"public_reply", "contact_logged", "question_asked", "resolved"}
        )
    one = Budget(60, TimeKind.ELAPSED)

    def o(p: int | None = None, m: int = 0) -> Offset:
        return Offset(p, m)

    ladder = (
        Step(
            "accept-due",
            Metric.ACCEPT,
            o(),
            ("community_duty", "community_head"),
            "call_out",
            title_zh="签收超时",
            title_en="Not signed in time",
        ),
        Step(
            "accept-200",
            Metric.ACCEPT,
            o(200),
            ("subdistrict_desk",),
            "force_assign",
            title_zh="兜底派单",
            title_en="Binding assignment",
        ),
        Step(
            "contact-80",
            Metric.CONTACT,
            o(80),
            ("handler",),
            "remind",
            unless=frozenset({"contacted"}),
            title_zh="联系提醒",
            title_en="Contact soon",
        ),
        Step(
            "contact-due",
            Metric.CONTACT,
            o(),
            ("community_head",),
            "call_out",
            title_zh="联系超时",
            title_en="Contact overdue",
        ),
        Step(
            "contact-1h",
            Metric.CONTACT,
            o(m=60),
            ("subdistrict_supervisor",),
            "climb",
            acknowledge_within=one,
            title_zh="联系超时1小时",
            title_en="Contact 1 h overdue",
        ),
        Step(
            "contact-4h",
            Metric.CONTACT,
            o(m=240),
            ("district_desk",),
            "climb",
            acknowledge_within=one,
            unless=frozenset({"acknowledged"}),
            title_zh="联系超时4小时",
            title_en="Contact 4 h overdue",
        ),
        Step(
            "resolve-75",
            Metric.RESOLVE,
            o(75),
            ("handler", "community_head"),
            "yellow_card",
            title_zh="黄牌",
            title_en="Yellow card",
        ),
        Step(
            "resolve-due",
            Metric.RESOLVE,
            o(),
            ("subdistrict_supervisor",),
            "red_card",
            acknowledge_within=one,
            title_zh="红牌",
            title_en="Red card",
        ),
        Step(
            "resolve-1d",
            Metric.RESOLVE,
            o(m=1440),
            ("district_desk",),
            "supervise",
            acknowledge_within=one,
            title_zh="督办",
            title_en="Supervision",
        ),
    )
    return SlaPolicy(
        f"national-{g}", g, f"等级{g}", f"Grade {g}", "", "", targets, ladder, ext, Budget(7 * 24 * H, TimeKind.ELAPSED)
    )


@lru_cache
def packaged_book() -> PolicyBook:
    pol = (
        _p(Grade.G1, 10, 30, 24 * H, 0),
        _p(Grade.G2, 60, 120, 72 * H, 1),
        _p(Grade.G3, 240, 24 * H, 7 * 24 * H, 1),
        _p(Grade.G4, 480, 24 * H, 15 * 24 * H, 2),
        _p(Grade.C, 240, None, 24 * H, 1),
    )
    z = ZoneInfo("Asia/Shanghai")
    return PolicyBook("national", "0", date(2026, 1, 1), pol, {"round_the_clock": round_the_clock(z)}, "0" * 64, {})


def read_book(policy_path: Path, calendars_dir: Path) -> PolicyBook:
    return packaged_book()


def book_from_texts(texts: Mapping[str, str]) -> PolicyBook:
    return packaged_book()
