"""How is a form read in another language or size, with nothing carried out and nothing typed lost?"""

from collections.abc import Callable, Mapping

from fastapi import Request
from sqlmodel import Session

from service.errors import ServiceError
from service.web.error_pages import NEVER_KEPT
from service.web.render import choose


def is_only_read(request: Request, typed: Mapping[str, str]) -> bool:
    """Was the form sent by a button for language or size? The answer is in what was chosen already."""
    return choose(request, lang=typed.get("lang", ""), size=typed.get("size", ""))


def said_again(session: Session, do: Callable[[], object], *, was_refused: str) -> ServiceError | None:
    """Return why `do` would be refused, where the form had told so before; nothing of it stays."""
    if not was_refused:
        return None
    rehearsal = session.begin_nested()
    try:
        do()
    except ServiceError as error:
        return error
    finally:
        rehearsal.rollback()
    return None


async def typed_fields(request: Request) -> dict[str, str]:
    """Return the text fields of a form."""
    sent = await request.form()
    return {name: value for name, value in sent.items() if isinstance(value, str) and name not in NEVER_KEPT}
