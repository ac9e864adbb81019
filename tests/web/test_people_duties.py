"""Do weekly duties of a sheet stand on its page before they count, and is told what cannot be read?"""

import pytest

from tests.people import Town
from tests.web.conftest import Browser
from tests.web.test_people_files import rows, send


@pytest.fixture
def admin(browse: Browser, town: Town) -> Browser:
    return browse.sign_in(town.admin)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "每周值班：每周 周一至周五 08:30-17:30 → 工作日 08:30-17:30；每周 周六 22:00-06:00"),
        ("en", "Weekly duties: every week Mon-Fri 08:30-17:30 → workdays 08:30-17:30; every week Sat 22:00-06:00"),
    ],
)
def test_duties_are_shown_before_and_after_in_the_readers_language(admin: Browser, language: str, said: str) -> None:
    sheet = 'login,duties\nli.qiang,"workdays 08:30-17:30; every week Sat 22:00-06:00"\n'
    (line,) = rows(send(admin.speak(language), sheet))
    assert said in line


def test_duties_of_somebody_new_and_those_that_are_emptied_are_told(admin: Browser) -> None:
    sheet = "login,name,role,area,duties\nlin.mei,林梅,worker,990101001001,节假日 09:00-12:00\nli.qiang,,,,无\n"
    new, emptied = rows(send(admin, sheet))
    assert "每周值班：节假日 09:00-12:00" in new
    assert "每周值班：每周 周一至周五 08:30-17:30 → 无" in emptied


def test_duties_that_cannot_be_read_are_told_by_row(admin: Browser) -> None:
    (line,) = rows(send(admin, "login,duties\nli.qiang,周一至周五 08:30-17:30\nsun.li,\n"))
    assert "每周值班：“周一至周五 08:30-17:30”无法识别" in line
