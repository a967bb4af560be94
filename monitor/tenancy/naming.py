"""What a service calls its tenants: one noun, and every name that is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.errors import ConfigurationError

_WORD = re.compile(r"[a-z]{2,24}\Z")
_VOWELS = "aeiou"
# Names that stand beside the noun's: in the console's paths and forms, in queries, documents and log lines.
_TAKEN = frozenset(
    {
        "alerts", "api", "assets", "cache", "cached", "check", "count", "domain", "domains", "enabled",
        "epoch", "event", "events", "exception", "issues", "level", "limit", "logger", "longer", "method",
        "objective", "operation", "outcome", "port", "rate", "reason", "requests", "role", "route", "routes",
        "said", "seconds", "service", "share", "stack", "state", "status", "summary", "timestamp", "total",
        "traces", "version", "view", "window", "worker", "workers",
    }
)  # fmt: skip
_TENANT = re.compile(r"\b(?:(a|A) )?(tenant|Tenant)(s?)\b")


@dataclass(frozen=True, slots=True)
class TenantNaming:
    """The noun for tenants, where people and machines read it.

    The metrics' label is always `tenant`: queries, rules and boards of several services then
    read alike.

    Attributes:
        singular: The noun, in lower case, such as `account`.
        plural: Its plural, such as `accounts`; also the console's path to them.

    Raises:
        ConfigurationError: One of the two is not a plain lower-case word, or is the kit's name for
            something else.
    """

    singular: str = "tenant"
    plural: str = "tenants"

    def __post_init__(self) -> None:
        for noun in (self.singular, self.plural):
            if not _WORD.match(noun):
                raise ConfigurationError("tenant naming", "must be plain lower-case words such as `account`")
            if noun in _TAKEN:
                raise ConfigurationError("tenant naming", f"`{noun}` names something else here already")

    @property
    def a_tenant(self) -> str:
        """The noun with its article, such as `an account`."""
        return f"{'an' if self.singular[0] in _VOWELS else 'a'} {self.singular}"

    @property
    def heading(self) -> str:
        """The noun where a heading begins with it, such as `Account`."""
        return self.singular.capitalize()

    @property
    def headings(self) -> str:
        """The plural where a heading begins with it, such as `Accounts`."""
        return self.plural.capitalize()

    @property
    def json_name(self) -> str:
        """The name of a tenant's id in JSON, such as `accountId`."""
        return f"{self.singular}Id"

    @property
    def key_prefix(self) -> str:
        """What stands before a tenant's id in cache keys, such as `account_`."""
        return f"{self.singular}_"

    @property
    def log_field(self) -> str:
        """The field of a log line that holds the tenant's id."""
        return self.singular

    def spoken(self, text: str) -> str:
        """Return a text about tenants in the service's own noun."""

        def said(found: re.Match[str]) -> str:
            article, noun, several = found.groups()
            if article and not several:
                word = self.a_tenant
                return word.capitalize() if article == "A" else word
            word = self.plural if several else self.singular
            word = word.capitalize() if noun[0].isupper() else word
            return f"{article} {word}" if article else word

        return _TENANT.sub(said, text)
