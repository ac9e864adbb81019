"""What is wrong with files, as text; every sentence of it can be told in Chinese too."""

from collections.abc import Iterable

from service.web.catalogues import catalogue
from sla_policies.reading import Problem


def said(problems: Iterable[Problem]) -> list[str]:
    problems = list(problems)
    unknown = {text for each in problems for text in (each.what, each.mend) if text not in catalogue("zh")}
    assert not unknown, "These have no translation:\n" + "\n".join(sorted(unknown))
    return [str(problem) for problem in problems]
