"""By which channels do notices leave the house? They are listed, added, changed and tried out."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.accounts.tables import Person
from service.audit.changes import version_of
from service.delivery.changes import add_channel, change_channel, send_trial
from service.delivery.forms import KINDS, PLACES, ChannelDetails, masked_address
from service.delivery.queries import channels
from service.errors import NotFoundError
from service.outbox.rules import Channel
from service.outbox.tables import ChannelRow
from service.secrecy import SecretUnreadableError, decrypt
from service.settings import get_settings
from service.web import notice_words as telling
from service.web.admin.common import (
    NOTHING_WRONG,
    Administrator,
    Refused,
    RowId,
    Text,
    TypedForm,
    admin_page,
    as_whole,
    go_to,
    one_of,
    tried,
)
from service.web.admin.outbox import OUTBOX
from service.web.admin.told import history_of, meanwhile
from service.web.deps import DbSession, Now

router = APIRouter(prefix="/outbox/channels")

CHANNELS = f"{OUTBOX}/channels"
YES = "yes"


class ChannelForm(TypedForm):
    """A channel as it is typed; address and secret are never sent back to a page."""

    name: Text = ""
    name_en: Text = ""
    kind: Text = Channel.WEBHOOK.value
    address: Text = ""
    secret: Text = ""
    is_usual: Text = "no"
    is_active: Text = YES
    seen: Text = ""

    def details(self) -> ChannelDetails:
        """Return what was typed. Errors: InvalidFieldsError."""
        kind = one_of(Channel, self.kind, "kind")
        return ChannelDetails(
            name=self.name.strip(),
            name_en=self.name_en.strip(),
            kind=kind,
            address=self.address.strip(),
            secret=self.secret if kind is Channel.WEBHOOK else "",
            is_usual=self.is_usual == YES,
            is_active=self.is_active == YES,
        )


@router.get("")
def show_channels(request: Request, session: DbSession, by: Administrator, now: Now) -> Response:  # noqa: ARG001
    """List the channels."""
    rows = [(row, masked(row), telling.WAY_LABELS[row.kind]) for row in channels(session)]
    settings = get_settings()
    mail = {"is_sent": settings.smtp_url is not None, "is_caught": settings.smtp_url is None and settings.demo}
    return admin_page(request, by, "channels", {"rows": rows, "mail": mail})


@router.get("/new")
def show_new_channel(request: Request, session: DbSession, by: Administrator, now: Now) -> Response:
    """Show the empty form."""
    return _form_page(request, session, by, now, ChannelForm())


@router.post("")
def take_new_channel(
    request: Request, session: DbSession, by: Administrator, now: Now, form: Annotated[ChannelForm, Form()]
) -> Response:
    """Add a channel."""
    done = tried(request, session, lambda: add_channel(session, form.details(), by=by, now=now))
    if isinstance(done, Refused):
        return _form_page(request, session, by, now, form, refused=done)
    return go_to(f"{CHANNELS}/{done.id}", "added")


@router.get("/{channel_id}")
def show_channel(request: Request, session: DbSession, by: Administrator, now: Now, channel_id: RowId) -> Response:
    """Show a channel in its form, with its history."""
    row = _channel(session, channel_id)
    form = ChannelForm(
        name=row.name,
        name_en=row.name_en,
        kind=row.kind,
        is_usual=YES if row.is_usual else "no",
        is_active=YES if row.is_active else "no",
    )
    return _form_page(request, session, by, now, form, row=row)


@router.post("/{channel_id}")
def take_channel(
    request: Request,
    session: DbSession,
    by: Administrator,
    now: Now,
    channel_id: RowId,
    form: Annotated[ChannelForm, Form()],
) -> Response:
    """Change a channel."""
    seen = as_whole(form.seen, otherwise=0)
    done = tried(
        request, session, lambda: change_channel(session, channel_id, form.details(), by=by, now=now, seen=seen)
    )
    if isinstance(done, Refused):
        return _form_page(request, session, by, now, form, row=_channel(session, channel_id), refused=done)
    return go_to(f"{CHANNELS}/{channel_id}", "changed")


@router.post("/{channel_id}/trial")
def take_trial(session: DbSession, by: Administrator, now: Now, channel_id: RowId) -> Response:
    """Send a test notice to oneself; its page shows what became of it."""
    return go_to(f"{OUTBOX}/{send_trial(session, channel_id, by=by, now=now)}", "trial")


def masked(row: ChannelRow) -> str:
    """Return what may be shown of a channel's address."""
    try:
        return masked_address(row.kind, decrypt(row.address))
    except SecretUnreadableError:
        return "****"


def _channel(session: Session, channel_id: int) -> ChannelRow:
    row = session.get(ChannelRow, channel_id)
    if row is None:
        raise NotFoundError
    return row


def _form_page(
    request: Request,
    session: Session,
    by: Person,
    now: Now,
    form: ChannelForm,
    *,
    row: ChannelRow | None = None,
    refused: Refused = NOTHING_WRONG,
) -> Response:
    context: dict[str, Any] = {
        "values": form.model_dump(exclude={"secret"}),
        "row": row,
        "kinds": [(kind.value, telling.WAY_LABELS[kind]) for kind in KINDS],
        "places": ", ".join(PLACES),
        "services": telling.SHOWN_SERVICES,
    }
    if row is not None:
        subject = row.id or 0
        context |= {
            "masked": masked(row),
            "version": version_of(session, "channel", subject),
            "meanwhile": meanwhile(request, session, "channel", subject, now, refused.seen),
            **history_of(request, session, "channel", subject, now),
        }
    return admin_page(request, by, "channel", context, refused=refused)
