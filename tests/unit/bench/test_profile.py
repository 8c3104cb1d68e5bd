"""Where a request's time goes."""

import pytest

from bench.harness.profile import STAGES, profile


def a_line(function_s: float, **stages_ms: float) -> dict[str, object]:
    return {"httpRequest": {"latency": f"{function_s:.6f}s"}, **stages_ms}


def test_what_the_stages_leave_over_is_the_bodies_and_http() -> None:
    found = profile([a_line(0.020, decode_ms=2.0, detect_ms=10.0)], [0.025])
    assert set(found["stages_ms"]) == {*STAGES, "body", "http"}
    assert found["stages_ms"]["body"] == pytest.approx(8.0)
    assert found["stages_ms"]["http"] == pytest.approx(5.0)
    assert found["stages_ms"]["encode"] == 0
    assert found["sum_ms"] == found["whole_ms"] == pytest.approx(25.0)
    assert found["adds_up"] is True


def test_medians_that_do_not_add_up_are_said_to() -> None:
    lines = [a_line(0.030, decode_ms=20.0), a_line(0.030, detect_ms=20.0), a_line(0.030, align_ms=20.0)]
    found = profile(lines, [0.030, 0.030, 0.030])
    assert found["sum_ms"] == pytest.approx(10.0)
    assert found["adds_up"] is False


def test_lines_and_requests_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="zip"):
        profile([a_line(0.020)], [0.025, 0.025])
