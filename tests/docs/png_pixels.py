"""Pixels of PNG files of 8 bits, without interlacing and palettes: those that the command writes. PNG specification,
clauses 9 (filters) and 11 (chunks)."""

import struct
import zlib

CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type


def read_pixels(data):
    """((height, width, channels), bytes) of a PNG file."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG file")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if depth != 8 or colour not in CHANNELS or interlaced:
        raise ValueError("another kind of PNG")
    packed, at = b"", 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        packed += data[at + 8:at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return (height, width, CHANNELS[colour]), undo_filters(zlib.decompress(packed), height, width * CHANNELS[colour],
                                                          CHANNELS[colour])


def undo_filters(data, height, size, step):
    above, rows = bytearray(size), []
    for row in range(height):
        start = row * (size + 1)
        kind, line = data[start], bytearray(data[start + 1:start + 1 + size])
        for i in range(size if kind else 0):
            left = line[i - step] if i >= step else 0
            if kind == 4:
                corner = above[i - step] if i >= step else 0
                guess = left + above[i] - corner
                line[i] = line[i] + min((left, above[i], corner), key=lambda x: abs(guess - x)) & 255
            else:
                line[i] = line[i] + (left, above[i], (left + above[i]) // 2)[kind - 1] & 255
        rows.append(line)
        above = line
    return b"".join(rows)


def difference(first, second):
    """How many grey levels the pixels of two files differ at most; 256 when their sizes do."""
    if first == second:
        return 0
    (shape, a), (other_shape, b) = read_pixels(first), read_pixels(second)
    return max(abs(x - y) for x, y in zip(a, b)) if shape == other_shape else 256
