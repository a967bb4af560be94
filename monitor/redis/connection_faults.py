"""What keeps a Redis from being used, in bounded words for labels and a sentence for operators.

The sentences are our own: a server's text may name a key or a user, and a client's may hold
the URL with its password.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from hiredis import ReplyError
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from monitor.errors import StoreUnavailable

_log = structlog.get_logger(__name__)

_REFUSALS: Final = {
    **dict.fromkeys(("ASK", "CLUSTERDOWN", "MASTERDOWN", "MOVED", "READONLY"), "moved"),
    "LOADING": "busy",
}
_SENTENCES: Final = {
    "OOM": "the server is out of memory",
    "MISCONF": "the server cannot save to disk and refuses writes",
    "NOREPLICAS": "the server has too few replicas and refuses writes",
    "READONLY": "the server is a replica",
    "TRYAGAIN": "the slot is being migrated",
}
_MOVED: Final = (AskError, ClusterDownError, MasterDownError, MovedError, ReadOnlyError)
# The first that fits: a refused login is one kind of lost connection to the client.
_KINDS: Final = (
    (AuthenticationError, "login", "the server refuses the user or the password"),
    (_MOVED, "moved", None),
    (BusyLoadingError, "busy", None),
    ((RedisTimeoutError, TimeoutError), "timeout", None),
    ((RedisConnectionError, OSError), "connection", None),
)
_CODE: Final = re.compile(r"[A-Z]{2,32}\Z")
_COMMAND: Final = re.compile(r"'([a-z]+(?:\|[a-z-]+)?)' command")


def fault_of(failure: BaseException) -> StoreUnavailable:
    """Translate whatever went wrong with a connection; nothing is too unexpected to be tried again."""
    if isinstance(failure, StoreUnavailable):
        return failure
    return StoreUnavailable("connect", *_named(failure))


@contextmanager
def translated() -> Iterator[None]:
    """Raise nothing but StoreUnavailable from the block; cancellation passes.

    Raises:
        StoreUnavailable: Whatever the block raised.
    """
    try:
        yield
    except Exception as failure:  # noqa: BLE001 - one that got by would leave the store without a connection for good
        raise fault_of(failure) from None


def refusal(error: ReplyError) -> StoreUnavailable:
    """Translate an error reply by its first word, as the protocol has it."""
    text = str(error)
    code = text.partition(" ")[0]
    return StoreUnavailable("reply", _REFUSALS.get(code, "refused"), _sentence(code, text))


class ConnectLog:
    """Names in the log what keeps a connection from being made: once, until it is another thing.

    Attributes:
        fault: What the last attempt met; None once one has succeeded.
    """

    def __init__(self) -> None:
        self.fault: StoreUnavailable | None = None

    def failed(self, fault: StoreUnavailable) -> None:
        """Take what an attempt met."""
        told, self.fault = self.fault, fault
        if told is None or (told.reason, told.detail) != (fault.reason, fault.detail):
            _log.warning("cache_connect_failed", reason=fault.reason, detail=fault.detail or "")

    def connected(self) -> None:
        """Take that an attempt succeeded."""
        self.fault = None

    def explained(self, failure: StoreUnavailable) -> StoreUnavailable:
        """Return a failure with what the last attempt to connect met, where it says nothing itself."""
        fault = self.fault
        if failure.detail is not None or fault is None:
            return failure
        return StoreUnavailable(failure.operation, failure.reason, fault.detail or fault.reason)


def _named(failure: BaseException) -> tuple[str, str | None]:
    tls = _tls_error(failure)
    if tls is not None:
        return "tls", f"TLS failed: {tls}"
    for kinds, reason, detail in _KINDS:
        if isinstance(failure, kinds):
            return reason, detail
    if isinstance(failure, ResponseError):
        return "refused", _sentence(str(failure.status_code), str(failure))
    return "protocol", f"unexpected {type(failure).__name__}"


def _sentence(code: str, text: str) -> str | None:
    if code == "NOPERM":
        command = _COMMAND.search(text)
        return (
            f"the user may not run {command[1].upper()}"
            if command
            else "the user may not use the key or channel"
        )
    return _SENTENCES.get(code, f"the server answers {code}" if _CODE.match(code) else None)


def _tls_error(failure: BaseException | None) -> str | None:
    # redis-py wraps what the transport raised, sometimes twice.
    while failure is not None:
        if isinstance(failure, ssl.SSLCertVerificationError):
            return "the server's certificate is not trusted"
        if isinstance(failure, ssl.SSLError):
            return (failure.reason or "handshake").lower().replace("_", " ")
        failure = failure.__cause__ or failure.__context__
    return None
