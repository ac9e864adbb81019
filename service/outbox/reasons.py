"""Why was a notice not delivered, or how was it? In our own sentences, with what others said quoted behind them."""

from enum import StrEnum


class Reason(StrEnum):
    """Every sentence of our own, a message id; one that ends with a colon quotes what follows it.

    It is kept as English text, which logs and the database show as it is; pages put it into the reader's language.
    """

    NO_CHANNEL = "The channel is not there any more."
    RECIPIENT_GONE = "The recipient has left or was deleted."
    NEVER_FINISHED = "It was begun many times and never finished."
    RESTING = "The channel has just not answered another notice."
    PROMISE_OVER = "What it warned of has ended."
    ANSWERED = "Somebody has answered meanwhile."
    JOINED = "Its resident has joined it to another case at once."
    NOT_WRITTEN = "Its words could not be made:"
    NOT_SENT = "It could not be sent:"
    NO_MAIL = "No mail can be made of it:"
    MAIL_AWAY = "The mail server cannot be reached:"
    MAIL_BROKE_OFF = "The mail server did not take it:"
    MAIL_REFUSED = "The mail server refused the recipient:"
    NOT_A_WEBHOOK = "This is no address of a webhook."
    NOT_FOUND = "There is no such host:"
    INSIDE = "The address is not on the public internet:"
    NO_ANSWER = "The receiver did not answer:"
    NOT_WHOLE = "The receiver did not answer completely in time."
    REDIRECTS = "The receiver redirects, which is not followed:"
    REFUSED = "The receiver refused it:"
    COMPLAINS = "The receiver answered, and complained:"
    NO_APPRISE = "Apprise cannot be reached:"
    NOT_UNDERSTOOD = "Apprise does not understand this address."
    CAUGHT = "Caught by the demo."
    TAKEN = "The receiver took it:"

    def quoting(self, original: object) -> str:
        """Return the sentence with what others said, in their own words."""
        return f"{self} {original}"


def taken_apart(text: str) -> tuple[str, str]:
    """Return our own sentence of a kept reason and what it quotes; "" for what is not there."""
    own = next((reason.value for reason in Reason if text.startswith(reason)), "")
    return own, text.removeprefix(own).strip()
