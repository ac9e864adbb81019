"""What is the public number of a case, and could a text be one?"""

from datetime import date


def case_number(day: date, serial: int) -> str:
    """Return a public number like '20261123-00042-7': day, daily serial, check digit."""
    digits = f"{day:%Y%m%d}{serial:05d}"
    return f"{digits[:8]}-{digits[8:]}-{check_digit(digits)}"


def check_digit(digits: str) -> int:
    """Return the ISO 7064 MOD 11,10 check digit: it finds every single wrong digit and nearly every swapped pair."""
    product = 10
    for digit in digits:
        product = (product + int(digit)) % 10 or 10
        product = product * 2 % 11
    return (11 - product) % 10


def is_case_number(text: str) -> bool:
    """Is the text a number that could have been given out?"""
    day, _, rest = text.partition("-")
    serial, _, check = rest.partition("-")
    plain = (day + serial + check).isascii() and (day + serial + check).isdecimal()
    if not plain or len(day) != 8 or not 5 <= len(serial) <= 9 or len(check) != 1:
        return False
    return check_digit(day + serial) == int(check)
