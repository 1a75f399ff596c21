#!/usr/bin/env python3
"""Runs the command on an emulated processor that lacks newer instructions: nothing illegal may run, and the best level that
the processor has must be chosen by itself.

    run.py QEMU CPU LEVEL REFUSED STRIA PROBE

QEMU is qemu-x86_64, CPU its name of the processor, LEVEL the level that must be chosen, REFUSED one that must be refused.
PROBE is a program of one instruction that CPU must not have: it shows that the emulator stops at those. Without QEMU the
test is skipped (status 77)."""

import json
import os
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77
MODEL = "input 8x8x1\nconv2d 6 5 same relu\nmaxpool2d 2\nconv2d 16 3 same tanh\nbatchnorm\nflatten\ndense 10 softmax\n"


def main():
    qemu, cpu, level, refused, stria, probe = sys.argv[1:]
    if not os.access(qemu, os.X_OK):
        print(f"skipped: there is no qemu-x86_64 here ({qemu})")
        return SKIPPED
    variables = {name: value for name, value in os.environ.items() if name != "STRIA_CPU"}

    def emulate(*command, **more):
        return subprocess.run([qemu, "-cpu", cpu, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**variables, **more}, check=False)

    def must_work(*command):
        done = emulate(stria, *command)
        print(f"{cpu}: stria {' '.join(command)}: status {done.returncode}")
        if done.returncode != 0:
            sys.exit(f"{done.stdout}{done.stderr}")
        return done.stdout

    done = emulate(probe)
    if done.returncode not in (-signal.SIGILL, 128 + signal.SIGILL):
        sys.exit(f"the emulator ran an instruction that {cpu} does not have (status {done.returncode}): it proves nothing")

    chosen = json.loads(must_work("version", "--json"))["cpu"]
    if chosen != level:
        sys.exit(f"the level chosen is {chosen}, not {level}")
    done = emulate(stria, "version", STRIA_CPU=refused)
    print(f"{cpu}: STRIA_CPU={refused}: {done.stderr.strip()}")
    if done.returncode != 2 or "not available here" not in done.stderr:
        sys.exit(f"status {done.returncode}: {done.stdout}{done.stderr}")

    with tempfile.TemporaryDirectory(prefix="stria-old-cpu-") as folder:
        text, file = os.path.join(folder, "small.stria"), os.path.join(folder, "small.safetensors")
        with open(text, "w", encoding="utf-8") as model:
            model.write(MODEL)
        must_work("summary", text)
        must_work("train", text, "digits", "--epochs", "1", "--lr", "0.01", "--threads", "2", "--quiet", "-o", file)
        must_work("eval", file, "digits", "--min-accuracy", "0.5")
        must_work("predict", file, "--data", "digits", "--index", "0-9", "--show")
    return 0


if __name__ == "__main__":
    sys.exit(main())
