#!/usr/bin/env python3
"""Writes src/inspect/font_data.c: the outlines of DejaVu Sans that text in PNG figures is drawn with.

    scripts/make_font.py [--check] src/inspect/font_data.c

Needs fontTools (Debian: python3-fonttools) and the fonts (fonts-dejavu-core). Only the signs that Stria's own labels are
made of are taken, in the regular and the bold weight: ASCII, the letters of Latin-1, and some signs of mathematics.
Coordinates are rounded to 256 units per em, which is a fortieth of a pixel in text of 12 pixels. An outline is a
sequence of variable-length integers, seven bits a byte with the low ones first: the number of contours, and for each
its number of points and, for each point, the step from the one before, x then y. A step s is written as 2s or -2s-1; in
x the lowest bit tells in addition whether the point is on the curve, or controls a parabola between its neighbours.
With --check the file is compared instead, and a difference is an error."""

import sys

from fontTools.ttLib import TTFont

FONTS = ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"]
SIGNS = [*range(0x20, 0x7F), *(c for c in range(0xA1, 0x100) if c != 0xAD),
         *map(ord, "αβγδεηθλμπρστφωΔΣΩ–—‘’“”•…←↑→↓∂√∞≈≠≤≥−∑∇█")]
UNITS = 256


def integer(value):
    """Seven bits to a byte, the low ones first, with 128 in all but the last."""
    parts = []
    while value >= 128:
        parts.append(value & 127 | 128)
        value >>= 7
    return [*parts, value]


def zigzag(step):
    return 2 * step if step >= 0 else -2 * step - 1


def outline(font, name):
    glyf, scale = font["glyf"], UNITS / font["head"].unitsPerEm
    points, ends, flags = glyf[name].getCoordinates(glyf)
    parts, first, last = integer(len(ends)), 0, (0, 0)
    for end in ends:
        parts += integer(end + 1 - first)
        for i in range(first, end + 1):
            here = tuple(round(v * scale) for v in points[i])
            parts += integer(zigzag(here[0] - last[0]) << 1 | flags[i] & 1)
            parts += integer(zigzag(here[1] - last[1]))
            last = here
        first = end + 1
    return parts


def wrapped(values):
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) + 2 > 110:
            lines.append(line)
            line = "   "
        line += f" {value},"
    return "\n".join([*lines, line])


def made():
    fonts = [TTFont(path) for path in FONTS]
    names = [font.getBestCmap() for font in fonts]
    signs = sorted(code for code in SIGNS if all(code in known for known in names))
    version = fonts[0]["name"].getDebugName(5)
    text = ("/* Made by scripts/make_font.py, which says what the numbers are, from DejaVu Sans and DejaVu Sans Bold,\n"
            f" * {version}. The outlines are Bitstream's and Tavmjong Bah's, changed in nothing but their precision,\n"
            " * under a licence that allows to embed them (https://dejavu-fonts.github.io/License.html). */\n"
            '#include "inspect/font.h"\n\n'
            f"const uint16_t stria_font_signs[STRIA_FONT_SIGNS] = {{\n{wrapped(map(str, signs))}\n}};\n")
    advances, starts, outlines = [], [], []
    for font, known in zip(fonts, names):
        bytes_, places = [], []
        for code in signs:
            places.append(len(bytes_))
            bytes_ += outline(font, known[code])
        advances.append([font["hmtx"][known[code]][0] for code in signs])
        starts.append(places)
        outlines.append(bytes_)
        assert len(bytes_) < 65536 and font["head"].unitsPerEm == 2048
    for title, table in (("advances", advances), ("starts", starts)):
        rows = ",\n".join(f"    {{\n{wrapped(map(str, row))}\n    }}" for row in table)
        text += f"\nconst uint16_t stria_font_{title}[2][STRIA_FONT_SIGNS] = {{\n{rows}\n}};\n"
    for title, row in zip(("regular", "bold"), outlines):
        text += f"\nstatic const uint8_t {title}[{len(row)}] = {{\n{wrapped(map(str, row))}\n}};\n"
    text += "\nconst uint8_t *const stria_font_outlines[2] = {regular, bold};\n"
    sizes = [len(row) for row in outlines]
    return text, len(signs), sizes


def main():
    check, path = sys.argv[1] == "--check", sys.argv[-1]
    text, count, sizes = made()
    if not check:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    elif open(path, encoding="utf-8").read() != text:
        sys.exit(f"{path} is not what scripts/make_font.py makes")
    print(f"{count} signs, {sizes[0]} and {sizes[1]} bytes of outlines")


if __name__ == "__main__":
    main()
