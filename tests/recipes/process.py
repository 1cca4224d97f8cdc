"""The processes of a scenario: started, measured, killed."""

import os
import signal
import socket
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    """A port of the loopback address that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what, seconds=60):
    """Waits for a condition, and fails with its description."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not after {seconds} s")
        time.sleep(0.05)


def listens(port):
    """Whether something accepts connections at a port."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A program with its log, and the CPU time that it took."""

    def __init__(self, directory, name, arguments, environment=None):
        self.name = name
        self.arguments = arguments
        self.environment = {**os.environ, **(environment or {})}
        self.log = os.path.join(directory, f"{name}.log")
        self.before = 0.0
        self.peak = 0.0
        self.start()

    def start(self):
        """Starts it, again after its end."""
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                self.arguments, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def running(self):
        return self.child.poll() is None

    def cpu_seconds(self):
        """The CPU time of this process, and of those that it replaces."""
        if not self.running():
            return self.before
        with open(f"/proc/{self.child.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return self.before + (int(fields[11]) + int(fields[12])) / TICKS

    def peak_mib(self):
        """The most memory that it had resident."""
        if self.running():
            with open(f"/proc/{self.child.pid}/status") as status:
                peak = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
            self.peak = max(self.peak, peak / 1024)
        return self.peak

    def send(self, number):
        self.before = self.cpu_seconds()
        self.peak_mib()
        if self.running():
            self.child.send_signal(number)

    def kill(self):
        """Ends it without a chance to write anything."""
        self.send(signal.SIGKILL)
        self.child.wait()

    def stop(self, seconds=30):
        """Ends it as a service manager does."""
        self.send(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not end") from None
