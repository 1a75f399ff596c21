#!/usr/bin/env python3
"""Makes pictures/ with Pillow: small files of every kind in pictures/FORMAT/, which are also the seeds of the fuzz targets,
and in pictures/expected/ what Pillow decodes them to (NAME.npy, bytes [H,W,C]). Files without one are to be refused.

    python3 -m venv venv && venv/bin/pip install pillow numpy
    venv/bin/python tests/data/make_pictures.py

Files that Pillow does not write (BMP of 4 and 16 bits, runs, PNM as text, PAM) are put together here.
"""
import io
import pathlib
import shutil
import struct

import numpy
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent / "pictures"


def scene(height, width, channels, seed=0):
    """A gradient, a disc and some noise."""
    rng = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    made = numpy.empty((height, width, channels))
    for c in range(channels):
        made[..., c] = 255 * ((x * (c + 1) + y * (3 - c)) % (width + height)) / (width + height)
    disc = (y - height / 2) ** 2 + (x - width / 3) ** 2 < (min(height, width) / 3) ** 2
    made[disc] = numpy.arange(60, 60 + 50 * channels, 50)
    made += rng.normal(0, 6, made.shape)
    return made.clip(0, 255).round().astype("uint8")


def image(height, width, channels, seed=0):
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    data = scene(height, width, channels, seed)
    return Image.fromarray(data[..., 0] if channels == 1 else data, mode)


def saved(picture, **options):
    file = io.BytesIO()
    picture.save(file, **options)
    return file.getvalue()


def jpegs():
    colours, grey = image(33, 45, 3), image(30, 41, 1, 1)
    yield "grey", saved(grey, format="JPEG", quality=90)
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        yield f"colours_{name}", saved(colours, format="JPEG", quality=85, subsampling=sampling)
    yield "low_quality", saved(colours, format="JPEG", quality=5)
    yield "progressive", saved(colours, format="JPEG", quality=85, progressive=True)
    yield "progressive_grey", saved(grey, format="JPEG", quality=85, progressive=True)
    yield "restarts", saved(colours, format="JPEG", quality=85, restart_marker_blocks=2)
    yield "rgb", saved(colours, format="JPEG", quality=90, keep_rgb=True)
    yield "one_pixel", saved(image(1, 1, 3), format="JPEG")
    yield "comment", saved(grey, format="JPEG", comment=b"about a picture")
    yield "icc", saved(grey, format="JPEG", icc_profile=bytes(200))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        exif[0x010F] = "maker"
        exif.endian = "<" if orientation % 2 else ">"
        yield f"orientation_{orientation}", saved(image(10, 19, 3), format="JPEG", quality=95, exif=exif)
    yield "cmyk", saved(colours.convert("CMYK"), format="JPEG")


def webps():
    colours, clear = image(31, 43, 3), image(22, 37, 4, 2)
    yield "lossy", saved(colours, format="WEBP", quality=80)
    yield "lossless", saved(colours, format="WEBP", lossless=True)
    yield "lossy_alpha", saved(clear, format="WEBP", quality=80, exact=True)
    yield "lossless_alpha", saved(clear, format="WEBP", lossless=True, exact=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "orientation_6", saved(colours, format="WEBP", lossless=True, exif=exif)
    frames = [image(8, 9, 3, seed) for seed in range(3)]
    yield "animated", saved(frames[0], format="WEBP", save_all=True, append_images=frames[1:])


def text(magic, data, maximum):
    numbers = "\n".join(" ".join(str(value) for value in row.reshape(-1)) for row in data)
    height, width = data.shape[:2]
    return f"{magic} # a comment\n# another\n{width} {height}\n{maximum}\n{numbers}\n".encode()


def pnms():
    colours, grey = scene(9, 14, 3), scene(11, 7, 1)
    bits = (grey[..., 0] > 128).astype("uint8")
    height, width = bits.shape
    header = f"{width} {height}\n".encode()
    yield "p1", b"P1\n" + header + b"\n".join(b"".join(b"%d" % v for v in row) for row in bits) + b"\n"
    yield "p2", text("P2", grey, 255)
    yield "p3", text("P3", colours, 255)
    yield "p3_maximum_9", text("P3", colours % 10, 9)
    yield "p4", b"P4 " + header + numpy.packbits(bits, axis=1).tobytes()
    yield "p5", b"P5\n#c\n" + header + b"255\n" + grey.tobytes()
    yield "p5_maximum_7", b"P5\n" + header + b"7\n" + (grey % 8).tobytes()
    yield "p6", saved(Image.fromarray(colours), format="PPM")
    yield "p7", b"P7\nWIDTH 14\nHEIGHT 9\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + colours.tobytes(), colours
    clear = numpy.concatenate([grey, 255 - grey], axis=2)
    header_7 = b"P7\nWIDTH 7\nHEIGHT 11\n# clear\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n"
    yield "p7_alpha", header_7 + clear.tobytes(), clear
    yield "p5_16_bits", b"P5\n" + header + b"65535\n" + (grey.astype(">u2") * 251).astype(">u2").tobytes()


def bmp(width, height, bits, compression, pixels, palette=b"", fields=b"", colours=0, header=40):
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 0, 0, colours, 0)
    if header > 40:
        info += fields + bytes(header - 40 - len(fields))
        fields = b""
    before = 14 + len(info) + len(fields) + len(palette)
    return struct.pack("<2sIHHI", b"BM", before + len(pixels), 0, 0, before) + info + fields + palette + pixels


