"""Does an administrator see what a change of the division touches before it is decided, on pages in both languages?"""

from datetime import datetime

import pytest
from sqlmodel import Session

from tests.builders import received
from tests.people import Town
from tests.web.conftest import Browser, Clock
from workers import areas


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_merger_is_seen_decided_and_carried_out_on_its_day(
    browse: Browser, session: Session, town: Town, clock: Clock, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, _ = received(session, clock.now)
    admin = browse.sign_in(town.admin).speak(language)
    session.commit()
    address = f"/admin/areas/{town.areas['shore'].id}/change"
    answers = {"kind": "merge", "target_id": str(town.areas["hill"].id), "effective_on": "2026-11-24", "reason": "批复"}

    seen = admin.post(admin.get(address), address, 200, **answers)
    assert ("未办结工单" if language == "zh" else "Open cases") in seen.text
    done = admin.post(seen, address, was_seen="yes")
    assert done.to.endswith("?done=planned")
    assert ("待生效" if language == "zh" else "planned") in admin.get(address).text

    monkeypatch.setattr(areas, "now", lambda: datetime.fromisoformat("2026-11-24T00:30+08:00"))
    assert areas.change() == 1
    session.refresh(case)
    assert case.unit_id == town.areas["hill"].id
    assert ("已执行" if language == "zh" else "carried out") in admin.get(address).text
    admin.get(f"/admin/areas/{town.areas['hill'].id}")
    admin.get("/admin/history?kind=area")
    assert admin.get(f"/areas/{town.areas['shore'].code}", 303).to == f"/areas/{town.areas['hill'].code}"


def test_a_planned_change_is_dropped_and_a_wrong_one_refused(browse: Browser, session: Session, town: Town) -> None:
    admin = browse.sign_in(town.admin)
    session.commit()
    address = f"/admin/areas/{town.areas['shore'].id}/change"
    page = admin.post(admin.get(address), address, 422, kind="merge", target_id="", effective_on="x", reason="")
    assert page.html.select_one("#f-effective_on-error") is not None
    answers = {"kind": "close", "effective_on": "2026-12-01", "reason": "批复"}
    seen = admin.post(admin.get(address), address, 200, **answers)
    admin.post(seen, address, was_seen="yes")
    dropped = admin.post(admin.get(address), "/drop")
    assert dropped.to == f"{address}?done=dropped"
    assert "已取消" in admin.get(address).text
