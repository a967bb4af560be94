"""Who the demo clinics are: name, country, time zone, size."""

from __future__ import annotations

from dataclasses import dataclass

# City, time zone, language, telephone mask, names.
_PLACES = (
    ("London", "Europe/London", "en-GB", "+44 20 7946 0###", "en-gb"),
    ("Berlin", "Europe/Berlin", "de", "+49 30 23125 ###", "de"),
    ("Lisbon", "Europe/Lisbon", "pt-PT", "+351 21 099 9###", "pt"),
    ("Lyon", "Europe/Paris", "fr", "+33 4 65 71 0# ##", "fr"),
    ("Toronto", "America/Toronto", "en-CA", "+1 416 555 01##", "en-ca"),
    ("Valencia", "Europe/Madrid", "es", "+34 96 190 0###", "es"),
    ("Bologna", "Europe/Rome", "it", "+39 051 190 0###", "it"),
    ("Utrecht", "Europe/Amsterdam", "nl", "+31 30 799 0###", "nl"),
)
_KINDS = ("Family Practice", "Paediatrics", "Dental Care", "Physiotherapy", "Skin Clinic", "Eye Care")
_STREETS = ("Harbour", "Parkside", "Old Mill", "Riverside", "Linden", "Station")
COUNT = 24


@dataclass(frozen=True, slots=True)
class DemoClinic:
    """One clinic.

    Attributes:
        id: The clinic's id, from 1; the lower, the larger.
        name: Its name.
        time_zone: IANA name.
        language: Language tag.
        phone_mask: A number of its country, `#` for a digit.
        locale: Language and country of its people's names, as mimesis spells them.
        practitioners: How many see patients.
        contacts: How many people it cares for.
    """

    id: int
    name: str
    time_zone: str
    language: str
    phone_mask: str
    locale: str
    practitioners: int
    contacts: int


def demo_clinics(count: int = COUNT) -> tuple[DemoClinic, ...]:
    """Return the first `count` clinics; the same ones every time."""
    return tuple(_clinic(number) for number in range(1, count + 1))


def _clinic(number: int) -> DemoClinic:
    city, zone, language, mask, locale = _PLACES[(number - 1) % len(_PLACES)]
    street = _STREETS[(number - 1) // len(_PLACES) % len(_STREETS)]
    kind = _KINDS[(number - 1) % len(_KINDS)]
    return DemoClinic(
        id=number,
        name=f"{street} {kind} {city}",
        time_zone=zone,
        language=language,
        phone_mask=mask,
        locale=locale,
        practitioners=max(2, 6 - number // 2),
        contacts=60 + 360 // number,
    )
