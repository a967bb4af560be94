"""Entries under seal: only the tenant, key, epoch and generations they were stored for open them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from monitor.cache.generations import STAMP_BYTES
from monitor.cache.keys import CacheKey
from monitor.errors import ConfigurationError, EntryRejected

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_STAMP_START = 1 + _KEY_ID_BYTES
_FLAGS = _STAMP_START + STAMP_BYTES
_NONCE_START = _FLAGS + 1
_NONCE_BYTES = 12
_BODY_START = _NONCE_START + _NONCE_BYTES
_PREFIX, _HEADER, _STAMP = slice(0, _STAMP_START), slice(0, _NONCE_START), slice(_STAMP_START, _FLAGS)
_NONCE, _BODY = slice(_NONCE_START, _BODY_START), slice(_BODY_START, None)
_LEAST = _BODY_START + 16  # a tag alone
_SECRET_BYTES = 32
_PLAIN, _COMPRESSED = 0, 1
_MAX_TENANT_CIPHERS = 8_192
_MAX_PLAIN_BYTES = 64 * 1024 * 1024  # bounds what a forged compressed body could expand to


class AesGcmSealer:
    """AES-256-GCM with one key for each tenant, derived from a secret by HKDF.

    Layout: version, key id, stamp, flags, nonce, ciphertext with tag. Everything before the
    nonce is associated data, together with the logical key, which spells tenant and domain.
    The stamp travels with the entry, so that an outdated entry can be told from a forged one.

    Args:
        secrets: 32 random bytes each. The first closes; the others still open, so a secret is
            rotated by putting a new one in front and removing the old one a TTL later.
        compress_above: Compress larger plain texts, in bytes; None: never. Lengths of
            compressed texts tell something about their content to who can read the store.

    Raises:
        ConfigurationError: There is no secret, or one is not 32 bytes long.
    """

    def __init__(self, secrets: Sequence[bytes], compress_above: int | None = None) -> None:
        if not secrets or any(len(secret) != _SECRET_BYTES for secret in secrets):
            raise ConfigurationError("cache secrets", "give one or more secrets of 32 bytes")
        self._secrets = {_key_id(secret): secret for secret in secrets}
        self._current = _key_id(secrets[0])
        self._prefix = _VERSION + self._current
        self._compress_above = compress_above
        # By what an entry begins with, which names the secret, then by tenant.
        self._ciphers: dict[bytes, dict[int, AESGCM]] = {_VERSION + name: {} for name in self._secrets}

    def seal(self, key: CacheKey, stamp: bytes, plain: bytes) -> bytes:
        flags, body = self._packed(plain)
        header = self._prefix + stamp + bytes((flags,))
        ciphers, nonce = self._ciphers[self._prefix], os.urandom(_NONCE_BYTES)
        cipher = ciphers.get(key.tenant) or self._derived(ciphers, self._current, key.tenant)
        return header + nonce + cipher.encrypt(nonce, body, key.encoded + header)

    def open(self, key: CacheKey, stamp: bytes, sealed: bytes) -> bytes | None:
        header, ciphers = sealed[_HEADER], self._ciphers.get(sealed[_PREFIX])
        cipher = None if ciphers is None else ciphers.get(key.tenant)
        if cipher is None or len(sealed) < _LEAST:
            cipher = self._cipher_of(sealed, key.tenant)
        try:
            body = cipher.decrypt(sealed[_NONCE], sealed[_BODY], key.encoded + header)
        except InvalidTag:
            raise EntryRejected("forged") from None
        # Compared after it is authenticated: a flipped bit in the stamp is a forgery, not an old entry.
        if header[_STAMP] != stamp:
            return None
        return body if header[_FLAGS] == _PLAIN else _expanded(body)

    def _cipher_of(self, sealed: bytes, tenant: int) -> AESGCM:
        if len(sealed) < _LEAST or not sealed.startswith(_VERSION):
            raise EntryRejected("format")
        ciphers = self._ciphers.get(sealed[_PREFIX])
        if ciphers is None:
            raise EntryRejected("key_unknown")
        return self._derived(ciphers, sealed[1:_STAMP_START], tenant)

    def _packed(self, plain: bytes) -> tuple[int, bytes]:
        if self._compress_above is not None and len(plain) > self._compress_above:
            packed = zlib.compress(plain, 1)
            if len(packed) < len(plain) * 0.9:
                return _COMPRESSED, packed
        return _PLAIN, plain

    def _derived(self, ciphers: dict[int, AESGCM], key_id: bytes, tenant: int) -> AESGCM:
        if len(ciphers) >= _MAX_TENANT_CIPHERS:
            ciphers.clear()
        info = b"monitor cache entry tenant " + str(int(tenant)).encode()
        secret = HKDFExpand(SHA256(), _SECRET_BYTES, info).derive(self._secrets[key_id])
        cipher = ciphers[tenant] = AESGCM(secret)
        return cipher


def _key_id(secret: bytes) -> bytes:
    return blake2b(secret, digest_size=_KEY_ID_BYTES, person=b"cache key id").digest()


def _expanded(body: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(body, _MAX_PLAIN_BYTES)
    except zlib.error:
        raise EntryRejected("format") from None
    if not unpacker.eof:
        raise EntryRejected("format")
    return plain
