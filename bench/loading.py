#!/usr/bin/env python3
"""Pictures per second from JPEG files to batches of 224x224 RGB floats, and through a training with augmentation: Stria
beside the DataLoader of PyTorch (Pillow, a process for each thread) and Keras's image_dataset_from_directory.

    bench/loading.py BUILD PHOTO... [--count 400] [--rounds 5] [--threads 2] [--python torch=PATH,keras=PATH]

From the photographs JPEGs of 500x375 are cut at random (quality 90), in two class folders. Each peer runs in a process of
its own (--python says with which interpreter), and all take turns, one epoch each; printed are medians over the rounds and
Stria's ratio to each. The training is the same small network everywhere: flips and rotations, two strided
convolutions, Adam."""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

MODEL = """input 224x224x3
random_flip
random_rotation 0.05
conv2d 16 3 strides=2 relu
conv2d 32 3 strides=2 relu
global_avgpool2d
dense 2 softmax
"""

TORCH = r"""
import sys, time, torch
from PIL import Image
import numpy, pathlib
folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
files = sorted(pathlib.Path(folder).glob("*/*.jpg"))
classes = sorted({f.parent.name for f in files})
class Photos(torch.utils.data.Dataset):
    def __len__(self): return len(files)
    def __getitem__(self, i):
        picture = Image.open(files[i]).convert("RGB").resize((224, 224), Image.BILINEAR)
        x = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).float().div_(255)
        return x, classes.index(files[i].parent.name)
class Augmented(Photos):
    def __getitem__(self, i):
        picture = Image.open(files[i]).convert("RGB").resize((224, 224), Image.BILINEAR)
        if torch.rand(()) < 0.5: picture = picture.transpose(Image.FLIP_LEFT_RIGHT)
        picture = picture.rotate(float(torch.rand(()) * 36 - 18), Image.BILINEAR)
        x = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1).float().div_(255)
        return x, classes.index(files[i].parent.name)
def loader(data): return torch.utils.data.DataLoader(data, 32, shuffle=True, num_workers=threads, persistent_workers=True)
plain, augmented = loader(Photos()), loader(Augmented())
net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, 2), torch.nn.ReLU(), torch.nn.Conv2d(16, 32, 3, 2), torch.nn.ReLU(),
                          torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(32, 2))
best, loss = torch.optim.Adam(net.parameters()), torch.nn.CrossEntropyLoss()
def load():
    for x, y in plain: pass
def train():
    for x, y in augmented:
        best.zero_grad(); loss(net(x), y).backward(); best.step()
"""

KERAS = r"""
import os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
folder, threads = sys.argv[1], int(sys.argv[2])
import tensorflow as tf, keras
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
files = list(range(sum(len(f) for _, _, f in os.walk(folder))))
data = keras.utils.image_dataset_from_directory(folder, image_size=(224, 224), batch_size=32, verbose=False)
net = keras.Sequential([keras.layers.Input((224, 224, 3)), keras.layers.Rescaling(1 / 255), keras.layers.RandomFlip(),
                        keras.layers.RandomRotation(0.05), keras.layers.Conv2D(16, 3, 2, activation="relu"),
                        keras.layers.Conv2D(32, 3, 2, activation="relu"), keras.layers.GlobalAveragePooling2D(),
                        keras.layers.Dense(2, activation="softmax")])
net.compile("adam", "sparse_categorical_crossentropy")
def load():
    for x, y in data: pass
def train(): net.fit(data, epochs=1, verbose=0)
"""

SERVE = r"""
load(); train()
print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    {"load": load, "train": train}[line.strip()]()
    print(len(files) / (time.perf_counter() - start), flush=True)
"""


def cut(photos, folder, count):
    from PIL import Image
    random.seed(1)
    for i in range(count):
        photo = Image.open(photos[i % len(photos)]).convert("RGB")
        left, top = random.randint(0, photo.width - 500), random.randint(0, photo.height - 375)
        path = folder / f"class{i % 2}"
        path.mkdir(exist_ok=True)
        photo.crop((left, top, left + 500, top + 375)).save(path / f"{i:04}.jpg", quality=90)


class Peer:
    """A process that loads or trains an epoch when it is asked to."""

    def __init__(self, interpreter, program, folder, threads):
        self.process = subprocess.Popen([interpreter, "-c", program + SERVE, folder, str(threads)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        while self.process.stdout.readline().strip() != "ready":
            if self.process.poll() is not None:
                raise SystemExit(f"{interpreter}: this peer cannot run")

    def run(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Stria:
    """The loader alone, and `stria train`, whose second epoch counts."""

    def __init__(self, build, folder, threads, work, count):
        self.loader = [build / "bench/loader_bench", "-t", str(threads), "-r", "2", folder]
        self.count = count
        model = pathlib.Path(work) / "net.stria"
        model.write_text(MODEL)
        self.train = [build / "stria", "train", model, folder, "--epochs", "2", "--batch", "32", "--json", "--quiet",
                      "--threads", str(threads), "-o", f"{work}/net.safetensors"]

    def run(self, what):
        command = self.loader if what == "load" else self.train
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        if what == "load":
            return float(output.split()[-1])  # the first pass warms up, as the peers have
        return self.count / json.loads(output.strip().split("\n")[-1])["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", default="")
    options = parser.parse_args()
    interpreters = dict(pair.split("=") for pair in options.python.split(",") if pair)
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work) / "photos"
        folder.mkdir()
        cut(options.photos, folder, options.count)
        peers = {"stria": Stria(options.build.resolve(), str(folder), options.threads, work, options.count)}
        for name, program in (("torch", TORCH), ("keras", KERAS)):
            peers[name] = Peer(interpreters.get(name, sys.executable), program, str(folder), options.threads)
        for what in ("load", "train"):
            rates = {name: [] for name in peers}
            for _ in range(options.rounds):
                for name, peer in peers.items():
                    rates[name].append(peer.run(what))
            medians = {name: statistics.median(values) for name, values in rates.items()}
            for name, median in medians.items():
                ratio = "" if name == "stria" else f"  stria is {medians['stria'] / median:.2f} times as fast"
                print(f"{what:6} {name:6} {median:8.1f} pictures/s{ratio}", flush=True)


if __name__ == "__main__":
    main()
