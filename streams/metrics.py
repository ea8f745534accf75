"""What a worker counts about itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector


class WorkerMetrics:
    """The counters of one worker in a registry of their own, so that two workers fit into one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        ProcessCollector(registry=registry)
        self.events_folded = Counter(
            "muster_events_folded", "Events folded by this worker", ["partition"], registry=registry
        )
        self.fold_seconds = Histogram(
            "muster_fold_seconds",
            "Time of one fold step",
            buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
            registry=registry,
        )
        self._count_distances(registry)
        self._count_records(registry)
        self._measure_snapshots(registry)

    def _count_distances(self, registry: CollectorRegistry) -> None:
        self.log_distance = Gauge(
            "muster_log_distance_events",
            "Events between what is folded and the log's end",
            ["partition"],
            registry=registry,
        )
        self.triage_distance = Gauge(
            "muster_triage_distance_events",
            "Records between what triage has read and the ends of its partitions",
            registry=registry,
        )

    def _count_records(self, registry: CollectorRegistry) -> None:
        self.decisions = Counter("muster_decisions", "Decisions published", ["kind"], registry=registry)
        self.dead_letters = Counter(
            "muster_dead_letters", "Records written to dead-letters", ["reason"], registry=registry
        )
        self.routed = Counter(
            "muster_events_routed", "Records that triage forwarded", ["topic"], registry=registry
        )
        self.positions = Counter(
            "muster_positions", "Position fixes read by the location feed", registry=registry
        )

    def _measure_snapshots(self, registry: CollectorRegistry) -> None:
        self.snapshot_seconds = Histogram(
            "muster_snapshot_seconds", "Time to take one snapshot", registry=registry
        )
        self.snapshot_bytes = Gauge(
            "muster_snapshot_bytes", "Size of the last snapshot", ["partition"], registry=registry
        )
        self.read_model_lag_s = Gauge(
            "muster_read_models_behind_seconds",
            "Time since the read models were last up to date",
            registry=registry,
        )
