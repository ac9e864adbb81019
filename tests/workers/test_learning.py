"""Does the service learn once a day by itself, however often its processes are started anew?"""

import subprocess
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from service.categories.tables import CategoryModel
from workers import learning

DAY = timedelta(days=1)


@pytest.mark.parametrize(("age", "learns"), [(None, True), (DAY / 24, False), (DAY, True)])
def test_it_learns_when_the_newest_version_is_a_day_old(
    session: Session, now: datetime, monkeypatch: pytest.MonkeyPatch, age: timedelta | None, *, learns: bool
) -> None:
    if age is not None:
        session.add(CategoryModel(made_at=now - age, learnt_from=1, last_case_id=1, weights=b""))
        session.commit()
    begun: list[object] = []

    def run(what: object, **_: object) -> "subprocess.CompletedProcess[str]":
        begun.append(what)
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(learning, "now", lambda: now)
    monkeypatch.setattr(subprocess, "run", run)
    assert learning.train() == 0
    assert begun == ([learning.TRAIN] if learns else [])
