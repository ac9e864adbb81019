"""Which words of a holiday notice are known, and what do its numbers and its signature mean?"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

NUMERALS = {numeral: n for n, numeral in enumerate("〇一二三四五六七八九")} | {"○": 0, "零": 0, "两": 2}
NUMBER = rf"(?:\d+|[十{''.join(NUMERALS)}]+)"
NAME = r"(?:[^:,。\d]|\d+(?![\d年月日])){1,40}?"
DATED = r"(?=\d+[年月日]|$)"
HEADING = re.compile(
    rf"(?:[一二三四五六七八九十]+、|\([一二三四五六七八九十]+\)|\d+[、.])(?P<name>{NAME}):?{DATED}"
    rf"|(?P<plain>(?!其中){NAME}):{DATED}"
)
TITLE = re.compile(r"国务院办公厅关于[^。]{0,40}?通知")
NUMBERED = re.compile(r"国办发(?:明电)?[〔\[(【]\d{4}[〕\])】]\d+号")
YEAR_OF = re.compile(r"(?:关于|现将|延长)(\d{4})年")
SIGNED = re.compile(rf"({NUMBER})年({NUMBER})月({NUMBER})日")
OPENING = re.compile(r"(?:其中|同时|并且?|但|即|以及|将|从|自|于|在|[:、])*")
COUNT = re.compile(rf"共?({NUMBER})天")
NO_WORDS = re.compile(r"不调休|与周末连休|")
ADVICE = re.compile(r"鼓励|建议|带薪年休假")
FEAST = r"[一-鿿]{1,4}节"
OFF = re.compile(
    rf"(?:均|都|为|照常|正常|全体公民|法定|{FEAST}(?=法定|假)|放假|调休|公休日?|补休|休息|休假|节?假日|假期"
    rf"|与周末连休|共?{NUMBER}天)+"
)
WORKED = re.compile(r"(?:均|都|为|两天|照常|正常|调休|补)*(?:上班|工作日?)")
WORK_AGAIN = re.compile(r"起(?:照常|正常|恢复)*上班")
MOVED = re.compile(rf"的?(?:{NUMBER}个)?(?:公休日?|休息日)(?:及{FEAST})?(?:分别)?调(?:整|休)?[至到]")
TELLING = re.compile("放假|上班|休|假|调")
SPELLED = re.compile("([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")


def plain(line: str) -> str:
    """Return a line as it is read: signs folded, without spaces, 五月一日 in digits. Lunar dates (八月十五) stay."""
    folded = re.sub(r"\s+|\*", "", unicodedata.normalize("NFKC", line))
    return SPELLED.sub(lambda match: f"{in_digits(match[1])}月{in_digits(match[2])}日", folded)


def length(pattern: re.Pattern[str], text: str) -> int:
    """Return how many characters a text begins with that the pattern knows."""
    found = pattern.match(text)
    return found.end() if found else 0


def pieces(sentence: str) -> Iterator[str]:
    """Yield what stands between commas and semicolons; those in brackets do not count."""
    depth, piece = 0, ""
    for sign in sentence:
        depth += (sign == "(") - (sign == ")")
        if sign in ",;" and depth <= 0:
            yield piece
            piece = ""
        else:
            piece += sign
    yield piece


def with_weekends(days: Sequence[date]) -> set[date]:
    """Return the days with the weekends that touch them."""
    found = set(days)
    for day in sorted(days):
        for step in (-1, 1):
            beside = day + timedelta(days=step)
            while beside.weekday() >= 5:
                found.add(beside)
                beside += timedelta(days=step)
    return found


def in_digits(text: str) -> int:
    """Return a number in digits or Chinese numerals, read one by one or with 十."""
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (NUMERALS[tens] if tens else 1) * 10 + (NUMERALS[ones] if ones else 0)
    return int("".join(str(NUMERALS[sign]) for sign in text))


def signed(lines: Sequence[str]) -> date | None:
    """Return the date under the notice, or over it."""
    for line in reversed(lines):
        if found := SIGNED.fullmatch(line):
            try:
                return date(*(in_digits(part) for part in found.groups()))
            except (ValueError, KeyError):
                continue
    return None
