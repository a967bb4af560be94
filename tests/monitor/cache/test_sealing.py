"""Seals open for what they were closed for, and for nothing else."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.cache.generations import STAMP_BYTES
from monitor.cache.keys import make_key
from monitor.cache.sealer import Sealer
from monitor.cache.sealing import AesGcmSealer
from monitor.errors import ConfigurationError, EntryRejected

SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(1, 33))
STAMP, OTHER_STAMP = b"\x01" * STAMP_BYTES, b"\x02" * STAMP_BYTES
KEY = make_key(1, "contacts", "list", "page_1")
SEALERS = [AesGcmSealer([SECRET]), AesGcmSealer([SECRET], compress_above=64)]


@pytest.fixture(params=SEALERS, ids=["plain", "compressing"])
def sealer(request: pytest.FixtureRequest) -> Sealer:
    """Give each kind of sealer."""
    made: Sealer = request.param
    return made


@pytest.mark.parametrize("plain", [b"", b"x", b"abc" * 5_000, os.urandom(500)])
def test_what_was_sealed_opens(sealer: Sealer, plain: bytes) -> None:
    """Plain bytes of any size come back."""
    assert plain == sealer.open(KEY, STAMP, sealer.seal(KEY, STAMP, plain))


def test_another_generation_is_outdated_and_not_a_forgery(sealer: Sealer) -> None:
    """A genuine entry of another stamp is None, so that it counts as a plain miss."""
    assert sealer.open(KEY, OTHER_STAMP, sealer.seal(KEY, STAMP, b"v")) is None


@pytest.mark.parametrize(
    "other",
    [
        make_key(2, "contacts", "list", "page_1"),
        make_key(1, "appointments", "list", "page_1"),
        make_key(1, "contacts", "list", "page_2"),
    ],
    ids=["tenant", "domain", "key"],
)
def test_a_swapped_entry_is_rejected(sealer: Sealer, other: object) -> None:
    """An entry moved to another tenant, domain or key does not open there."""
    assert isinstance(other, str)
    sealed = sealer.seal(KEY, STAMP, b"v" * 100)
    with pytest.raises(EntryRejected):
        sealer.open(other, STAMP, sealed)  # type: ignore[arg-type]


@given(plain=st.binary(max_size=200), where=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=500, deadline=None)
def test_every_flipped_bit_is_rejected(plain: bytes, where: int, bit: int) -> None:
    """No single bit of a sealed entry can change without a rejection."""
    sealer = AesGcmSealer([SECRET])
    sealed = bytearray(sealer.seal(KEY, STAMP, plain))
    sealed[where % len(sealed)] ^= 1 << bit
    with pytest.raises(EntryRejected):
        sealer.open(KEY, STAMP, bytes(sealed))


@given(plain=st.binary(min_size=1, max_size=200), keep=st.integers(0, 10_000))
@settings(max_examples=300, deadline=None)
def test_every_truncation_is_rejected(plain: bytes, keep: int) -> None:
    """A shortened entry never opens, nor do arbitrary bytes."""
    sealer = AesGcmSealer([SECRET])
    sealed = sealer.seal(KEY, STAMP, plain)
    for bad in (sealed[: keep % len(sealed)], plain, sealed + b"\0"):
        with pytest.raises(EntryRejected):
            sealer.open(KEY, STAMP, bad)


def test_a_rotated_secret_still_opens_and_a_removed_one_does_not() -> None:
    """Rotation puts a new secret in front; entries of the old one open until it is removed."""
    sealed = AesGcmSealer([SECRET]).seal(KEY, STAMP, b"v")

    assert AesGcmSealer([OTHER_SECRET, SECRET]).open(KEY, STAMP, sealed) == b"v"
    with pytest.raises(EntryRejected) as caught:
        AesGcmSealer([OTHER_SECRET]).open(KEY, STAMP, sealed)
    assert caught.value.reason == "key_unknown"


def test_tenants_have_keys_of_their_own() -> None:
    """The same bytes under the same secret are closed by another key for another tenant."""
    sealer = AesGcmSealer([SECRET])
    for tenant in (1, 2):
        sealer.seal(make_key(tenant, "contacts", "list"), STAMP, b"v")
    (ciphers,) = sealer._ciphers.values()

    assert ciphers[1] is not ciphers[2]


def test_ciphers_stay_bounded() -> None:
    """However many tenants there are, the number of derived ciphers held is bounded."""
    sealer = AesGcmSealer([SECRET])
    for tenant in range(1, 8_300):
        sealer.seal(make_key(tenant, "contacts", "list"), STAMP, b"v")

    assert all(0 < len(ciphers) <= 8_192 for ciphers in sealer._ciphers.values())


@pytest.mark.parametrize("secrets", [[], [b"short"], [SECRET, b""]])
def test_a_secret_has_32_bytes(secrets: list[bytes]) -> None:
    """A missing or short secret stops the start."""
    with pytest.raises(ConfigurationError):
        AesGcmSealer(secrets)


def test_large_texts_are_compressed_where_that_is_asked_for() -> None:
    """Compression shortens repetitive entries and leaves random ones alone."""
    sealer = AesGcmSealer([SECRET], compress_above=100)
    noise = os.urandom(1_000)

    assert len(sealer.seal(KEY, STAMP, b"a" * 10_000)) < 500
    assert len(sealer.seal(KEY, STAMP, noise)) > 1_000
    assert sealer.open(KEY, STAMP, sealer.seal(KEY, STAMP, noise)) == noise
