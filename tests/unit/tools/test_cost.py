"""The estimate of costs: what the README shows is what the script computes, and the script counts right."""

import json
from typing import Any

import pytest

from tools.deployment.cost import (
    BALANCED,
    BENCHMARK,
    CONDITIONS,
    README,
    REGISTRY_START,
    ROOT,
    Load,
    abuse,
    costs,
    tables,
    with_tables,
)
from tools.deployment.prices import RATES


@pytest.fixture
def benchmark() -> dict[str, Any]:
    return json.loads(BENCHMARK.read_text("utf-8"))


def test_tables_in_the_readme_are_the_computed_ones(benchmark: dict[str, Any]) -> None:
    readme = README.read_text("utf-8")
    assert with_tables(readme, tables(benchmark)) == readme, "run `make infra-costs`"
    assert all(text in readme for text in tables(benchmark).values())


def test_every_rate_says_where_it_stands() -> None:
    assert all(rate.source.startswith("https://") and rate.seen and rate.dollars > 0 for rate in RATES)


def test_conditions_are_those_of_the_configuration() -> None:
    alerts = (ROOT / "infra" / "alerts.tf").read_text("utf-8")
    assert alerts.count("\n  conditions {") == CONDITIONS


def test_what_nobody_uses_costs_only_what_is_kept(benchmark: dict[str, Any]) -> None:
    month = costs(Load(predictions=0), benchmark)
    paid = {name for name, dollars in month.items() if round(dollars, 2) > 0}
    assert paid == {"storage operations", "images", "alert conditions", BALANCED}


def test_one_address_is_cheaper_than_all_instances_and_jpeg_than_png(benchmark: dict[str, Any]) -> None:
    day = abuse(benchmark)
    answers = "answers of predict"
    assert day[f"{answers} to one address, 60 a minute, PNG of 12 MP"] == pytest.approx(
        60 * 24 * 60 * 15_400_000 * 4 / 3 / 1024**3 * 0.12
    )
    for picture in ("PNG", "JPEG"):
        one, everybody = (
            f"{answers}{who}, {picture} of 12 MP" for who in (" to one address, 60 a minute", ", all instances")
        )
        assert day[one] < day[everybody]
    assert day[f"{answers}, all instances, JPEG of 12 MP"] < day[f"{answers}, all instances, PNG of 12 MP"] / 3


def measured(predict_ms: float) -> dict[str, Any]:
    """Return a benchmark with round figures."""
    return {
        "latency": {
            "latency": [{"case": "640×480, one face", "annotate": "none", "median_ms": predict_ms}],
            "feedback": {"median_ms": 20.0},
        },
        "cold_start": {"results": {"litert": {"median_ms": 300.0 / REGISTRY_START}}},
        "merge": {"results": [{"new_shards": 1000, "operations": 1000, "per_shard_ms": 1.0}]},
    }


def test_processor_follows_from_the_measured_time() -> None:
    """Ten million at 30 ms, twice as slow: 100 ms billed each, and 1.6 s for each of 2,920 cold starts."""
    load = Load(predictions=10_000_000, feedback_share=0.0)
    month = costs(load, measured(30.0))
    seconds = 10_000_000 * 0.1 + 2_920 * 1.6 + 2_920 * (1.6 + 0.1)
    processor = "predict, feedback, export: processor"
    assert month[processor] == pytest.approx((seconds - 180_000) * 0.000_024)
    assert month["requests"] == pytest.approx((10_000_000 + 2_920 - 2_000_000) * 0.4e-6)
    slower = costs(load, measured(60.0))  # 120 ms: two steps
    assert slower[processor] - month[processor] == pytest.approx(1_000_000 * 0.000_024)


def test_feedback_costs_its_writes_and_its_room(benchmark: dict[str, Any]) -> None:
    none = costs(Load(predictions=100_000, feedback_share=0.0), benchmark)
    some = costs(Load(predictions=100_000, feedback_share=0.5), benchmark)
    assert some["storage operations"] - none["storage operations"] > 50_000 * 2 * 5e-6
    assert some["storage"] == pytest.approx(50_000 * 12 * 8_600 / 1024**3 * 0.02)