def bmps():
    colours, grey = image(9, 13, 3), image(8, 11, 1, 4)
    yield "24", saved(colours, format="BMP")
    yield "8_grey", saved(grey, format="BMP")
    yield "8_palette", saved(colours.quantize(20), format="BMP")
    yield "1", saved(grey.convert("1"), format="BMP")
    yield "32", bmp(6, 5, 32, 0, scene(5, 6, 4).tobytes())
    data = numpy.asarray(colours)
    rows = b"".join(row[:, ::-1].tobytes() + bytes(-39 % 4) for row in data)
    yield "24_from_above", bmp(13, -9, 24, 0, rows)
    palette = bytes(numpy.random.default_rng(3).integers(0, 256, 64, dtype="uint8"))
    yield "4", bmp(5, 3, 4, 0, bytes.fromhex("01230000 45670000 89a00000".replace(" ", "")) , palette)
    words = numpy.arange(6 * 4, dtype="<u2") * 2731
    yield "16", bmp(6, 4, 16, 0, words.tobytes())
    yield "16_fields", bmp(6, 4, 16, 3, words.tobytes(), fields=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    longs = (numpy.arange(6 * 4, dtype="<u4") * 178956971).astype("<u4")
    masks = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    yield "32_alpha", bmp(6, 4, 32, 3, longs.tobytes(), fields=masks, header=108)
    runs = bytes.fromhex("0501 0302 0000 0004 01020304 0403 0000 0802 0000 0001".replace(" ", ""))
    yield "runs_8", bmp(8, 3, 8, 1, runs, palette[:32], colours=8)
    runs = bytes.fromhex("0512 0334 0000 0005 123450 00 0356 0000 0877 0000 0001".replace(" ", ""))
    yield "runs_4", bmp(8, 3, 4, 2, runs, palette)
    runs = bytes.fromhex("0201 0002 0301 0201 0001".replace(" ", ""))
    indices = numpy.zeros((3, 8), "uint8")
    indices[2, :2] = indices[1, 5:7] = 1
    colour_of = numpy.frombuffer(palette, "uint8").reshape(16, 4)[:, 2::-1]
    yield "runs_jump", bmp(8, 3, 8, 1, runs, palette[:32], colours=8), colour_of[indices]
    core = struct.pack("<2sIHHI", b"BM", 26 + 24, 0, 0, 26) + struct.pack("<IHHHH", 12, 3, 2, 1, 24)
    yield "os2", core + bytes(range(9)) + bytes(3) + bytes(range(9, 18)) + bytes(3)


def expected(data):
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if picture.mode == "1":
        picture = picture.convert("L")
    if picture.mode == "P":
        picture = picture.convert("RGB")
    numbers = numpy.asarray(picture)
    if picture.mode.startswith("I"):
        numbers = ((numbers.astype("int64") * 255 + 32767) // 65535).astype("uint8")
    return numbers.reshape(numbers.shape[0], numbers.shape[1], -1)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "expected").mkdir(parents=True)
    for kind, suffix, make in (("jpeg", "jpg", jpegs), ("webp", "webp", webps), ("pnm", "pnm", pnms), ("bmp", "bmp", bmps)):
        (FOLDER / kind).mkdir()
        for name, data, *known in make():
            (FOLDER / kind / f"{name}.{suffix}").write_bytes(data)
            if name not in ("cmyk", "animated"):
                numbers = known[0] if known else expected(data)
                numpy.save(FOLDER / "expected" / f"{name}.{suffix}.npy", numbers)


if __name__ == "__main__":
    main()
