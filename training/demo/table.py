"""The demo's figures as a Markdown table."""

from collections.abc import Iterator
from typing import Any


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the figures before and after, line by line, as Markdown."""
    before, after, gate = figures["before"], figures["after"], figures["gate"]["figures"]
    frozen, latency = gate["frozen"]["accuracy"], gate["latency_ms"]
    yield "| | before | after |"
    yield "|---|--:|--:|"
    yield f"| model that answers | {before['model_version'][0]} | {after['model_version'][0]} |"
    measured = f"accuracy, {after['found']} held-out faces of the camera"
    yield f"| {measured} | {before['accuracy']:.1%} | {after['accuracy']:.1%} |"
    for name in after["recall"]:
        yield f"| recall, {name} | {before['recall'][name]:.1%} | {after['recall'][name]:.1%} |"
    yield f"| frozen test ({gate['frozen']['faces']} faces) | {frozen['champion']:.2%} | {frozen['challenger']:.2%} |"
    yield f"| ms per face | {latency['champion']:.2f} | {latency['challenger']:.2f} |"
    corrections = figures["corrections"]
    yield ""
    yield f"{corrections['sent']} corrections, {corrections['where the model was wrong']} where the model was wrong."
    reasons = [check["name"] for check in figures["poisoned"]["gate"]["checks"] if not check["passed"]]
    yield f"{figures['poisoned']['sent']} more with random labels: refused ({'; '.join(reasons)})."
    withdrawal = figures["withdrawal"]
    yield (
        f"{withdrawal['taken back']} corrections withdrawn: {withdrawal['rows before']} rows before, "
        f"{withdrawal['rows after']} after. {withdrawal['models']}"
    )
    yield f"Wall time {sum(figures['seconds'].values()) / 60:.1f} min: " + ", ".join(
        f"{name} {seconds:.0f} s" for name, seconds in figures["seconds"].items()
    )
