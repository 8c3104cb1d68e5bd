"""What the bucket forgets on its own: each check returns what is wrong with a configuration, in words."""

import re
from datetime import timedelta
from typing import Any, NamedTuple, cast

from fer.storage.keys import CSV_KEY, INTENTS, SEGMENTS, SHARDS
from tests.unit.infra.rules.configuration import Configuration

DATA = "google_storage_bucket.data"
SOURCE = "google_storage_bucket.source"


class Stored(NamedTuple):
    """An object as a lifecycle rule sees it; only tombstones have a custom time."""

    name: str
    age: timedelta
    since_custom_time: timedelta | None = None


RECEIPT_DAYS = (1, 30, 365)
"""Values of the variable; a tombstone has to outlive every one of them."""

LONG_AGO = timedelta(days=10_000)
TO_KEEP = {
    "a shard that waits for its merge": Stored(f"{SHARDS}0f.csv", LONG_AGO),
    "the CSV": Stored(CSV_KEY, LONG_AGO),
    "an intent": Stored(f"{INTENTS}0000000007.json", LONG_AGO),
    "a segment of a merge under way": Stored(f"{SEGMENTS}0000000007-1/00.csv", timedelta(hours=1)),
    "a model": Stored("models/residual-1/model_card.json", LONG_AGO),
    "the champion's pointer": Stored("models/champion.json", LONG_AGO),
}
TO_FORGET = {
    "a segment that was left behind": Stored(f"{SEGMENTS}0000000007-1/00.csv", LONG_AGO),
}


def lifecycle(configuration: Configuration) -> list[str]:
    """The rules remove what the protocol is done with, and can remove nothing else."""
    wrong: list[str] = []
    for days in RECEIPT_DAYS:
        rules = [_with_days(rule, days) for rule in configuration.resource(DATA).body.get("lifecycle_rule", [])]
        wrong += _of_the_data(rules, days)
    for other in configuration.of("google_storage_bucket"):
        if "dynamic" in other.body or (other.address not in (DATA, SOURCE) and "lifecycle_rule" in other.body):
            wrong.append(f"{other.address} has rules that are not looked at here")
    if configuration.locals["receipts"] != {"FER_RECEIPT_DAYS": "${tostring(var.receipt_days)}"}:
        wrong.append("receipts last as long as somebody else says")
    for name in ("feedback", "export"):
        if "local.receipts" not in str(configuration.locals["functions"][name]["environment"]):
            wrong.append(f"{name} does not know how long receipts last")
    source = cast("list[dict[str, Any]]", configuration.resource(SOURCE).body.get("lifecycle_rule", []))
    if any(_hits(rule, Stored("predict/0f.zip", LONG_AGO)) for rule in source):
        wrong.append("a rule can delete a function's source")
    if not any(_hits(rule, Stored("cloudbuild/source/0f.tgz", LONG_AGO)) for rule in source):
        wrong.append("what Cloud Build was given stays")
    return wrong


def _of_the_data(rules: list[dict[str, Any]], receipt_days: int) -> list[str]:
    ttl = timedelta(days=receipt_days)
    kept = {**TO_KEEP, "a tombstone whose retries are still recognised": Stored(f"{SHARDS}0f.csv", LONG_AGO, ttl)}
    past = {**TO_FORGET, "a tombstone past its time": Stored(f"{SHARDS}0f.csv", LONG_AGO, ttl + timedelta(days=2))}
    wrong = [f"a rule can delete {what}" for what, stored in kept.items() if any(_hits(r, stored) for r in rules)]
    return wrong + [
        f"no rule deletes {what}" for what, stored in past.items() if not any(_hits(r, stored) for r in rules)
    ]


def _with_days(rule: dict[str, Any], receipt_days: int) -> dict[str, Any]:
    """The rule with ``var.receipt_days + n`` as the number that it is."""
    condition: dict[str, Any] = dict(rule.get("condition", [{}])[0])
    sum_of = re.fullmatch(r"\$\{\(?var\.receipt_days \+ (\d+)\)?\}", str(condition.get("days_since_custom_time")))
    if sum_of:
        condition["days_since_custom_time"] = receipt_days + int(sum_of[1])
    return {**rule, "condition": [condition]}


def _hits(rule: dict[str, Any], stored: Stored) -> bool:
    """Whether the rule may act on the object. A condition that is not known here counts as met."""
    condition: dict[str, Any] = rule.get("condition", [{}])[0]
    prefixes: list[str] = condition.get("matches_prefix", [])
    if prefixes and not any(stored.name.startswith(prefix) for prefix in prefixes):
        return False
    if "age" in condition and stored.age < timedelta(days=condition["age"]):
        return False
    if "days_since_custom_time" in condition:
        since = stored.since_custom_time
        return since is not None and since >= timedelta(days=condition["days_since_custom_time"])
    return True


def deletion(configuration: Configuration) -> list[str]:
    """What is deleted is gone, and nothing is deleted by a slip."""
    wrong: list[str] = []
    for bucket in configuration.of("google_storage_bucket"):
        if bucket.block("soft_delete_policy").get("retention_duration_seconds") != 0:
            wrong.append(f"{bucket.address} keeps what was deleted")
        if bucket.block("versioning").get("enabled") is not False:
            wrong.append(f"{bucket.address} keeps old versions")
        if "retention_policy" in bucket.body or "autoclass" in bucket.body:
            wrong.append(f"{bucket.address} refuses the protocol's deletions or charges for them")
    if configuration.resource(DATA).body.get("force_destroy") != "${var.destroy_data}":
        wrong.append("the feedback may be destroyed without being asked for")
    if configuration.variables["destroy_data"]["default"] is not False:
        wrong.append("the feedback is destroyed unless one says otherwise")
    return wrong
