"""What a worker counts about itself, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server


class WorkerMetrics:
    """The counters of one worker in a registry of their own, so that two workers fit into one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.events_folded = Counter(
            "muster_events_folded", "Events folded by this worker", ["partition"], registry=registry
        )
        self.fold_seconds = Histogram(
            "muster_fold_seconds",
            "Time of one fold step",
            buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0),
            registry=registry,
        )
        self.log_distance = Gauge(
            "muster_log_distance_events",
            "Events between what is folded and the log's end",
            ["partition"],
            registry=registry,
        )
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

    def serve(self, port: int) -> None:
        """Answer `/metrics` on this port from a thread; 0 does nothing."""
        if port:
            start_http_server(port, registry=self.registry)
