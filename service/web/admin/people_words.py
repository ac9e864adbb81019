"""What are the columns of a sheet of people called, and what would become of a row?"""

from collections.abc import Mapping

from service.roll.rules import Outcome
from service.web.admin.told_words import FIELD_LABELS

COLUMN_LABELS: Mapping[str, str] = {
    **FIELD_LABELS,
    "login": "Sign-in name",
    "name": "Chinese name",
    "name_en": "English name",
    "area": "Place of work",
    "skills": "Good at",
    "speaks": "Languages",
    "works_here": "Works here",
    "away_from": "Away from",
    "away_until": "Away until",
    "substitute": "Who stands in",
    "version": "Version",
}
HINT_LABELS: Mapping[str, str] = {
    "login": "Always needed. It tells who is meant and cannot be changed; a new one is somebody new.",
    "name": "Needed for somebody new.",
    "role": "Needed for somebody new: worker, head, triage, supervisor, district or admin.",
    "area": "The code of the area, or its name where no other has it. Needed for somebody new.",
    "phone": "“none” deletes it.",
    "email": "“none” deletes it.",
    "capacity": "So many open cases are a full load, from 0 to 500.",
    "skills": "Codes of topics, with commas between them. “none” deletes them.",
    "speaks": "Beside Chinese: en. “none” deletes it.",
    "language": "zh or en.",
    "duties": "All of them: workdays 08:30-17:30; every week Sat 22:00-06:00; holidays 09:00-12:00. “none” deletes it.",
    "works_here": "yes or no. Whoever leaves can no longer sign in.",
    "away_from": "A day, or a day and a time. It notes one absence; another one is not touched.",
    "away_until": "The last day, or a day and a time.",
    "substitute": "The sign-in name of whoever stands in.",
    "version": "Of a sheet written here. Leave it as it is: it tells when somebody was changed here since.",
}
OUTCOME_LABELS: Mapping[Outcome, str] = {
    Outcome.REFUSED: "Refused",
    Outcome.NEW: "New person",
    Outcome.CHANGED: "Changed",
    Outcome.SAME: "As it is",
}
