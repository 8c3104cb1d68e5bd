"""A small world to run the merge protocol in: writers, people who take back, and exporters, moved one store operation
at a time.

A schedule, a list of choices, fixes everything.
"""

import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from fer.domain import EXPRESSIONS, FEEDBACK_LABELS, Claim, Feedback
from fer.errors import NotFound
from fer.storage.csv_file import read_statistics
from fer.storage.exporter import Exporter
from fer.storage.keys import CSV_KEY, shard_key
from fer.storage.merge import run_exporter
from fer.storage.objects import (
    MemoryObjectStore,
    ObjectStore,
)
from fer.storage.plans import MergeLimits
from fer.storage.records_csv import PIXEL_COUNT, decode_row, encode_row, iterate_rows
from fer.storage.shards import ShardInfo, save_shard
from fer.storage.withdrawals import Withdrawal, withdraw_shard
from tests.unit.storage.actors import Actor, Outcome, attempt

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SMALL = MergeLimits(shards_per_segment=2, segments=2, smallest_piece_bytes=10_000)
"""Batches of four, and pieces of three rows, so that a handful of shards is several of both."""

LIMITS = (
    SMALL,
    MergeLimits(shards_per_segment=3, segments=1, smallest_piece_bytes=1),
    MergeLimits(shards_per_segment=1, segments=5),
)
"""Exporters of different versions run side by side while a new one is rolled out."""


def content_of(number: int) -> int:
    """Which content the feedback of this number has in the world: two in a row are alike to the last pixel."""
    return number // 2


