"""The models in the bucket: immutable versions, and a pointer to the one that serves, the champion."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from fer.domain import CARD_NAME
from fer.errors import Conflict, CorruptData, InvalidInput, NotFound, Unavailable
from fer.storage.keys import CHAMPION_KEY, MODELS, model_key, model_prefix
from fer.storage.objects import ABSENT, ObjectInfo, ObjectNotFound, ObjectStore, PreconditionFailed
from fer.storage.shards import format_time, parse_time

MAX_PREVIOUS: Final = 20
"""How many champions rollbacks can go back; keeps the pointer small."""

MAX_CARD_BYTES: Final = 1 << 20
"""A card has a few kilobytes; a misnamed file of gigabytes must not be read into memory."""

_SHA256: Final = "sha256"
_READ_ATTEMPTS: Final = 5
"""Each retry needs a promotion to happen between stat and read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """The pointer's content: the version that serves and its predecessors, latest first.

    ``generation`` is the pointer's; ``card_sha256`` is that of the card when the version was promoted.
    """

    version: str
    card_sha256: str
    promoted_at: datetime
    previous: tuple[str, ...]
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """A published version as its card describes it; ``fault`` says why the card cannot be read, or is empty.

    ``created`` is in UTC; for an unreadable card it is the time when the card was stored. ``size_bytes`` is
    the total of all files.
    """

    version: str
    created: datetime
    parent: str | None
    size_bytes: int
    metrics: Mapping[str, Any]
    fault: str = ""


