"""What may stand in the way of what a caller wants done, in the words of the service's own field.

DomainError
├── NotThere       the clinic has no such thing
├── Outdated       the thing changed since the caller read it
├── Collision      the change collides with what is there
├── KeyInUse       a request with the same idempotency key is under way
├── KeyReused      an idempotency key stands for another request already
└── BrokenRule     a value breaks a rule

Nothing in here knows HTTP or JSON; the routes tell each as a problem document. No message
repeats a value: it may be a patient's.
"""

from __future__ import annotations


class DomainError(Exception):
    """Base of what the services raise on purpose."""


class DamagedRow(Exception):
    """A row holds a word that the service does not know; the word itself may be a patient's.

    Args:
        kind: Name of the words that stand there.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(f"a row holds a word that is no {kind}")
        self.kind = kind


class NotThere(DomainError):
    """The bound clinic has no such thing."""


class Outdated(DomainError):
    """A thing changed since the caller read it (optimistic concurrency).

    Args:
        domain: The domain of the thing.
        version: The version that it has now, so far as it is known.
    """

    def __init__(self, domain: str, version: int | None = None) -> None:
        super().__init__(f"an entity of {domain} changed since it was read")
        self.domain = domain
        self.version = version


class Collision(DomainError):
    """A change collides with what is there."""


class KeyInUse(DomainError):
    """A request with the same idempotency key is under way."""


class KeyReused(DomainError):
    """An idempotency key stands for another request already."""


class BrokenRule(DomainError, ValueError):
    """A value breaks a rule that its type cannot say.

    A `ValueError`, so that msgspec reports it as a fault of what it decodes.

    Args:
        field: The field's name in its struct, such as `starts_at`.
        message: What would be right.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
