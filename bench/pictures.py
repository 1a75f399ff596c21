#!/usr/bin/env python3
"""Pictures per second, decoded and resized to 224x224 RGB: Stria beside Pillow and TensorFlow, taking turns.

    bench/pictures.py build/release/bench/pictures_bench PHOTO... [--count 200] [--rounds 7] [--threads 1,2]

From the photographs JPEGs of 500x375 are cut at random (quality 90). Pillow does what the DataLoader of PyTorch has each
worker do (open, convert, resize, as an array), with a process for each thread; tf.io.decode_jpeg and tf.image.resize run
in TensorFlow's own threads. Printed are medians over the rounds and the ratio of Stria to each. Peers that are not
installed are left out."""

import argparse
import io
import multiprocessing
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import numpy
from PIL import Image

SIDE = 224
files = []


def cut(photos, folder, count):
    random.seed(1)
    for i in range(count):
        photo = Image.open(photos[i % len(photos)]).convert("RGB")
        left, top = random.randint(0, photo.width - 500), random.randint(0, photo.height - 375)
        path = folder / f"{i:04}.jpg"
        photo.crop((left, top, left + 500, top + 375)).save(path, quality=90)
        yield path


def load(i, filter):
    picture = Image.open(io.BytesIO(files[i])).convert("RGB")
    return numpy.asarray(picture.resize((SIDE, SIDE), filter)).nbytes


def load_bilinear(i):
    return load(i, Image.BILINEAR)


def timed(work):
    start = time.perf_counter()
    work()
    return len(files) / (time.perf_counter() - start)


def stria(program, paths, threads, method, *options):
    command = [program, "-t", str(threads), "-m", method, *options, *map(str, paths)]
    return lambda: float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pillow(threads, pool):
    if threads == 1:
        return lambda: timed(lambda: [load_bilinear(i) for i in range(len(files))])
    return lambda: timed(lambda: pool.map(load_bilinear, range(len(files)), chunksize=8))


def tensorflow_peer(threads):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    data = tf.data.Dataset.from_tensor_slices(files)
    data = data.map(lambda jpeg: tf.image.resize(tf.io.decode_jpeg(jpeg, channels=3), (SIDE, SIDE)),
                    num_parallel_calls=threads, deterministic=False)
    options = tf.data.Options()
    options.threading.private_threadpool_size = threads
    data = data.with_options(options)

    def run():
        for _ in data:
            pass
    return lambda: timed(run)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", default="1,2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = list(cut(options.photos, pathlib.Path(folder), options.count))
        files.extend(path.read_bytes() for path in paths)
        for threads in map(int, options.threads.split(",")):
            with multiprocessing.get_context("fork").Pool(threads) as pool:
                runs = {"stria bilinear": stria(options.program, paths, threads, "bilinear"),
                        "stria pil-bilinear": stria(options.program, paths, threads, "pil-bilinear"),
                        "stria reduced": stria(options.program, paths, threads, "bilinear", "-f"),
                        "pillow": pillow(threads, pool)}
                compare(threads, runs, options.rounds)
        try:
            for threads in map(int, options.threads.split(",")):
                runs = {"stria bilinear": stria(options.program, paths, threads, "bilinear"),
                        "tensorflow": tensorflow_peer(threads)}
                compare(threads, runs, options.rounds)
        except ImportError:
            print("tensorflow is not installed")


def compare(threads, runs, rounds):
    rates = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            rates[name].append(run())
    medians = {name: statistics.median(values) for name, values in rates.items()}
    last = list(medians)[-1]
    for name, median in medians.items():
        ratio = "" if name == last else f"{median / medians[last]:6.2f} times {last}"
        print(f"{threads} threads  {name:20} {median:8.1f} pictures/s {ratio}", flush=True)


if __name__ == "__main__":
    main()
