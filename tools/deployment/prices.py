"""What Google Cloud charges: every rate in the estimate of costs, where it stands, and what was seen of it.

List prices in US dollars for a region of price tier 1; a contract or another region has others.
"""

from dataclasses import dataclass
from typing import Final

RUN_PAGE: Final = "https://cloud.google.com/run/pricing"
STORAGE_PAGE: Final = "https://cloud.google.com/storage/pricing-examples"
OBSERVABILITY_PAGE: Final = "https://cloud.google.com/stackdriver/pricing"
COPY: Final = "stored copy of the page, undated"
LISTED: Final = "the page itself was not seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Dollars for one unit beyond what is free in a month."""

    dollars: float
    unit: str
    free: float = 0
    source: str
    seen: str

    def of(self, amount: float) -> float:
        """Return what an amount costs in a month in which nothing else uses the free part."""
        return max(0.0, amount - self.free) * self.dollars


# Cloud Run, which the functions and streaming are billed as: while a request is being answered, in steps of 100 ms.
VCPU = Rate(dollars=0.000_024, unit="vCPU second", free=180_000, source=RUN_PAGE, seen=COPY)
MEMORY = Rate(dollars=0.000_002_5, unit="GiB second", free=360_000, source=RUN_PAGE, seen=COPY)
REQUEST = Rate(dollars=0.40e-6, unit="request", free=2_000_000, source=RUN_PAGE, seen=COPY)
# Jobs, which are billed as long as they run; their free part is one of their own.
JOB_VCPU = Rate(dollars=0.000_018, unit="vCPU second of a job", free=240_000, source=RUN_PAGE, seen=COPY)
JOB_MEMORY = Rate(dollars=0.000_002, unit="GiB second of a job", free=450_000, source=RUN_PAGE, seen=COPY)
STORED = Rate(dollars=0.020, unit="GiB and month in a bucket", source=STORAGE_PAGE, seen=COPY)
WRITE = Rate(dollars=5e-6, unit="write, compose or listing", source=STORAGE_PAGE, seen=COPY)
READ = Rate(dollars=0.4e-6, unit="read of an object", source=STORAGE_PAGE, seen=COPY)
EGRESS = Rate(dollars=0.12, unit="GiB sent to the internet", source=STORAGE_PAGE, seen=COPY)
LOGS = Rate(dollars=0.50, unit="GiB of logs", free=50, source=OBSERVABILITY_PAGE, seen="in force since 1 July 2018")
CONDITION = Rate(
    dollars=1.50,
    unit="alert condition and month",
    source="https://cloud.google.com/monitoring/alerts/cost-control",
    seen="announced for April 2025 at the earliest",
)
SERIES = Rate(
    dollars=0.35e-6,
    unit="time series that a condition looks at, each 30 s",
    source="https://cloud.google.com/monitoring/alerts/cost-control",
    seen="announced for April 2025 at the earliest",
)
IMAGES = Rate(
    dollars=0.10,
    unit="GiB and month of images",
    free=0.5,
    source="https://cloud.google.com/artifact-registry/pricing",
    seen=LISTED,
)
SCHEDULE = Rate(
    dollars=0.10,
    unit="schedule and month",
    free=3,
    source="https://cloud.google.com/scheduler/pricing",
    seen=LISTED,
)
BALANCER = Rate(
    dollars=0.025,
    unit="hour of up to five forwarding rules",
    source="https://cloud.google.com/vpc/network-pricing#lb",
    seen=LISTED,
)
BALANCED = Rate(
    dollars=0.008,
    unit="GiB through the load balancer",
    source="https://cloud.google.com/vpc/network-pricing#lb",
    seen=LISTED,
)
ARMOR_POLICY = Rate(
    dollars=5.00, unit="Cloud Armor policy and month", source="https://cloud.google.com/armor/pricing", seen=LISTED
)
ARMOR_RULE = Rate(
    dollars=1.00, unit="Cloud Armor rule and month", source="https://cloud.google.com/armor/pricing", seen=LISTED
)
ARMOR_REQUEST = Rate(
    dollars=0.75e-6,
    unit="request that Cloud Armor sees",
    source="https://cloud.google.com/armor/pricing",
    seen=LISTED,
)

RATES: Final = (
    VCPU,
    MEMORY,
    REQUEST,
    JOB_VCPU,
    JOB_MEMORY,
    STORED,
    WRITE,
    READ,
    EGRESS,
    LOGS,
    CONDITION,
    SERIES,
    IMAGES,
    SCHEDULE,
    BALANCER,
    BALANCED,
    ARMOR_POLICY,
    ARMOR_RULE,
    ARMOR_REQUEST,
)
