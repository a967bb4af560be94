"""What a service calls its tenants: one noun, and every name that is made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.errors import ConfigurationError

_WORD = re.compile(r"[a-z]{2,24}\Z")
_VOWELS = "aeiou"
_TENANT = re.compile(r"\b(?:(a|A) )?(tenant|Tenant)(s?)\b")


@dataclass(frozen=True, slots=True)
class TenantNaming:
    """The noun for tenants, where people and machines read it.

    The metrics' label is always `tenant`: queries, rules and boards of several services then
    read alike.

    Attributes:
        singular: The noun, in lower case, such as `clinic`.
        plural: Its plural, such as `clinics`; also the console's path to them.

    Raises:
        ConfigurationError: One of the two is not a plain lower-case word.
    """

    singular: str = "tenant"
    plural: str = "tenants"

    def __post_init__(self) -> None:
        for noun in (self.singular, self.plural):
            if not _WORD.match(noun):
                raise ConfigurationError("tenant naming", "must be plain lower-case words such as `clinic`")

    @property
    def a_tenant(self) -> str:
        """The noun with its article, such as `a clinic`."""
        return f"{'an' if self.singular[0] in _VOWELS else 'a'} {self.singular}"

    @property
    def heading(self) -> str:
        """The noun where a heading begins with it, such as `Clinic`."""
        return self.singular.capitalize()

    @property
    def headings(self) -> str:
        """The plural where a heading begins with it, such as `Clinics`."""
        return self.plural.capitalize()

    @property
    def json_name(self) -> str:
        """The name of a tenant's id in JSON, such as `clinicId`."""
        return f"{self.singular}Id"

    @property
    def key_prefix(self) -> str:
        """What stands before a tenant's id in cache keys, such as `clinic_`."""
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
