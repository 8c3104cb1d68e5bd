"""Actors whose every store operation goes as a schedule says: done, failed, late, or the end of the process.

Each runs in a thread of its own, but only ever one thread moves: it stops before every operation until it is stepped.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TypeVar

from fer.errors import Unavailable
from fer.storage.objects import ObjectInfo, ObjectNotFound, ObjectStore, PreconditionFailed, Source

_Result = TypeVar("_Result")


class Outcome(Enum):
    """How one store operation goes."""

    DONE = "done"
    FAULT = "it is not done, and an error comes back"
    LOST_REPLY = "it is done, and an error comes back"
    LATE = "an error comes back, and it is done at some later time"
    CRASH_BEFORE = "the process dies before it is done"
    CRASH_AFTER = "the process dies after it is done"


class _Crash(BaseException):
    """The process of an actor is gone."""


class Actor:
    """A thread that waits for permission before each store operation."""

    def __init__(self, work: Callable[[ObjectStore], object], store: ObjectStore, late: list[Callable[[], object]]):
        self.result: object = None
        self.error: BaseException | None = None
        self.finished = False
        self._late = late
        self._outcome = Outcome.DONE
        self._may_move = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work, _SteppedStore(store, self)), daemon=True)
        self._thread.start()
        self._has_stopped.acquire()

    def step(self, outcome: Outcome) -> None:
        """Let the next operation go this way; returns when the actor is at the one after, or has ended."""
        if not self.finished:
            self._outcome = outcome
            self._may_move.release()
            self._has_stopped.acquire()

    def operate(self, operation: Callable[[], _Result], *, writes: bool) -> _Result:
        self._has_stopped.release()
        self._may_move.acquire()
        outcome = self._outcome
        if outcome is Outcome.DONE:
            return operation()
        if outcome in (Outcome.LOST_REPLY, Outcome.CRASH_AFTER):
            attempt(operation)
        elif outcome is Outcome.LATE and writes:
            self._late.append(operation)
        if outcome in (Outcome.CRASH_BEFORE, Outcome.CRASH_AFTER):
            raise _Crash
        raise Unavailable("planned fault")

    def _run(self, work: Callable[[ObjectStore], object], store: ObjectStore) -> None:
        try:
            self.result = work(store)
        except (_Crash, Unavailable):
            pass
        except BaseException as error:  # noqa: BLE001 - reported as a violation
            self.error = error
        self.finished = True
        self._has_stopped.release()


class _SteppedStore:
    """The store as one actor sees it."""

    def __init__(self, inner: ObjectStore, actor: Actor) -> None:
        self._inner = inner
        self._actor = actor

    def stat(self, key: str) -> ObjectInfo | None:
        return self._actor.operate(lambda: self._inner.stat(key), writes=False)

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        return self._actor.operate(lambda: self._inner.read(key, generation=generation), writes=False)

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        return self._inner.stream(key, generation=generation, chunk_bytes=chunk_bytes)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
        custom_time: datetime | None = None,
    ) -> ObjectInfo:
        return self._actor.operate(
            lambda: self._inner.put(
                key,
                data,
                if_generation=if_generation,
                content_type=content_type,
                metadata=metadata,
                custom_time=custom_time,
            ),
            writes=True,
        )

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._actor.operate(lambda: self._inner.list(prefix), writes=False)

    def compose(
        self,
        key: str,
        sources: Sequence[Source],
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
    ) -> ObjectInfo:
        return self._actor.operate(
            lambda: self._inner.compose(
                key, sources, if_generation=if_generation, content_type=content_type, metadata=metadata
            ),
            writes=True,
        )

    def delete(self, key: str, *, if_generation: int) -> None:
        self._actor.operate(lambda: self._inner.delete(key, if_generation=if_generation), writes=True)

    def signed_url(self, key: str, *, generation: int, expires_s: int, filename: str) -> str | None:
        return self._inner.signed_url(key, generation=generation, expires_s=expires_s, filename=filename)


def attempt(operation: Callable[[], object]) -> None:
    """Do it if its precondition allows."""
    try:
        operation()
    except (ObjectNotFound, PreconditionFailed):
        return
