#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets of the data room: corpus/{csv,cifar,idx,gzip,png}.

    make_data_corpora.py            writes them
    make_data_corpora.py --check    tells whether they are what it would write

Only Python's own library is used. Packed bytes are compared unpacked: versions of zlib pack in different ways.
"""
import pathlib
import struct
import sys
import zlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
# Adam7: first column and row, and distance of columns and rows, of each pass (PNG specification, 8.2)
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def idx(code, letter, sizes):
    count = 1
    for size in sizes:
        count *= size
    numbers = b"".join(struct.pack(">" + letter, k % 100) for k in range(count))
    return bytes([0, 0, code, len(sizes)]) + b"".join(struct.pack(">I", size) for size in sizes) + numbers


def member(data, flags=0, fields=b"", level=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    header = bytes([0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255]) + fields
    if flags & 2:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    return header + packed + struct.pack("<II", zlib.crc32(data), len(data))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, depth, colour, interlaced=False, before=()):
    """`before`: chunks between header and picture."""
    rows, filters = b"", 0
    for x0, y0, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        columns = (width - x0 + dx - 1) // dx
        for _ in range((height - y0 + dy - 1) // dy if columns > 0 else 0):
            size = (columns * depth * CHANNELS[colour] + 7) // 8
            # All five filters in turn; palette indices stay small
            rows += bytes([0 if colour == PALETTE else filters % 5])
            rows += bytes(0x11 if colour == PALETTE else k * 29 % 251 for k in range(size))
            filters += 1
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    middle = b"".join(chunk(name, data) for name, data in before)
    return SIGNATURE + chunk(b"IHDR", header) + middle + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def idx_seeds():
    types = {"u8": (0x08, "B"), "i8": (0x09, "b"), "i16": (0x0B, "h"), "i32": (0x0C, "i"), "f32": (0x0D, "f"),
             "f64": (0x0E, "d")}
    seeds = {name: idx(code, letter, (2, 3)) for name, (code, letter) in types.items()}
    seeds["labels"] = idx(0x08, "B", (5,))
    seeds["pictures"] = idx(0x08, "B", (2, 3, 3))
    seeds["colours"] = idx(0x08, "B", (1, 2, 2, 3))
    seeds["cut"] = idx(0x08, "B", (2, 3, 3))[:-1]
    seeds["huge"] = bytes([0, 0, 0x0E, 4]) + b"\xff" * 16
    return seeds


def gzip_seeds():
    data = idx(0x08, "B", (3, 8, 8))
    return {
        "plain": member(data),
        "stored": member(data, level=0),
        "nothing": member(b""),
        "two_members": member(data[:50]) + member(data[50:]),
        "named": member(data, 8, b"train-images-idx3-ubyte\0"),
        "all_fields": member(data, 2 + 4 + 8 + 16, b"\3\0abcname\0comment\0"),
        "zeros": member(bytes(100000)),
        "garbage_after": member(data) + b"abc",
        "cut": member(data)[:-5],
    }


def png_seeds():
    palette = (b"PLTE", bytes(range(0, 240, 5)))
    return {
        "grey1": png(9, 3, 1, GREY),
        "grey2_interlaced": png(9, 9, 2, GREY, True),
        "grey4_key": png(5, 2, 4, GREY, before=[(b"tRNS", b"\0\1")]),
        "grey8": png(6, 6, 8, GREY),
        "grey16": png(4, 5, 16, GREY),
        "grey_alpha8": png(3, 3, 8, GREY_ALPHA),
        "grey_alpha16_interlaced": png(5, 5, 16, GREY_ALPHA, True),
        "rgb8_interlaced": png(9, 10, 8, RGB, True),
        "rgb8_key": png(2, 2, 8, RGB, before=[(b"tRNS", b"\0\1\0\2\0\3")]),
        "rgb16": png(3, 2, 16, RGB),
        "rgba8": png(5, 6, 8, RGBA),
        "rgba16": png(2, 2, 16, RGBA),
        "palette1": png(9, 2, 1, PALETTE, before=[palette]),
        "palette4_alpha": png(7, 2, 4, PALETTE, before=[palette, (b"tRNS", b"\0\x80\xff")]),
        "palette8_interlaced": png(8, 8, 8, PALETTE, True, [(b"PLTE", bytes(range(256)) * 3)]),
        "other_chunks": png(2, 2, 8, GREY, before=[(b"gAMA", struct.pack(">I", 45455)), (b"tEXt", b"Title\0x"),
                                                   (b"zTXt", b"Note\0\0" + zlib.compress(b"hello")),
                                                   (b"sBIT", b"\5"), (b"zzZz", b"private")]),
        "announces_much": png(1, 1, 8, GREY).replace(struct.pack(">II", 1, 1), struct.pack(">II", 1 << 14, 1 << 14)),
        "cut": png(6, 6, 8, RGB)[:-20],
    }


def csv_seeds():
    texts = {
        "names": "path,label,part\na.png,cat,train\nb.png,dog,test\n",
        "numbers": "a.png,3\r\nb.png,0\r\n",
        "targets": "\ufeffimage,x,y\na.png,0.5,-1e3\nb.png,1/3,2\n",
        "quotes": '"a, ""b""\nc.png","two words"\n\nd.png,\u00e9\n',
        "open_quote": 'a.png,"never closed\n',
        "ragged": "a.png,1\nb.png\n",
        "part": "path,label,split\na.png,1,maybe\n",
        "zero": "a.png,1\0\n",
    }
    return {name: text.encode() for name, text in texts.items()}


def cifar_seeds():
    record = bytes([3]) + bytes(k % 251 for k in range(3072))
    return {"one": record, "two": record + bytes([9]) + record[1:], "label": bytes([10]) + record[1:], "cut": record[:-1]}


SEEDS = {"idx": idx_seeds, "gzip": gzip_seeds, "png": png_seeds, "csv": csv_seeds, "cifar": cifar_seeds}


def unpacked(target, content):
    """What the bytes hold, as far as they can be unpacked."""
    parts = []
    try:
        while target == "gzip" and content[:2] == b"\x1f\x8b":
            parts.append(content[:4])
            unpacker = zlib.decompressobj(31)
            parts.append(unpacker.decompress(content))
            content = unpacker.unused_data
    except zlib.error:
        pass
    at = content.find(b"IDAT") if target == "png" else -1
    if at >= 0:
        unpacker = zlib.decompressobj()
        parts += [content[:at - 4], unpacker.decompress(content[at + 4:])]
        content = unpacker.unused_data[4:]
    return parts if parts else content


def main():
    checking = sys.argv[1:] == ["--check"]
    stale, count = [], 0
    for target, seeds in SEEDS.items():
        folder, made = CORPUS / target, seeds()
        folder.mkdir(parents=True, exist_ok=True)
        count += len(made)
        stale += [path for path in folder.iterdir() if path.name not in made]
        for name, content in made.items():
            path = folder / name
            if not checking:
                path.write_bytes(content)
            elif not path.is_file() or unpacked(target, path.read_bytes()) != unpacked(target, content):
                stale.append(path)
    for path in stale:
        print(f"{path.relative_to(CORPUS)} is not what make_data_corpora.py makes")
    print(f"{count} seeds, {len(stale)} not current")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
