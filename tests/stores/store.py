"""What all stores have in common: a process, and requests to it."""

import json
import urllib.error
import urllib.parse
import urllib.request

from process import Failure, Process, free_port, wait_until


class Store:
    """A store in a directory of its own. What differs is stated by each store's class."""

    name = ""
    # What tidegate sends to it.
    signals = []
    # The settings of `otlp` beside the endpoint, and the traffic.
    otlp = {}
    mix = "default"

    def __init__(self, binary, directory):
        self.binary = binary
        self.directory = directory
        self.port = free_port()
        self.process = None

    def arguments(self):
        """The arguments of the process."""
        raise NotImplementedError

    def endpoint(self):
        """The value of the key `endpoint`."""
        raise NotImplementedError

    def exporter(self):
        """The Collector's exporter for it, by name."""
        return {"otlphttp": {"endpoint": self.endpoint()}}

    def is_ready(self):
        """Whether it accepts requests."""
        raise NotImplementedError

    def check(self, run):
        """Compares what it answers with what tidegate saw, and adds faults to the run's result."""
        raise NotImplementedError

    def start(self):
        """Starts it, and waits until it is ready."""
        self.process = Process([self.binary, *self.arguments()], self.directory / f"{self.name}.log")

        def is_ready():
            if not self.process.is_running():
                raise Failure(f"{self.name} ended: {self.process.text()[-500:]}")
            try:
                return self.is_ready()
            except OSError:
                return False

        wait_until(f"{self.name} accepts requests", is_ready)

    def url(self, path, **parameters):
        """A URL on its port."""
        return f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"

    def get(self, path, **parameters):
        """The text of an answer."""
        with urllib.request.urlopen(self.url(path, **parameters), timeout=30) as answer:
            return answer.read().decode()

    def get_json(self, path, **parameters):
        """A JSON answer."""
        return json.loads(self.get(path, **parameters))
