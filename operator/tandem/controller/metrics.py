"""What the operator tells of itself to Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector


class ControllerMetrics:
    """The operator's own metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.depth = Gauge("tandem_queue_depth", "ModelDeployments due for a reconcile.", registry=self.registry)
        self.running = Gauge("tandem_reconciles_running", "Reconciles that are running.", registry=self.registry)
        self.lateness = Histogram(
            "tandem_queue_wait_seconds",
            "Time from when a reconcile was due to when it began.",
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300),
            registry=self.registry,
        )
        self.duration = Histogram(
            "tandem_reconcile_seconds",
            "Duration of a reconcile.",
            buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30),
            registry=self.registry,
        )
        self.errors = Counter(
            "tandem_reconcile_errors", "Reconciles that failed, by class of error.", ["error"], registry=self.registry
        )
        self.events = Counter("tandem_watch_events", "Events heard, by kind.", ["kind"], registry=self.registry)
        self.missed = Counter(
            "tandem_missed_changes",
            "Changes that a LIST showed and no event had told of.",
            ["kind"],
            registry=self.registry,
        )
        self.objects = Gauge("tandem_objects", "Objects in memory, by kind.", ["kind"], registry=self.registry)
