#!/usr/bin/env python3
"""Writes src/data/digits_data.c, the built-in data set "digits", from scikit-learn's copy of it.

    scripts/make_digits.py [digits.csv.gz]            writes the file
    scripts/make_digits.py --check [digits.csv.gz]    exits with 1 when the file is not what it should be

Without a path the copy inside an installed scikit-learn is taken. --check decodes the committed file and compares its
checksum; where the original can be found it also makes the file anew and compares every byte.

The data: 1,797 handwritten digits of 8x8 pixels with values 0 to 16, the test set of "Optical Recognition of Handwritten
Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository, licence CC BY 4.0.
"""

import gzip
import pathlib
import re
import sys

SAMPLES, PIXELS = 1797, 64
LEVELS = 17  # pixels count the dark points of a 4x4 block: 0 to 16
CHECKSUM = 0x617F91FC  # CRC-32C of all samples, each its class and its 64 pixels, a byte each
COLUMNS = 100
TARGET = pathlib.Path(__file__).resolve().parent.parent / "src" / "data" / "digits_data.c"

HEAD = """\
/* The pixels and classes of the data set "digits". Made by scripts/make_digits.py; do not edit.
 *
 * Origin: the test set of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, 1998, UCI
 * Machine Learning Repository (https://doi.org/10.24432/C50P49), licence CC BY 4.0
 * (https://creativecommons.org/licenses/by/4.0/); taken from scikit-learn, which ships it as digits.csv.gz.
 * Changed in form only: numbers became the text below, which data/digits.c decodes.
 *
 * 1,797 samples one after another, each 65 numbers: the class (0 to 9), then 8 rows of 8 pixels (0 to 16).
 * Character number r*17 + v stands for r zeros (0 to 4) followed by the number v. Character number n is
 * '#' + n, except that ' ' stands for '?' and '!' for a backslash. */
#include "data/digits.h"

const char stria_digits_text[STRIA_DIGITS_LINES][STRIA_DIGITS_COLUMNS + 1] = {
"""


def crc32c(data):
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def original(path):
    """All numbers in the order of the file, or None when there is no copy of the data."""
    if path is None:
        try:
            import sklearn.datasets
        except ImportError:
            return None
        path = pathlib.Path(sklearn.datasets.__file__).parent / "data" / "digits.csv.gz"
    numbers = bytearray()
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for line in lines:
            row = [int(float(field)) for field in line.split(",")]
            if len(row) != PIXELS + 1:
                sys.exit(f"{path}: a row of {len(row)} numbers instead of {PIXELS + 1}")
            numbers.append(row[-1])
            numbers.extend(row[:-1])
    return bytes(numbers)


def encode(numbers):
    text, zeros = [], 0
    for number in numbers:
        if number == 0 and zeros < 4:
            zeros += 1
            continue
        text.append(zeros * LEVELS + number)
        zeros = 0
    text.extend([(zeros - 1) * LEVELS] if zeros else [])
    return "".join(chr(ord("#") + n) for n in text).replace("?", " ").replace("\\", "!")


def decode(text):
    numbers = bytearray()
    for character in text.replace(" ", "?").replace("!", "\\"):
        zeros, number = divmod(ord(character) - ord("#"), LEVELS)
        numbers.extend(bytes(zeros))
        numbers.append(number)
    return bytes(numbers)


def source(numbers):
    text = encode(numbers)
    lines = [text[at:at + COLUMNS] for at in range(0, len(text), COLUMNS)]
    return HEAD + "".join(f'    "{line}",\n' for line in lines) + "};\n", len(lines)


def fail_unless_right(numbers, where):
    if len(numbers) != SAMPLES * (PIXELS + 1) or crc32c(numbers) != CHECKSUM:
        sys.exit(f"{where}: not the 1,797 digits: {len(numbers)} numbers, checksum {crc32c(numbers):#010x}, "
                 f"expected {SAMPLES * (PIXELS + 1)} and {CHECKSUM:#010x}")


def main(arguments):
    check = "--check" in arguments
    paths = [a for a in arguments if a != "--check"]
    numbers = original(paths[0] if paths else None)
    if numbers is not None:
        fail_unless_right(numbers, paths[0] if paths else "scikit-learn")
    if check:
        committed = TARGET.read_text(encoding="ascii")
        fail_unless_right(decode("".join(re.findall(r'^    "(.*)",$', committed, re.M))), TARGET.name)
        if numbers is not None and source(numbers)[0] != committed:
            sys.exit(f"{TARGET.name} is not current: run scripts/make_digits.py")
        print(f"{TARGET.name} is current ({'remade and compared' if numbers is not None else 'checksum compared'})")
        return
    if numbers is None:
        sys.exit("scikit-learn is not installed: install it or name its digits.csv.gz")
    text, lines = source(numbers)
    TARGET.write_text(text, encoding="ascii")
    print(f"{TARGET.name}: {lines} lines of {COLUMNS} characters")


main(sys.argv[1:])
