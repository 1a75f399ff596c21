"""The check of the pages on pages that break its rules: a check that finds nothing anywhere proves nothing."""

import pathlib
import tempfile
import unittest

from check_docs import check_page, matches, read_page

STRIA = pathlib.Path("/bin/sh")  # the pages below run no stria


class Pages(unittest.TestCase):
    def page(self, text, refresh=False):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "page.md")
            path.write_text(text, encoding="utf-8")
            result = check_page(path, STRIA, refresh)
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


if __name__ == "__main__":
    unittest.main()