class ModelRegistry:
    """Model versions under ``models/`` of an object store.

    Every file is written exactly once, the card last, so a version exists when its card does.
    All methods raise ``Unavailable`` if the store does not answer and ``InvalidInput`` for an impossible name of a
    version or file.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def publish(self, version: str, files: Mapping[str, bytes]) -> None:
        """Store the files of a version; repeating it with the same bytes does nothing.

        They must include ``model_card.json`` and all files that it names, and may include others (a gate's report).
        Raises ``CorruptData`` if the files do not match the card, ``Conflict`` if the version already has other
        files.
        """
        if CARD_NAME not in files:
            raise CorruptData(f"A model version needs its {CARD_NAME}.")
        card = _parse_card(version, files[CARD_NAME])
        for name, (size_bytes, sha256) in card.files.items():
            if name not in files:
                raise CorruptData(f"{name}, which {CARD_NAME} names, is missing.")
            _check_file(name, files[name], size_bytes, sha256)
        for name in files:
            model_key(version, name)  # check all names before anything is written
        for name in sorted(files, key=lambda name: (name == CARD_NAME, name)):
            self._create(version, name, files[name])

    def versions(self) -> list[ModelVersion]:
        """Return all published versions, oldest first, including those whose card is damaged."""
        grouped: dict[str, list[ObjectInfo]] = {}
        for info in self._store.list(MODELS):
            version, slash, _ = info.key.removeprefix(MODELS).partition("/")
            if slash:
                grouped.setdefault(version, []).append(info)
        found = [
            self._describe(version, infos, card)
            for version, infos in grouped.items()
            for card in infos
            if card.key == f"{MODELS}{version}/{CARD_NAME}"
        ]
        return sorted(found, key=lambda each: (each.created, each.version))

    def champion(self) -> Champion | None:
        """Return the pointer, or None if nothing has been promoted; raise ``CorruptData`` if it is malformed."""
        for _ in range(_READ_ATTEMPTS):
            info = self._store.stat(CHAMPION_KEY)
            if info is None:
                return None
            if info.size_bytes > MAX_CARD_BYTES:
                raise CorruptData(f"{CHAMPION_KEY} is not a champion's pointer.")
            try:
                return _parse_pointer(self._store.read(CHAMPION_KEY, generation=info.generation), info.generation)
            except ObjectNotFound:  # promoted since
                continue
        raise Unavailable(f"{CHAMPION_KEY} keeps changing.")

    def promote(self, version: str, *, expected: Champion | None, now: datetime) -> Champion:
        """Make a version the champion, if the champion is still ``expected``.

        All its files are checked first. Promoting the champion again changes nothing. Raises ``NotFound``
        if there is no such version, ``CorruptData`` if its files are damaged, ``Conflict`` if somebody else
        promoted meanwhile.
        """
        if expected is not None and expected.version == version:
            if self.champion() != expected:
                raise _moved()
            return expected
        previous = () if expected is None else (expected.version, *expected.previous)
        return self._point(version, [each for each in previous if each != version], expected, now)

    def rollback(self, *, now: datetime) -> Champion:
        """Make the champion's predecessor the champion again; the current one is not kept as a predecessor.

        Raises ``NotFound`` if there is no predecessor, ``CorruptData`` if its files are damaged, ``Conflict`` if
        somebody promoted meanwhile.
        """
        champion = self.champion()
        if champion is None or not champion.previous:
            raise NotFound("There is no earlier champion to go back to.")
        return self._point(champion.previous[0], champion.previous[1:], champion, now)

    def fetch(self, version: str, names: Sequence[str] | None = None) -> dict[str, bytes]:
        """Return the named files of a version (default: the card and all files it names), checked.

        Files that the card names must have the size and sha256 it states, other files those of their publication.
        Raises ``NotFound`` if there is no such version or file, and ``CorruptData``.
        """
        card_file = self._read(version, CARD_NAME, max_bytes=MAX_CARD_BYTES)
        card = _parse_card(version, card_file)
        wanted = (CARD_NAME, *card.files) if names is None else names
        return {name: card_file if name == CARD_NAME else self._read_checked(version, name, card) for name in wanted}

    def fetch_served(self, champion: Champion) -> dict[str, bytes]:
        """Return the champion's card, as promoted, and its LiteRT file; raise as ``fetch`` does."""
        card_file = self._read(champion.version, CARD_NAME, max_bytes=MAX_CARD_BYTES)
        if hashlib.sha256(card_file).hexdigest() != champion.card_sha256:
            raise CorruptData(f"The card of {champion.version} is not the one that was promoted.")
        card = _parse_card(champion.version, card_file)
        litert_file = self._read_checked(champion.version, card.litert_name, card)
        return {CARD_NAME: card_file, card.litert_name: litert_file}

    def _point(self, version: str, previous: Sequence[str], expected: Champion | None, now: datetime) -> Champion:
        card_sha256 = hashlib.sha256(self.fetch(version)[CARD_NAME]).hexdigest()
        pointer = {
            "version": version,
            "card_sha256": card_sha256,
            "promoted_at": format_time(now),
            "previous": list(previous[:MAX_PREVIOUS]),
        }
        data = (json.dumps(pointer, indent=2) + "\n").encode()
        try:
            info = self._store.put(
                CHAMPION_KEY,
                data,
                if_generation=ABSENT if expected is None else expected.generation,
                content_type="application/json",
                metadata={},
            )
        except (PreconditionFailed, ObjectNotFound) as error:
            raise _moved() from error
        return _parse_pointer(data, info.generation)

    def _create(self, version: str, name: str, data: bytes) -> None:
        key = model_key(version, name)
        content_type = "application/json" if name.endswith(".json") else "application/octet-stream"
        metadata = {_SHA256: hashlib.sha256(data).hexdigest()}
        try:
            self._store.put(key, data, if_generation=ABSENT, content_type=content_type, metadata=metadata)
        except PreconditionFailed as error:
            if self._read(version, name) != data:
                raise Conflict(f"{key} exists with different content; a published version never changes.") from error

    def _read(self, version: str, name: str, *, max_bytes: int | None = None) -> bytes:
        """Return one file; raise ``CorruptData`` if it exceeds ``max_bytes`` or is not what was published."""
        key = model_key(version, name)
        info = self._store.stat(key)
        if info is None:
            what = "no version" if name == CARD_NAME else f"no {name} in version"
            raise NotFound(f"There is {what} {version} in the registry.")
        if max_bytes is not None and info.size_bytes > max_bytes:
            raise CorruptData(f"{key} has {info.size_bytes} bytes, expected at most {max_bytes}.")
        try:
            data = self._store.read(key, generation=info.generation)
        except ObjectNotFound as error:
            raise Unavailable(f"{key} was replaced while it was being read.") from error
        if info.metadata.get(_SHA256, digest := hashlib.sha256(data).hexdigest()) != digest:
            raise CorruptData(f"{key} is not what was published.")
        return data

    def _read_checked(self, version: str, name: str, card: "_Card") -> bytes:
        if name not in card.files:
            return self._read(version, name)
        size_bytes, sha256 = card.files[name]
        data = self._read(version, name, max_bytes=size_bytes)
        _check_file(name, data, size_bytes, sha256)
        return data

    def _describe(self, version: str, infos: Sequence[ObjectInfo], card_info: ObjectInfo) -> ModelVersion:
        size_bytes = sum(info.size_bytes for info in infos)
        try:
            card = _parse_card(version, self._read(version, CARD_NAME, max_bytes=MAX_CARD_BYTES))
        except (CorruptData, InvalidInput, NotFound) as error:
            return ModelVersion(
                version=version,
                created=card_info.updated,
                parent=None,
                size_bytes=size_bytes,
                metrics={},
                fault=error.message,
            )
        return ModelVersion(
            version=version,
            created=card.created,
            parent=card.parent,
            size_bytes=size_bytes,
            metrics=card.metrics,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """What the registry needs of a card; ``files`` maps a name to its size in bytes and its sha256."""

    files: Mapping[str, tuple[int, str]]
    litert_name: str
    created: datetime
    parent: str | None
    metrics: Mapping[str, Any]


def _parse_card(version: str, data: bytes) -> _Card:
    try:
        card = cast("dict[str, Any]", json.loads(data))
        if card["model_version"] != version:
            raise ValueError(f"its model_version is {card['model_version']!r}, expected {version!r}")
        entries = cast("dict[str, dict[str, Any]]", card["files"])
        created = datetime.fromisoformat(card["created"])
        if created.tzinfo is None:
            raise ValueError("'created' has no time zone")
        return _Card(
            files={str(entry["name"]): (int(entry["bytes"]), str(entry["sha256"])) for entry in entries.values()},
            litert_name=str(entries["litert"]["name"]),
            created=created.astimezone(UTC),
            parent=card.get("parent"),
            metrics=dict(card.get("metrics") or {}),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CorruptData(f"{CARD_NAME} of {version} is not a model card: {error}.") from error


def _parse_pointer(data: bytes, generation: int) -> Champion:
    try:
        pointer = cast("dict[str, Any]", json.loads(data))
        versions = [pointer["version"], *pointer["previous"]]
        for version in versions:
            model_prefix(version)
        return Champion(
            version=versions[0],
            card_sha256=str(pointer["card_sha256"]),
            promoted_at=parse_time(pointer["promoted_at"]),
            previous=tuple(versions[1:]),
            generation=generation,
        )
    except (ValueError, KeyError, TypeError, InvalidInput, RecursionError) as error:
        raise CorruptData(f"{CHAMPION_KEY} is not a champion's pointer.") from error


def _check_file(name: str, data: bytes, size_bytes: int, sha256: str) -> None:
    if len(data) != size_bytes:
        raise CorruptData(f"{name} has {len(data)} bytes, expected {size_bytes} by its card.")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptData(f"{name} does not have the sha256 that {CARD_NAME} states.")


def _moved() -> Conflict:
    return Conflict("Somebody else changed the champion meanwhile; check again before you promote.")
