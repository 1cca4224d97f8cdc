"""Processes that a scenario starts, and waiting for what they do."""

import random
import signal
import socket
import subprocess
import time

# How long anything may take on a machine that does other work, in seconds.
PATIENCE = 60


class Failure(Exception):
    """Something that a scenario waited for did not happen."""


def wait_until(what, condition, patience=PATIENCE):
    """Returns the first true value of `condition`."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise Failure(f"not within {patience} s: {what}")


def free_port():
    """Returns a port of 127.0.0.1 that nothing listens on, and that the kernel gives to no connection."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def accepts(port):
    """Whether a process listens on a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Process:
    """A process whose output goes to a file."""

    def __init__(self, arguments, log):
        self.log = log
        with open(log, "ab") as output:
            self.child = subprocess.Popen(arguments, stdout=output, stderr=output, stdin=subprocess.DEVNULL)

    def is_running(self):
        """Whether it has not ended."""
        return self.child.poll() is None

    def send(self, number):
        """Sends a signal, unless it has ended."""
        if self.is_running():
            self.child.send_signal(number)

    def pause(self):
        """Stops its execution."""
        self.send(signal.SIGSTOP)

    def resume(self):
        """Continues its execution."""
        self.send(signal.SIGCONT)

    def end(self, number=signal.SIGTERM):
        """Ends it with a signal, and returns its exit code."""
        self.send(number)
        self.resume()
        return self.wait()

    def wait(self):
        """Waits for its end, and returns its exit code."""
        try:
            return self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise Failure(f"{self.child.args[0]} did not end within {PATIENCE} s") from None

    def text(self):
        """What it has printed."""
        return self.log.read_text(errors="replace")
