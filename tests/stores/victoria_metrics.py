"""VictoriaMetrics."""

import re

import metrics
from store import Store

# The labels that VictoriaMetrics makes of the resource and the scope.
ADDED = re.compile(r"^(job|instance|service_.*|host_.*|k8s_.*|scope_.*)$")


class VictoriaMetrics(Store):
    """Receives metrics at `/opentelemetry/v1/metrics`, as protobuf."""

    name = "victoria-metrics"
    signals = ["metrics"]
    otlp = {"protocol": "http/protobuf"}

    def arguments(self):
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.directory / 'data'}",
            "-opentelemetry.usePrometheusNaming",
            "-search.latencyOffset=0s",
        ]

    def endpoint(self):
        return f"http://127.0.0.1:{self.port}/opentelemetry"

    def is_ready(self):
        return self.get("/health") == "OK"

    def is_added(self, label):
        """Whether a label is not one of the metric's own."""
        return bool(ADDED.match(label))

    def absent(self, _page):
        """The samples of tidegate's page that it does not have."""
        return set()

    def check(self, run):
        metrics.check(run, self)
