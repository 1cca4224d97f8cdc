"""Prometheus 3."""

import re

import metrics
from store import Store

# The labels that Prometheus makes of the resource and the scope.
ADDED = re.compile(r"^(job|instance|otel_scope_.*)$")


class Prometheus(Store):
    """Receives metrics at `/api/v1/otlp/v1/metrics`, uncompressed or with gzip."""

    name = "prometheus"
    signals = ["metrics"]
    otlp = {"protocol": "http/protobuf"}

    def arguments(self):
        path = self.directory / "prometheus.yml"
        path.write_text("{}\n")
        return [
            f"--config.file={path}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            "--web.enable-otlp-receiver",
        ]

    def endpoint(self):
        return f"http://127.0.0.1:{self.port}/api/v1/otlp"

    def is_ready(self):
        return "Ready" in self.get("/-/ready")

    def is_added(self, label):
        """Whether a label is not one of the metric's own."""
        return bool(ADDED.match(label))

    def absent(self, _page):
        """The samples of tidegate's page that it does not have."""
        return set()

    def check(self, run):
        metrics.check(run, self)
