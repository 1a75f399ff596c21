"""One peer in its own process: answers requests on stdin, a line of JSON each, as `stria bench --worker` does
(cli/bench_worker.c). Started by bench-peers with the interpreter of the peer's environment:

    worker.py PEER THREADS LOCK

A peer is a module PEER_peer.py here with a class Peer: Peer(threads) has `version`, and prepare(workload) returns a
function that does the work once. Where `once.is_cold` is true it is a whole epoch, run once for a sample."""

import fcntl
import importlib
import json
import os
import resource
import sys
import time

from network import Unsupported

SAMPLE_SECONDS = 0.004
MOST_SAMPLES = 200


def switches():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def timed(once, runs):
    """Seconds of one run, and how often the system took the CPU away meanwhile."""
    before, start = switches(), time.perf_counter()
    for _ in range(runs):
        once()
    return (time.perf_counter() - start) / runs, switches() - before


def calibrated(once):
    """How many runs make a sample; running them warms up."""
    if getattr(once, "is_cold", False):
        return 1
    timed(once, 1)
    runs = 1
    while True:
        seconds, _ = timed(once, runs)
        if seconds * runs >= SAMPLE_SECONDS or runs >= 100000:
            return runs
        runs = min(100000, max(2 * runs, int(1.25 * SAMPLE_SECONDS / max(seconds, 1e-9))))


class Worker:
    def __init__(self, peer, lock):
        self.peer, self.lock, self.once, self.runs = peer, lock, None, 1

    def prepare(self, workload):
        self.once = None
        self.once = self.peer.prepare(workload)
        self.runs = calibrated(self.once)
        return {"ok": 1, "note": getattr(self.once, "note", "")}

    def round(self, budget):
        samples = []
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        try:
            start = time.perf_counter()
            if not getattr(self.once, "is_cold", False):
                timed(self.once, max(1, self.runs // 2))
            while not samples or (time.perf_counter() - start < budget and len(samples) < MOST_SAMPLES):
                samples.append(timed(self.once, self.runs))
        finally:
            fcntl.flock(self.lock, fcntl.LOCK_UN)
        return {"ok": 1, "samples": samples, "inner": self.runs}

    def answer(self, request):
        try:
            if request["cmd"] == "prepare":
                return self.prepare(request["w"])
            return self.round(request["budget"])
        except Unsupported as reason:
            return {"ok": 0, "unsupported": str(reason)}
        except Exception as error:  # whatever a framework throws is an answer, not the end
            return {"ok": 0, "error": f"{type(error).__name__}: {str(error)[:300]}"}


def main():
    name, threads, lock = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    # Frameworks print to stdout what they like; the answers keep a stream of their own.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(answer):
        print(json.dumps(answer), file=out, flush=True)

    try:
        peer = importlib.import_module(f"{name}_peer").Peer(threads)
    except Exception as error:
        say({"ok": 0, "error": f"{type(error).__name__}: {str(error)[:300]}"})
        return
    say({"ok": 1, "version": peer.version})
    worker = Worker(peer, os.open(lock, os.O_CREAT | os.O_RDWR, 0o666))
    for line in sys.stdin:
        say(worker.answer(json.loads(line)))


if __name__ == "__main__":
    main()
