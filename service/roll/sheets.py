"""Which rows stand in a sheet of people, and by which words are roles, languages and answers known in it?"""

from collections.abc import Mapping

from service.errors import ServiceError
from service.sheets import Columns, Sheet, read_sheet

COLUMNS: Columns = {
    "login": ("login", "登录名", "账号"),
    "name": ("name", "姓名", "中文姓名"),
    "name_en": ("name_en", "英文姓名"),
    "role": ("role", "角色", "岗位"),
    "area": ("area", "所在单位编码", "辖区编码"),
    "phone": ("phone", "电话号码", "手机号", "电话"),
    "email": ("email", "邮箱", "mail"),
    "capacity": ("capacity", "满负荷"),
    "skills": ("skills", "擅长类别编码", "擅长"),
    "speaks": ("speaks", "会说的语言"),
    "language": ("language", "通知语言"),
    "works_here": ("works_here", "是否在岗", "active", "在岗"),
    "duties": ("duties", "每周值班", "值班"),
    "away_from": ("away_from", "离岗开始"),
    "away_until": ("away_until", "离岗结束"),
    "substitute": ("substitute", "代班人登录名", "代班人"),
    "version": ("version", "版本"),
}
"""Each column by its headings, the English and the Chinese one of an exported sheet first; others are left out."""
FOR_READERS: Columns = {
    "area_name": ("area_name", "所在单位"),
    "skill_names": ("skill_names", "擅长类别"),
}
"""Columns that an exported sheet has for its readers; an import leaves them out."""
CONTACTS = frozenset({"phone", "email"})
"""Columns that only a sheet asked for with a reason has."""
LANGUAGE_BY_WORD: Mapping[str, str] = {
    **dict.fromkeys(("zh", "中文", "汉语", "chinese"), "zh"),
    **dict.fromkeys(("en", "英文", "英语", "english"), "en"),
}
MOST_PEOPLE = 20_000
"""Rows; each look at a sheet goes through all of them within seconds."""
NOTHING = frozenset({"none", "无"})
"""What empties a cell that may be empty; an empty one leaves things as they are."""


class NoLoginColumnError(ServiceError):
    """No row says by which name somebody signs in."""

    status, code = 422, "no-login-column"
    sentence = "Nobody was found in this sheet. Its first row must name the columns, one of them login (登录名)."


class TooManyPeopleError(ServiceError):
    """The sheet names more people than are looked at in one go."""

    status, code = 422, "too-many-people"
    sentence = "This sheet has more than {most} rows. Please divide it."

    def __init__(self) -> None:
        super().__init__(most=MOST_PEOPLE)


def read_people(name: str, content: bytes) -> Sheet:
    """Return a sheet of people; columns for readers only are not told as left out.

    Errors: FileUnreadableError, FileTooLargeError, NoLoginColumnError, TooManyPeopleError.
    """
    sheet = read_sheet(name, content, COLUMNS)
    if not any("login" in row.cells for row in sheet.rows):
        raise NoLoginColumnError
    if len(sheet.rows) > MOST_PEOPLE:
        raise TooManyPeopleError
    known = {name for names in FOR_READERS.values() for name in names}
    return Sheet(sheet.rows, tuple(name for name in sheet.left_out if name.casefold() not in known))
