"""To whom does a page belong? A mark by which a telephone tells one reader from another, without knowing them."""

from fastapi import Request

from service.secrecy import signature
from service.web.deps import SESSION_COOKIE, reader_of

READER_HEADER = "X-Reader"
NOBODY = "nobody"


def mark_of(request: Request) -> str:
    """Return the mark of who is signed in, "nobody" where that is nobody, "" where this request did not find out."""
    reader = reader_of(request)
    if reader is not None:
        return signature(f"reader:{reader.id}").hex()[:16]
    looked = hasattr(request.state, "reader")
    return NOBODY if looked or SESSION_COOKIE not in request.cookies else ""
