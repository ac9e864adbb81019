"""How does the product write its log? One JSON object a line; secrets and what residents wrote never enter it."""

import contextlib
import logging

import structlog


class UnhinderedLogger(structlog.PrintLogger):
    """Writes lines to standard output; one that cannot be written (the disk is full) never stops who tells of it."""

    def msg(self, message: str) -> None:
        """Write one line, or lose it."""
        with contextlib.suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def configure_logging(level: str) -> None:
    """Set up structlog for this process; `level` is a name such as INFO."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=lambda *_: UnhinderedLogger(),
    )