def feedback_number(number: int) -> Feedback:
    """A feedback that can be told from every other by its first two pixels."""
    pixels = bytes([number // 256, number % 256]) + bytes(PIXEL_COUNT - 2)
    return Feedback(label=FEEDBACK_LABELS[number % len(FEEDBACK_LABELS)], pixels=pixels)


@dataclass
class World:
    """One store, its writers and exporters, and what was promised to whom.

    ``asked`` are the numbers that somebody wanted to take back, ``withdrawn`` those for which that is acknowledged.
    """

    exporter_type: type[Exporter] = Exporter
    store: MemoryObjectStore = field(init=False)
    acknowledged: set[int] = field(default_factory=lambda: set[int]())
    removed: set[int] = field(default_factory=lambda: set[int]())
    asked: set[int] = field(default_factory=lambda: set[int]())
    withdrawn: set[int] = field(default_factory=lambda: set[int]())
    sent: int = 0
    writers: list[tuple[int, Actor]] = field(default_factory=lambda: list[tuple[int, Actor]]())
    withdrawers: list[tuple[int, Actor]] = field(default_factory=lambda: list[tuple[int, Actor]]())
    exporters: list[Actor] = field(default_factory=lambda: list[Actor]())
    late: list[Callable[[], object]] = field(default_factory=lambda: list[Callable[[], object]]())

    def __post_init__(self) -> None:
        self._started = 0
        ticks = itertools.count(1)
        self.store = MemoryObjectStore(clock_ns=lambda: next(ticks) * 1000)

    def send(self) -> None:
        self.sent += 1
        self.retry(self.sent - 1)

    def retry(self, number: int) -> None:
        """A client sends feedback again, whether or not it was acknowledged."""
        if number not in self.removed:
            work = self._save(number)
            self.writers.append((number, Actor(work, self.store, self.late)))

    def withdraw(self, number: int) -> None:
        """A person takes feedback back, whether or not it was acknowledged, merged, or taken back before."""
        if number not in self.removed:
            self.asked.add(number)
            self.withdrawers.append((number, Actor(self._withdraw(number), self.store, self.late)))

    def step_withdrawer(self, index: int, outcome: Outcome) -> None:
        number, actor = self.withdrawers[index]
        actor.step(outcome)
        if actor.finished:
            self._settle(actor)
            if actor.result is not None:
                self.withdrawn.add(number)
            del self.withdrawers[index]

    def start_exporter(self) -> None:
        self.exporters.append(Actor(self._export, self.store, self.late))

    def step_writer(self, index: int, outcome: Outcome) -> None:
        number, actor = self.writers[index]
        actor.step(outcome)
        if actor.finished:
            self._settle(actor)
            if actor.result is not None:
                self.acknowledged.add(number)
            del self.writers[index]

    def step_exporter(self, index: int, outcome: Outcome) -> None:
        actor = self.exporters[index]
        actor.step(outcome)
        if actor.finished:
            self._settle(actor)
            del self.exporters[index]

    def land_late(self, index: int) -> None:
        """A write that was on its way takes effect now."""
        attempt(self.late.pop(index))

    def remove(self, number: int) -> None:
        """Somebody deletes a shard from outside, as to honour a request for erasure."""
        info = self.store.stat(shard_key(str(number)))
        busy = {n for n, _ in (*self.writers, *self.withdrawers)} | self.asked
        if info is not None and info.size_bytes and number not in busy:
            self.removed.add(number)
            self.store.delete(info.key, if_generation=info.generation)

    def recover_and_check(self) -> None:
        """Everything dies; then one exporter runs undisturbed, late retries come in, and one runs again."""
        while self.writers:
            self.step_writer(0, Outcome.CRASH_BEFORE)
        while self.withdrawers:
            self.step_withdrawer(0, Outcome.CRASH_BEFORE)
        while self.exporters:
            self.step_exporter(0, Outcome.CRASH_BEFORE)
        self._export(self.store)
        while self.late:
            self.land_late(0)
        self._export(self.store)
        self.check()
        for number in self.acknowledged - self.removed:
            assert not self._save(number)(self.store).created
        for number in self.withdrawn:
            assert self._withdraw(number)(self.store) is not None, "a withdrawal was forgotten"
        self._export(self.store)
        self.check()
        left = [info.key for info in self.store.list("") if info.key.startswith(("intents/", "segments/"))]
        assert left == [], "something was left behind"
        self._check_pixels_are_gone()

    def check(self) -> None:
        """Every acknowledged row exactly once, none that was never sent or taken back, and metadata that agree.

        Alike rows cannot be told apart, so it is their number that must be right.
        """
        info = self.store.stat(CSV_KEY)
        rows = list(iterate_rows([self.store.read(CSV_KEY)])) if info else []
        seen = Counter(_content(row) for row in rows)
        assert all(row == feedback_number(_content(row)) for row in rows)
        numbers = range(self.sent)
        due = Counter(content_of(n) for n in numbers if n in self.acknowledged - self.removed - self.asked)
        possible = Counter(content_of(n) for n in numbers if n not in self.withdrawn)
        possible += Counter(content_of(n) for n in numbers if n in self.removed)  # merged, removed, sent once more
        assert not due - seen, f"lost: {due - seen}"
        surplus = seen - possible
        assert not surplus, f"{'kept although withdrawn' if self._was_withdrawn(surplus) else 'doubled'}: {surplus}"
        statistics = read_statistics(self.store)
        assert statistics.total == len(rows)
        assert statistics.counts == dict.fromkeys(FEEDBACK_LABELS, 0) | Counter(row.label for row in rows)
        weeks = statistics.tallies.weeks
        assert sum(rows for rows, _, _ in weeks.values()) == len(rows)
        said = Counter({name: sum(row.values()) for name, row in statistics.tallies.said.items()})
        assert said == Counter(claim.expression for row in rows if (claim := _claim(_content(row))))

    def _was_withdrawn(self, surplus: Counter[int]) -> bool:
        return any(content_of(number) in surplus for number in self.withdrawn)

    def _check_pixels_are_gone(self) -> None:
        """Content that everybody who sent it has taken back is in no object any more."""
        kept = {content_of(number) for number in range(self.sent) if number not in self.withdrawn}
        gone = [encode_row(feedback_number(content_of(number))) for number in self.withdrawn]
        gone = [row for row in gone if _content(decode_row(row)) not in kept]
        for info in self.store.list(""):
            data = self.store.read(info.key)
            assert not any(row in data for row in gone), f"{info.key} keeps what was withdrawn"

    def _save(self, number: int) -> Callable[[ObjectStore], ShardInfo]:
        feedback, claim = feedback_number(content_of(number)), _claim(content_of(number))
        return lambda store: save_shard(store, feedback, idempotency_key=str(number), now=NOW, claim=claim)

    def _withdraw(self, number: int) -> Callable[[ObjectStore], Withdrawal | None]:
        def work(store: ObjectStore) -> Withdrawal | None:
            try:
                return withdraw_shard(store, shard_key(str(number)), is_meant=lambda _: True, now=NOW)
            except NotFound:
                return None

        return work

    def _export(self, store: ObjectStore) -> object:
        exporter = self.exporter_type(store, now=NOW, limits=LIMITS[self._started % len(LIMITS)])
        self._started += 1
        return run_exporter(exporter, deadline=float("inf"), monotonic=lambda: 0.0)

    def _settle(self, actor: Actor) -> None:
        if actor.error is not None:
            raise AssertionError(f"an unexpected {type(actor.error).__name__}") from actor.error


def _content(row: Feedback) -> int:
    return row.pixels[0] * 256 + row.pixels[1]


def _claim(content: int) -> Claim | None:
    """Every other content comes with what a model had said, now and then the very label."""
    return Claim(expression=EXPRESSIONS[content % 5], model_version=f"m-{content % 3}") if content % 2 else None


FAULTS = [outcome for outcome in Outcome if outcome is not Outcome.DONE]


def run_random_schedule(
    seed: int,
    *,
    exporter_type: type[Exporter] = Exporter,
    removals: bool = False,
    withdrawals: bool = False,
    choices: int = 150,
) -> None:
    """One random schedule; raises ``AssertionError`` if what must hold does not."""
    rng = random.Random(seed)
    world = World(exporter_type=exporter_type)
    fault_rate = rng.choice([0.0, 0.05, 0.2])
    for _ in range(choices):
        outcome = rng.choice(FAULTS) if rng.random() < fault_rate else Outcome.DONE
        chance = rng.random()
        if chance < 0.08 or not world.sent:
            world.send()
        elif chance < 0.10:
            world.retry(rng.randrange(world.sent))
        elif chance < 0.16 and len(world.exporters) < 4:
            world.start_exporter()
        elif chance < 0.18 and world.late:
            world.land_late(rng.randrange(len(world.late)))
        elif chance < 0.20 and removals:
            world.remove(rng.randrange(world.sent))
        elif chance < 0.24 and withdrawals:
            world.withdraw(rng.randrange(world.sent))
        elif chance < 0.30 and world.withdrawers:
            world.step_withdrawer(rng.randrange(len(world.withdrawers)), outcome)
        elif chance < 0.40 and world.writers:
            world.step_writer(rng.randrange(len(world.writers)), outcome)
        elif world.exporters:
            # Runs of steps by one exporter: that is how one falls far behind another.
            index = rng.randrange(len(world.exporters))
            for _ in range(rng.choice([1, 1, 3, 20])):
                if index < len(world.exporters):
                    world.step_exporter(index, outcome)
                    outcome = Outcome.DONE
    world.recover_and_check()
