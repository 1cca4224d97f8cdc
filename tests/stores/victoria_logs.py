"""VictoriaLogs."""

import json

import logs
from store import Store


class VictoriaLogs(Store):
    """Receives logs at `/insert/opentelemetry/v1/logs`, as protobuf."""

    name = "victoria-logs"
    signals = ["flows"]
    otlp = {"protocol": "http/protobuf"}

    def arguments(self):
        # Records of simulated proxies have a fixed time; older ones than the retention period are dropped.
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.directory / 'data'}",
            "-retentionPeriod=100y",
        ]

    def endpoint(self):
        return f"http://127.0.0.1:{self.port}/insert/opentelemetry"

    def is_ready(self):
        return self.get("/health") == "OK"

    def query(self, text):
        """The records of a query in LogsQL."""
        return [json.loads(line) for line in self.get("/select/logsql/query", query=text).splitlines()]

    def uids(self):
        """The unique ids of all records."""
        return [record["log.record.uid"] for record in self.query('* | fields "log.record.uid"')]

    def record(self, uid):
        """The fields of the record with a unique id."""
        return self.query(f'"log.record.uid":="{uid}"')[0]

    def check(self, run):
        logs.check(run, self.uids, self.record)
