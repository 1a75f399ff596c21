"""The check of the pages on pages that break its rules: a check that finds nothing anywhere proves nothing."""

import pathlib
import struct
import tempfile
import unittest
import zlib

from check_docs import check_page, matches, read_page
from png_pixels import difference, read_pixels

STRIA = pathlib.Path("/bin/sh")  # the pages below run no stria


class Pages(unittest.TestCase):
    def page(self, text, refresh=False):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "page.md")
            path.write_text(text, encoding="utf-8")
            result = check_page(path, STRIA, refresh=refresh)
            return result, path.read_text(encoding="utf-8")

    def test_right_output(self):
        result, _ = self.page("a\n```console\n$ echo 1 > f\n$ cat f\n1\n```\n```console\n$ cat f | tr 1 2\n2\n```\n")
        self.assertEqual(result, (3, 0))

    def test_wrong_output(self):
        for output in ("", "1\n", "2\n2\n", "2 3\n", "\n2\n"):
            result, _ = self.page(f"```console\n$ echo 2\n{output}```\n")
            self.assertEqual(result, (1, 1), output)

    def test_output_that_is_not_there(self):
        self.assertEqual(self.page("```console\n$ true\n1\n```\n")[0], (1, 1))

    def test_both_streams_and_any_status(self):
        self.assertEqual(self.page("```console\n$ echo 1; echo 2 >&2; false\n1\n2\n```\n")[0], (1, 0))

    def test_a_signal_is_wrong(self):
        self.assertEqual(self.page("```console\n$ kill -SEGV $$\n```\n")[0], (1, 1))

    def test_further_lines_and_files(self):
        text = "```text a\none\n```\n```console\n$ cat a - <<END\n> two\n> END\none\ntwo\n```\n```c\nx\n```\n"
        self.assertEqual(self.page(text)[0], (1, 0))

    def test_any_lines(self):
        self.assertTrue(matches(["a", "...", "d"], ["a", "b", "c", "d"]))
        self.assertTrue(matches(["a", "..."], ["a"]))
        self.assertFalse(matches(["a", "...", "d"], ["a", "d", "c"]))

    def test_model_texts_are_read(self):
        self.assertEqual(self.page("```stria\ninput 4\n```\n")[0], (1, 1))  # there is no stria to read it

    def test_refresh(self):
        text = "# T\n```console\n$ echo 1\n2\n$ seq 3\n1\n...\n```\nend\n"
        self.assertEqual(self.page(text, refresh=True)[1], text.replace("\n2\n", "\n1\n"))

    def test_broken_pages(self):
        for text in ("```console\n$ true\n", "```console\nx\n```\n"):
            with self.assertRaises(ValueError):
                read_page(text)

    def test_pictures(self):
        page = "![a](pictures/a.png)\n```console\n$ printf %s > a.png\n```\n"
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "page.md")
            (path.parent / "pictures").mkdir()
            path.write_text(page % "1", encoding="utf-8")
            self.assertEqual(check_page(path, STRIA), (2, 1))  # it is not there yet
            check_page(path, STRIA, refresh=True)
            self.assertEqual(check_page(path, STRIA), (2, 0))
            path.write_text("![a](pictures/a.png)\n", encoding="utf-8")
            self.assertEqual(check_page(path, STRIA), (1, 1))  # no command makes it


def png(rows, colour=0, channels=1, palette=b""):
    """A PNG file of these rows, each a filter's number and bytes; with a palette of pixels of 4 bits."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    width, depth = ((len(rows[0]) - 1) * 2 - 1, 4) if palette else ((len(rows[0]) - 1) // channels, 8)
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", palette) +
            chunk(b"IDAT", zlib.compress(b"".join(map(bytes, rows)))))


class Pixels(unittest.TestCase):
    def test_filters(self):
        rows = [[0, 10, 20, 30], [1, 1, 2, 255], [2, 1, 2, 3], [3, 10, 10, 10], [4, 1, 1, 1]]
        expected = [10, 20, 30, 1, 3, 2, 2, 5, 5, 11, 18, 21, 12, 19, 22]
        self.assertEqual(read_pixels(png(rows)), ((5, 3, 1), bytes(expected)))

    def test_channels(self):
        self.assertEqual(read_pixels(png([[1, 1, 2, 3, 1, 1, 1]], 2, 3)), ((1, 2, 3), bytes([1, 2, 3, 2, 3, 4])))

    def test_palettes(self):
        self.assertEqual(read_pixels(png([[0, 0x01, 0x20]], 3, 1, b"abcdefghi")), ((1, 3, 3), b"abcdefghi"))

    def test_differences(self):
        self.assertEqual(difference(png([[0, 1, 2]]), png([[0, 1, 2]])), 0)
        self.assertEqual(difference(png([[0, 1, 2]]), png([[0, 3, 1]])), 2)
        self.assertEqual(difference(png([[0, 1, 2]]), png([[0, 1, 2, 3]])), 256)


if __name__ == "__main__":
    unittest.main()
