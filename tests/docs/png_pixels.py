"""Pixels of PNG files that the command writes: 8 bits, or a palette, without interlacing. PNG specification, clauses 7
(rows), 9 (filters) and 11 (chunks)."""

import struct
import zlib

PALETTE = 3
CHANNELS = {0: 1, 2: 3, PALETTE: 1, 4: 2, 6: 4}  # by colour type


def read_pixels(data):
    """((height, width, channels), bytes) of a PNG file."""
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError("no PNG file")
    chunks, at = {}, 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        chunks[kind] = chunks.get(kind, b"") + data[at + 8:at + 8 + length]
        at += length + 12
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    if colour not in CHANNELS or (depth != 8 and colour != PALETTE) or interlaced or b"tRNS" in chunks:
        raise ValueError("another kind of PNG")
    channels = CHANNELS[colour]
    rows = undo_filters(zlib.decompress(chunks[b"IDAT"]), height, (width * channels * depth + 7) // 8, channels)
    if colour != PALETTE:
        return (height, width, channels), b"".join(rows)
    colours = [chunks[b"PLTE"][i:i + 3] for i in range(0, len(chunks[b"PLTE"]), 3)]
    return (height, width, 3), b"".join(colours[index] for row in rows for index in unpacked(row, depth)[:width])


def unpacked(row, depth):
    """The numbers of `depth` bits in a row, those in the high bits first."""
    if depth == 8:
        return row
    return [byte >> shift & (1 << depth) - 1 for byte in row for shift in range(8 - depth, -1, -depth)]


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
    return rows


def difference(first, second):
    """How many grey levels the pixels of two files differ at most; 256 when their sizes do."""
    if first == second:
        return 0
    (shape, a), (other_shape, b) = read_pixels(first), read_pixels(second)
    return max(abs(x - y) for x, y in zip(a, b)) if shape == other_shape else 256
