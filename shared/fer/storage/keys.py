"""The names of the objects in the bucket; docs/storage_format.md describes each."""

import hashlib
import re
from typing import Final

from fer.errors import CorruptData, InvalidInput

CSV_KEY: Final = "expression_pixel_data.csv"
SHARDS: Final = "shards/"
INTENTS: Final = "intents/"
SEGMENTS: Final = "segments/"
MODELS: Final = "models/"
CHAMPION_KEY: Final = "models/champion.json"
RECEIPT_SECRET_KEY: Final = "secrets/receipts"

# Characters that every store, file system and shell accepts; the lengths fit the local directory's file names.
_MODEL_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODEL_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def shard_key(idempotency_key: str) -> str:
    """Return the shard's name: a hash, because sequential names create a hot spot in Cloud Storage."""
    if not idempotency_key:
        raise InvalidInput("The idempotency key must not be empty.")
    # surrogatepass: a header may decode to lone surrogates, which are a valid key like any other.
    return shard_key_of(hashlib.sha256(idempotency_key.encode("utf-8", "surrogatepass")).digest())


def shard_key_of(digest: bytes) -> str:
    """Return the name of the shard with this digest of its idempotency key."""
    return f"{SHARDS}{digest.hex()}.csv"


def shard_digest(key: str) -> bytes:
    """Return the inverse of ``shard_key_of``."""
    return bytes.fromhex(key.removeprefix(SHARDS).removesuffix(".csv"))


def intent_key(batch: int) -> str:
    """Return the name of a batch's intent, zero-padded so that names sort as numbers do."""
    return f"{INTENTS}{batch:010d}.json"


def batch_of_intent(key: str) -> int:
    """Return the batch in an intent's name."""
    number = key.removeprefix(INTENTS).removesuffix(".json")
    if not number.isdecimal() or intent_key(int(number)) != key:
        raise CorruptData(f"{key} is not the name of an intent.")
    return int(number)


def segment_prefix(batch: int, intent_generation: int) -> str:
    """Return the prefix of one intent's segments."""
    return f"{SEGMENTS}{batch:010d}-{intent_generation}/"


def segment_key(batch: int, intent_generation: int, index: int) -> str:
    """Return the name of one segment: up to 32 concatenated shards."""
    return f"{segment_prefix(batch, intent_generation)}{index:02d}.csv"


def batch_of_segment(key: str) -> int:
    """Return the batch in a segment's name."""
    number = key.removeprefix(SEGMENTS).partition("-")[0]
    if not number.isdecimal():
        raise CorruptData(f"{key} is not the name of a segment.")
    return int(number)


def model_prefix(version: str) -> str:
    """Return the prefix of one model version's files."""
    if not _MODEL_VERSION.fullmatch(version):
        raise InvalidInput(
            f"{version!r} cannot name a model version: expected up to 100 letters, digits, '.', '_' and '-'."
        )
    return f"{MODELS}{version}/"


def model_key(version: str, name: str) -> str:
    """Return the name of one file of a model version."""
    if not _MODEL_FILE.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot name a model's file: expected up to 80 letters, digits, '.', '_' and '-'."
        )
    return model_prefix(version) + name
