"""Is a kept reason taken apart into our own sentence and what others said?"""

import pytest

from service.outbox.reasons import Reason, taken_apart
from service.outbox.rules import NoticeState
from service.web.notice_words import STATE_ICONS, STATE_LABELS, told
from service.web.render import STATIC


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_found_again_with_what_it_quotes(reason: Reason) -> None:
    quotes = reason.endswith(":")
    kept = reason.quoting("550 5.1.1 用户不存在: gone") if quotes else reason.value
    assert taken_apart(kept) == (reason.value, "550 5.1.1 用户不存在: gone" if quotes else "")
    assert told(kept, "en").own == reason.value
    assert told(kept, "zh").own != reason.value


def test_what_was_kept_before_there_were_reasons_is_quoted_as_it_is() -> None:
    assert taken_apart("HTTP 500 <b>") == ("", "HTTP 500 <b>")
    assert taken_apart("") == ("", "")


def test_no_reason_begins_like_another() -> None:
    """The first that fits is taken."""
    assert not [(a, b) for a in Reason for b in Reason if a is not b and a.startswith(b)]


def test_every_state_of_a_notice_has_a_label_and_a_picture_that_is_there() -> None:
    pictures = (STATIC / "icons.svg").read_text("utf-8")
    assert set(STATE_LABELS) == set(STATE_ICONS) == set(NoticeState)
    assert all(f'id="{name}"' in pictures for name in STATE_ICONS.values())
