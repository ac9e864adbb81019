"""How is a category typed, and what does its form stand for?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from service.categories.details import CategoryDetails, as_keywords
from service.categories.questions import Option, Question, QuestionKind, as_questions
from service.categories.rules import Elsewhere, Evidence, Handler
from service.categories.tables import Category
from service.intake.forms import FocusGroup
from service.web.admin.common import Text, one_of
from service.web.admin.saving import YES, RowForm, yes_or_no
from sla_policies.policy import Grade

BLANK_ROWS = 2
"""So many empty questions stand below those that there are."""
KIND_LABELS: Mapping[str, str] = {
    "text": "A few words",
    "number": "A number",
    "date": "A day",
    "yes_no": "Yes or no",
    "choice": "One of several answers",
}
MUST_LABELS: Mapping[str, str] = {
    "": "may be left empty",
    "required": "must be answered",
    "danger": "may be left empty; yes is an emergency",
    "required danger": "must be answered; yes is an emergency",
}
_BETWEEN = re.compile(r"[;；、\n]+")


@dataclass(frozen=True)
class TypedQuestion:
    """One question as it stands in the form."""

    key: str = ""
    zh: str = ""
    en: str = ""
    kind: str = str(QuestionKind.TEXT)
    options: str = ""
    must: str = ""


class CategoryForm(RowForm):
    """A category as it is typed; the lists of its questions are as long as each other."""

    code: Text = ""
    name: Text = ""
    name_en: Text = ""
    parent_code: Text = ""
    grade: Text = ""
    handler: Text = str(Handler.COMMUNITY)
    examples: Text = ""
    keywords: Text = ""
    danger_words: Text = ""
    care_groups: list[Text] = Field(default_factory=list)
    evidence: Text = str(Evidence.NONE)
    elsewhere: Text = ""
    elsewhere_en: Text = ""
    elsewhere_phone: Text = ""
    elsewhere_taken: Text = YES
    question_key: list[Text] = Field(default_factory=list)
    question_zh: list[Text] = Field(default_factory=list)
    question_en: list[Text] = Field(default_factory=list)
    question_kind: list[Text] = Field(default_factory=list)
    question_options: list[Text] = Field(default_factory=list)
    question_must: list[Text] = Field(default_factory=list)

    def details(self) -> CategoryDetails:
        """Return what was typed, not yet checked. Errors: InvalidFieldsError."""
        return CategoryDetails(
            name=self.name,
            name_en=self.name_en,
            grade=one_of(Grade, self.grade, "grade"),
            parent_code=self.parent_code or None,
            examples=self.examples,
            keywords=as_keywords(self.keywords),
            is_active=self.in_use,
            handler=one_of(Handler, self.handler, "handler"),
            questions=self._questions(),
            danger_words=as_keywords(self.danger_words),
            care_groups=tuple(one_of(FocusGroup, group, "care_groups") for group in self.care_groups),
            elsewhere=self._elsewhere(),
            evidence=one_of(Evidence, self.evidence, "evidence"),
        )

    def rows(self) -> list[TypedQuestion]:
        """Return the questions as they stand in the form, and some empty ones below."""
        columns = (self.question_key, self.question_zh, self.question_en, self.question_kind, self.question_options)
        typed = [TypedQuestion(*row) for row in zip(*columns, self.question_must, strict=False)]
        return [row for row in typed if row.zh or row.en] + [TypedQuestion()] * BLANK_ROWS

    def _questions(self) -> tuple[Question, ...]:
        rows = [row for row in self.rows() if row.zh or row.en]
        used = {row.key for row in rows}
        free = (key for key in (f"q{number}" for number in range(1, 100)) if key not in used)
        return tuple(_question(row, row.key or next(free)) for row in rows)

    def _elsewhere(self) -> Elsewhere | None:
        if not (self.elsewhere or self.elsewhere_en or self.elsewhere_phone):
            return None
        taken = self.elsewhere_taken == YES
        return Elsewhere(self.elsewhere, self.elsewhere_en, self.elsewhere_phone, taken=taken)


def form_of(category: Category) -> CategoryForm:
    """Return a category as it stands in its form."""
    questions, elsewhere = as_questions(category.questions), category.elsewhere or {}
    return CategoryForm(
        code=category.code,
        name=category.name,
        name_en=category.name_en,
        parent_code=category.parent_code or "",
        grade=category.grade,
        handler=category.handler,
        examples=category.examples,
        keywords="、".join(category.keywords),
        danger_words="、".join(category.danger_words),
        care_groups=category.care_groups,
        evidence=category.evidence,
        elsewhere=elsewhere.get("zh", ""),
        elsewhere_en=elsewhere.get("en", ""),
        elsewhere_phone=elsewhere.get("phone", ""),
        elsewhere_taken=yes_or_no(elsewhere.get("taken", True)),
        question_key=[one.key for one in questions],
        question_zh=[one.zh for one in questions],
        question_en=[one.en for one in questions],
        question_kind=[one.kind for one in questions],
        question_options=["；".join(f"{option.zh} / {option.en}" for option in one.options) for one in questions],
        question_must=[
            " ".join(word for word, holds in (("required", one.required), ("danger", one.danger)) if holds)
            for one in questions
        ],
        is_active=yes_or_no(category.is_active),
    )


def _question(row: TypedQuestion, key: str) -> Question:
    pairs = [part.partition("/") for part in _BETWEEN.split(row.options) if part.strip()]
    kind = one_of(QuestionKind, row.kind, "questions")
    return Question(
        key=key,
        zh=row.zh,
        en=row.en,
        kind=kind,
        options=tuple(Option(zh.strip(), en.strip() or zh.strip()) for zh, _, en in pairs),
        required="required" in row.must.split(),
        danger="danger" in row.must.split() and kind is QuestionKind.YES_NO,
    )
