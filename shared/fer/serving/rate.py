"""A limit of events per period that lets short bursts pass."""


class Rate:
    """A token bucket that holds one period's worth and starts full; the clock is the caller's."""

    def __init__(self, events: int, *, now_s: float, period_s: float = 1.0) -> None:
        self._most = float(events)
        self._per_s = events / period_s
        self._left = self._most
        self._last_s = now_s

    def allows(self, *, now_s: float) -> bool:
        """Count one more event and return whether it is within the limit."""
        return self.wait_s(now_s=now_s) == 0

    def wait_s(self, *, now_s: float) -> float:
        """Count one more event and return 0, or return the seconds until one is within the limit."""
        self._left = min(self._most, self._left + (now_s - self._last_s) * self._per_s)
        self._last_s = now_s
        if self._left < 1:
            return (1 - self._left) / self._per_s
        self._left -= 1
        return 0.0
