"""The CSV without the withdrawn rows, cut into pieces that compose to the new file.

Rows have no name, and identical ones are interchangeable: for each digest, as many rows are removed, from the top, as
shards with it were withdrawn. The same CSV and plan give the same pieces, whoever writes them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fer.errors import CorruptData
from fer.storage.records_csv import iterate_lines
from fer.storage.withdrawals import WithdrawnShard

SMALLEST_PIECE_BYTES: Final = 8 * 1024 * 1024
"""A piece is held in memory; smaller ones would only mean more requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedRow:
    """A removed row: its label, and what its shard recorded."""

    label: str
    shard: WithdrawnShard


class Rewrite:
    """One pass over the CSV; once ``pieces`` is exhausted, ``removed`` holds the removed rows."""

    def __init__(self, withdrawn: Sequence[WithdrawnShard], *, full_bytes: int) -> None:
        self.removed: list[RemovedRow] = []
        self._full_bytes = full_bytes
        self._wanted: dict[str, list[WithdrawnShard]] = {}
        for shard in withdrawn:
            self._wanted.setdefault(shard.sha256, []).append(shard)

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the new file in pieces, at least one, one in memory; raise ``CorruptData`` at a truncated row."""
        lines = iterate_lines(chunks)
        piece, size_bytes = [next(lines, b"")], 0  # the header
        for line in lines:
            if not line.endswith(b"\n"):
                raise CorruptData("The CSV ends in the middle of a row.")
            if self._takes_out(line):
                continue
            piece.append(line)
            size_bytes += len(line)
            if size_bytes >= self._full_bytes:
                yield b"".join(piece)
                piece, size_bytes = [], 0
        if piece:
            yield b"".join(piece)

    def _takes_out(self, line: bytes) -> bool:
        shards = self._wanted.get(hashlib.sha256(line).hexdigest())
        if not shards:
            return False
        self.removed.append(RemovedRow(label=line.partition(b",")[0].decode("ascii"), shard=shards.pop(0)))
        return True
