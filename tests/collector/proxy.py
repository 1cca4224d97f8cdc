"""A server of OTLP/HTTP in front of the Collector that refuses some requests, and passes the others on."""

import gzip
import re
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Proxy:
    """Passes requests on unless `refuse`, a function of the proxy and a request's body, returns a status and headers."""

    def __init__(self, port, refuse):
        self.target = f"http://127.0.0.1:{port}"
        self.refuse = refuse
        # When requests came, in seconds, and what `refuse` keeps.
        self.times = []
        self.memory = None
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"proxy": self}))
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        """Stops listening."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, headers, body):
        """The status, headers and body of the answer to a request."""
        with self.lock:
            self.times.append(time.monotonic())
            refused = self.refuse(self, gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
        if refused:
            return *refused, b""
        passed = {name: headers[name] for name in ["content-type", "content-encoding"] if name in headers}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.target + path, body, passed), timeout=10) as answer:
                return answer.status, {"content-type": answer.headers["content-type"]}, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, {}, error.read()


class Handler(BaseHTTPRequestHandler):
    """A connection to a proxy."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Answers a request."""
        body = self.rfile.read(int(self.headers["content-length"]))
        status, headers, answer = self.proxy.answer(self.path, self.headers, body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Logs nothing."""


def first_is_throttled(seconds):
    """Refuses the first request, with a time to wait."""

    def refuse(proxy, _body):
        return (429, {"retry-after": str(seconds)}) if len(proxy.times) == 1 else None

    return refuse


def one_record_is_bad(proxy, body):
    """Refuses every request that has one record, of those in the first request."""
    if proxy.memory is None:
        found = UID.findall(body)
        proxy.memory = found[len(found) // 2]
    return (400, {}) if proxy.memory in body else None
