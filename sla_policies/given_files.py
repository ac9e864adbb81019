"""Can a file that somebody hands in be a policy or calendar file at all, and which of both is it?"""

import re

from sla_policies.documents import LARGEST_FILE
from sla_policies.reading import Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.yaml")
IS_PACK = re.compile(rb"^policies:", re.MULTILINE)
LONGEST_NAME = 80


def folder_of(content: bytes) -> str:
    """Return the folder in which a file belongs: one with `policies:` is of a pack, any other is a calendar."""
    return "policies" if IS_PACK.search(content) else "calendars"


def unusable(name: str, content: bytes) -> list[Problem]:
    """Return why a file cannot be read, whatever it says; nothing when it can."""
    if not NAME.fullmatch(name):
        what = "This is no name of a policy file."
        return [Problem(name[:LONGEST_NAME] or "?", 1, what, "Call it like national.2027.yaml.")]
    if len(content) > LARGEST_FILE:
        return [Problem(name, 1, "The file is larger than 1 MB.", "Split it, or remove what is too much.")]
    try:
        content.decode()
    except UnicodeDecodeError:
        return [Problem(name, 1, "The file is not UTF-8 text.", "Save it as UTF-8.")]
    return []
