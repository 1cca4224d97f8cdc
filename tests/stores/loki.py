"""Grafana Loki."""

import json
import time

import logs
from store import Store

# Simulated proxies report times of this day.
SIMULATED = 1772323200

DAY = 86400


class Loki(Store):
    """Receives logs at `/otlp/v1/logs`. Attributes are structured metadata."""

    name = "loki"
    signals = ["flows"]
    otlp = {"protocol": "http/protobuf"}

    def arguments(self):
        path = self.directory / "loki.json"
        path.write_text(json.dumps(self.configuration(), indent=2))
        return [f"-config.file={path}"]

    def configuration(self):
        """The configuration of a single process, without limits on the age of records and of queries."""
        data = str(self.directory / "data")
        period = {
            "from": "2020-01-01",
            "store": "tsdb",
            "object_store": "filesystem",
            "schema": "v13",
            "index": {"prefix": "index_", "period": "24h"},
        }
        return {
            "auth_enabled": False,
            "analytics": {"reporting_enabled": False},
            "server": {
                "http_listen_address": "127.0.0.1",
                "http_listen_port": self.port,
                "grpc_listen_address": "127.0.0.1",
                "grpc_listen_port": 0,
            },
            "common": {
                "instance_addr": "127.0.0.1",
                "path_prefix": data,
                "storage": {"filesystem": {"chunks_directory": f"{data}/chunks", "rules_directory": f"{data}/rules"}},
                "replication_factor": 1,
                "ring": {"kvstore": {"store": "inmemory"}},
            },
            "schema_config": {"configs": [period]},
            "ingester": {"max_chunk_age": "100000h"},
            "limits_config": {
                "reject_old_samples": False,
                "split_queries_by_interval": "0s",
                "max_query_length": "0s",
                "max_entries_limit_per_query": 1000000,
                "ingestion_rate_mb": 100,
                "ingestion_burst_size_mb": 100,
                "per_stream_rate_limit": "100MB",
                "per_stream_rate_limit_burst": "100MB",
            },
        }

    def endpoint(self):
        return f"http://127.0.0.1:{self.port}/otlp"

    def is_ready(self):
        return self.get("/ready").strip() == "ready"

    def query(self, text):
        """For each record of a query in LogQL, its labels and metadata."""
        records = []
        for around in [SIMULATED, int(time.time())]:
            answer = self.get_json(
                "/loki/api/v1/query_range",
                query=text,
                start=(around - DAY) * 10**9,
                end=(around + DAY) * 10**9,
                limit=1000000,
            )
            for stream in answer["data"]["result"]:
                records += [stream["stream"]] * len(stream["values"])
        return records

    def uids(self):
        """The unique ids of all records."""
        return [record["log_record_uid"] for record in self.query('{service_name="tidegate"}')]

    def record(self, uid):
        """The fields of the record with a unique id."""
        return self.query(f'{{service_name="tidegate"}} | log_record_uid="{uid}"')[0]

    def check(self, run):
        logs.check(run, self.uids, self.record, lambda name: name.replace(".", "_"))
