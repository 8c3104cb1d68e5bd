"""A limit of events per second that lets short bursts pass."""


class Rate:
    """A token bucket that holds one second's worth and starts full; the clock is the caller's."""

    def __init__(self, per_second: int, *, now_s: float) -> None:
        self._per_second = per_second
        self._left = float(per_second)
        self._last_s = now_s

    def allows(self, *, now_s: float) -> bool:
        """Count one more event and return whether it is within the limit."""
        self._left = min(float(self._per_second), self._left + (now_s - self._last_s) * self._per_second)
        self._last_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
