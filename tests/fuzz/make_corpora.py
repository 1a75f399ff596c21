#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets of the formats and of model text: corpus/{safetensors,npy,npz,model_text}.

    make_corpora.py            writes them
    make_corpora.py --check    tells whether they are what it would write

Only Python's own library is used. The checksums are made here from their description in docs/file-format.md, so that
the seeds also show that another program can make them.
"""
import io
import json
import pathlib
import struct
import sys
import zipfile

CORPUS = pathlib.Path(__file__).parent / "corpus"
TEXT = "input 2x2x1\nconv2d 2 2 relu\nflatten\ndense 3 softmax\n"
TENSORS = {"conv2d/kernel": [2, 2, 1, 2], "conv2d/bias": [2], "dense/kernel": [2, 3], "dense/bias": [3]}
WIDTHS = {"F64": "d", "F32": "f", "F16": "e", "BF16": "H", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U64": "Q",
          "U32": "I", "U16": "H", "U8": "B", "BOOL": "?"}


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return f"{crc ^ 0xFFFFFFFF:08x}"


def product(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def numbers(kind, shape):
    return b"".join(struct.pack("<" + WIDTHS[kind], k % 2 if kind == "BOOL" else k) for k in range(product(shape)))


def safetensors(tensors, texts=None, checksums=False):
    """tensors: name -> (type, shape)."""
    header, data, sums = {}, b"", {}
    if texts is not None:
        header["__metadata__"] = dict(texts)
    for name, (kind, shape) in tensors.items():
        content = numbers(kind, shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        sums[name] = crc32c(content)
        data += content
    if checksums:
        header["__metadata__"]["stria.header_checksum"] = "00000000"
        header["__metadata__"]["stria.checksums"] = json.dumps(sums)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    start = struct.pack("<Q", len(text)) + text
    if checksums:
        start = start.replace(b'_checksum":"00000000"', b'_checksum":"' + crc32c(start).encode() + b'"')
    return start + data


def npy(descr, shape, data, order="False", version=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    width = 2 if version == 1 else 4
    header += b" " * (-(9 + width + len(header)) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(width, "little") + header + data


def archive(members, method, big=False):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members.items():
            with made.open(zipfile.ZipInfo(name), "w", force_zip64=big) as member:
                member.write(content)
    if method == zipfile.ZIP_DEFLATED:  # ZipInfo has its own method
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            for name, content in members.items():
                made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def safetensors_seeds():
    model = {name: ("F32", shape) for name, shape in TENSORS.items()}
    texts = {"format": "stria", "stria.version": "0.1.0", "stria.model": TEXT}
    more = {**texts, "stria.classes": '["cat","dog","fish"]', "stria.preprocessing": "scale=0.5"}
    every = {kind: (kind, [2, 3]) for kind in WIDTHS}
    return {
        "model": safetensors(model, texts),
        "model_checksums": safetensors(model, more, True),
        "model_half": safetensors({name: ("F16", shape) for name, shape in TENSORS.items()}, more),
        "checkpoint": safetensors({**model, "optimizer/m/conv2d/bias": ("F32", [2]), "training/step": ("I64", [])},
                                  {**texts, "training.epoch": "3"}),
        "every_type": safetensors({**every, "scalar": ("F32", []), "empty": ("F32", [0, 4])}),
        "nothing": safetensors({}),
        "names": safetensors({"\u00e9\n\"\\": ("U8", [1])}, {"\u20ac": "\U0001f600"}),
    }


def npy_seeds():
    kinds = {"|u1": "U8", "|b1": "BOOL", "|i1": "I8", "<i2": "I16", "<u2": "U16", "<i4": "I32", "<u4": "U32",
             "<i8": "I64", "<u8": "U64", "<f2": "F16", "<f4": "F32", "<f8": "F64"}
    seeds = {descr[1:]: npy(descr, "(2, 3)", numbers(kind, [2, 3])) for descr, kind in kinds.items()}
    seeds["version2"] = npy("<f4", "(3,)", numbers("F32", [3]), version=2)
    seeds["version3"] = npy("<f4", "(3,)", numbers("F32", [3]), version=3)
    seeds["scalar"] = npy("<f4", "()", numbers("F32", []))
    seeds["nothing"] = npy("<f4", "(0, 7)", b"")
    seeds["fortran"] = npy("<f4", "(3,)", numbers("F32", [3]), order="True")
    seeds["objects"] = npy("|O", "(1,)", b"\x80\x04K\x01.")
    seeds["python2"] = npy("|u1", "(3L,)", b"abc")
    return seeds


def npz_seeds():
    sets = {"x_train.npy": npy("|u1", "(2, 3)", numbers("U8", [2, 3])),
            "y_train.npy": npy("<i8", "(2,)", numbers("I64", [2]))}
    return {
        "stored": archive(sets, zipfile.ZIP_STORED),
        "zip64": archive(sets, zipfile.ZIP_STORED, big=True),
        "deflated": archive(sets, zipfile.ZIP_DEFLATED),
        "zeros": archive({"x.npy": npy("|u1", "(20000,)", bytes(20000))}, zipfile.ZIP_DEFLATED),
        "other_members": archive({"readme.txt": b"hello", "a/b.npy": npy("|u1", "()", b"a")}, zipfile.ZIP_STORED),
        "nothing": archive({}, zipfile.ZIP_STORED),
    }


def model_text_seeds():
    return {name: text.encode() for name, text in {
        "lenet5": "# LeNet-5\ninput     28x28x1\nconv2d    6 5 same relu\nmaxpool2d 2\nconv2d    16 5 relu\n"
                  "maxpool2d 2\nflatten\ndense     120 relu\ndense     84 relu\ndense     10 softmax\n",
        "any_size": "input ?x?x3\nconv2d 8 3x5 strides=2 padding=1\navgpool2d 2 padding=same\nglobal_avgpool2d\n"
                    "dense 4\n",
        "residual": "x = input 8x8x4\ny = conv2d(x) 4 3 same\nadd(x, y)\nactivation gelu\nz = conv2d(y) 2 1\n"
                    "concat(x, z)\nbatchnorm momentum=0.9\nflatten\ndropout 0.25\ndense 2\nsoftmax\n",
        "many": "a = input 4\nb = input 4\nconcat(a, b)\nc = dense 3\nd = dense(c) 2 relu\noutput(c)\noutput(d)\n",
        "padding": "input 9x9x2\nrescaling 1/255 offset=-0.5\nconv2d 4 3 padding=0,1,2,3 groups=2 use_bias=no\n"
                   "conv2d 4 3 dilation_rate=2 he_normal\nleaky_relu 0.1\nelu\nminpool2d 2x3 strides=1\nrelu\n",
        "mistakes": "input 4x4\nconv2d 2 3\nconv2d filters=0 kernel_size=9 sigmoidal\nnothing 5 5 5\ndense (x\n"
                    "dense 3 units=3\nx = \nadd(x, y)\n",
        "blocks": "block unit(x) n k=3 act=relu half=n/2\n  conv2d n kxk same act\n  y = conv2d half 3 same\n"
                  "  short = conv2d(x) half 1\n  add(y, short)\n  output(y)\nend\ninput 6x6x2\nunit 4\n"
                  "a = unit 4*2 act=tanh\nunit(a) 2 k=(1+2)\n",
        "repeats": "block stage n units\n  repeat units-1\n    y = dense n\n    repeat 2\n      tanh\n    end\n"
                   "  end\nend\ninput 3\nstage 2 3\nrepeat 2\n  x = stage 2 2\nend\ndense(x) 1\n",
        "again": "a = input 5x5x1\nb = input 5x5x1\nf = conv2d(a) 2 3\nf(b)\ng = f(a)\nadd(f, g, conv2d)\n",
        "wrappers": "input 3x5x5x2\ntime_distributed conv2d 2 3\ntime_distributed flatten\n"
                    "w = spectral_normalization dense 2\nv = w(time_distributed_1)\n",
        "block_mistakes": "block a n=same b\n  dense n*\n  c = dense n/2 smae\n  a 3\nend\nblock b\ninput 3\n"
                          "a 3 4 5\nrepeat 0\nrepeat x\n b\nend\nend\na(a)\n",
        "empty": "",
    }.items()}


SEEDS = {"safetensors": safetensors_seeds, "npy": npy_seeds, "npz": npz_seeds, "model_text": model_text_seeds}


def is_current(path, content):
    if not path.is_file():
        return False
    found = path.read_bytes()
    if found == content:
        return True
    if path.parent.name != "npz":
        return False
    # Other versions of zlib pack the same bytes in other ways.
    try:
        with zipfile.ZipFile(path) as one, zipfile.ZipFile(io.BytesIO(content)) as other:
            return {name: one.read(name) for name in one.namelist()} == {name: other.read(name)
                                                                         for name in other.namelist()}
    except zipfile.BadZipFile:
        return False


def main():
    checking = sys.argv[1:] == ["--check"]
    stale, count = [], 0
    for target, seeds in SEEDS.items():
        folder, made = CORPUS / target, seeds()
        folder.mkdir(parents=True, exist_ok=True)
        count += len(made)
        stale += [path for path in folder.iterdir() if path.name not in made]
        for name, content in made.items():
            if checking:
                stale += [] if is_current(folder / name, content) else [folder / name]
            else:
                (folder / name).write_bytes(content)
    for path in stale:
        print(f"{path.relative_to(CORPUS)} is not what make_corpora.py makes")
    print(f"{count} seeds, {len(stale)} not current")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
