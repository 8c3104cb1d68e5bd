"""Receipts: whoever has one may withdraw the correction.

A receipt names the shard and proves that this service issued it: HMAC-SHA-256 (RFC 2104), cut to 128 bits, over the
shard's name and the row's hash, with a secret kept in the bucket. So the same feedback has the same receipt on
every retry, nobody can forge one from a guessed idempotency key, and nothing has to be stored for it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from fer.errors import CorruptData, NotFound
from fer.storage.keys import RECEIPT_SECRET_KEY, shard_digest, shard_key_of
from fer.storage.objects import ABSENT, ObjectStore, PreconditionFailed

RECEIPT_LENGTH: Final = 64
"""Characters of base64url: 32 bytes of the shard's name and 16 of the proof."""

_NAME_BYTES: Final = 32
_PROOF_BYTES: Final = 16
_SECRET_BYTES: Final = 32
_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class Receipts:
    """Issues receipts and checks them, with one secret per bucket, created when first needed.

    ``random_bytes`` must be suitable for secrets. Methods that need the secret raise ``Unavailable`` if the store
    does not answer.
    """

    def __init__(self, store: ObjectStore, *, random_bytes: Callable[[int], bytes]) -> None:
        self._store = store
        self._random_bytes = random_bytes
        self._cached: bytes | None = None

    def issue(self, shard_key: str, sha256: str) -> str:
        """Return the receipt of the feedback stored under this key with this content."""
        name = shard_digest(shard_key)
        return urlsafe_b64encode(name + self._proof(name, sha256)).decode()

    def shard_key(self, receipt: str) -> str:
        """Return the shard that a receipt is about. Raises ``NotFound`` for anything that cannot be a receipt."""
        return shard_key_of(_decoded(receipt)[:_NAME_BYTES])

    def is_genuine(self, receipt: str, sha256: str) -> bool:
        """Return whether this receipt was issued for the feedback with this content, in constant time."""
        decoded = _decoded(receipt)
        return hmac.compare_digest(decoded[_NAME_BYTES:], self._proof(decoded[:_NAME_BYTES], sha256))

    def _proof(self, name: bytes, sha256: str) -> bytes:
        return hmac.new(self._secret(), name + sha256.encode(), hashlib.sha256).digest()[:_PROOF_BYTES]

    def _secret(self) -> bytes:
        if self._cached is None:
            self._cached = self._read() or self._create()
        return self._cached

    def _read(self) -> bytes | None:
        info = self._store.stat(RECEIPT_SECRET_KEY)
        if info is None:
            return None
        secret = self._store.read(RECEIPT_SECRET_KEY, generation=info.generation)
        if len(secret) != _SECRET_BYTES:
            raise CorruptData(f"{RECEIPT_SECRET_KEY} must have {_SECRET_BYTES} bytes, got {len(secret)}.")
        return secret

    def _create(self) -> bytes:
        secret = self._random_bytes(_SECRET_BYTES)
        try:
            self._store.put(
                RECEIPT_SECRET_KEY,
                secret,
                if_generation=ABSENT,
                content_type="application/octet-stream",
                metadata={},
            )
        except PreconditionFailed:
            return self._read() or self._create()  # another was quicker
        return secret


def _decoded(receipt: str) -> bytes:
    if len(receipt) != RECEIPT_LENGTH or not _ALPHABET.issuperset(receipt):
        raise NotFound("There is no correction with this receipt.")
    return urlsafe_b64decode(receipt)
