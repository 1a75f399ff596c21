"""The checks of this folder on text that breaks their rules: a check that finds nothing anywhere proves nothing."""

import unittest

import check_calls
import check_files
import check_includes
import check_symbols
from source_tree import without_comments


class Text(unittest.TestCase):
    def test_comments_and_strings_are_blanked(self):
        self.assertEqual(without_comments('a /* b\nc */ d // e\n"f /* g" h'), 'a     \n     d     \n"" h')
        self.assertEqual(without_comments('x = \'"\'; /* " */ y', keep_strings=True).split(), ["x", "=", "'\"';", "y"])


class Includes(unittest.TestCase):
    def faults(self, name, text):
        return len(check_includes.faults_of(name, text))

    def test_rooms_above_are_allowed(self):
        self.assertEqual(self.faults("src/tensor/x.c", '#include "base/error.h"\n#include <stria/shape.h>\n'), 0)
        self.assertEqual(self.faults("src/train/x.c", '#include "base/error.h"\n#include "model/model.h"\n'), 0)
        self.assertEqual(self.faults("cli/x.c", '#include <stria/stria.h>\n#include "options.h"\n'), 0)

    def test_rooms_below_are_not(self):
        self.assertEqual(self.faults("src/base/x.c", '#include "tensor/shape.h"\n'), 1)
        self.assertEqual(self.faults("src/layers/x.c", "#  include <stria/model.h>\n"), 1)
        self.assertEqual(self.faults("src/inspect/x.c", '#include "deploy/c.h"\n'), 1)
        self.assertEqual(self.faults("include/stria/shape.h", "#include <stria/data.h>\n"), 1)

    def test_names_are_whole(self):
        self.assertEqual(self.faults("src/base/x.c", '#include "error.h"\n'), 1)
        self.assertEqual(self.faults("src/base/x.c", '#include "base/no_such_file.h"\n'), 1)
        self.assertEqual(self.faults("src/base/x.c", "#include <stria/stria.h>\n"), 1)

    def test_the_command_sees_public_headers_only(self):
        self.assertEqual(self.faults("cli/x.c", '#include "base/error.h"\n'), 1)
        self.assertEqual(self.faults("cli/x.c", '#include "../src/base/error.h"\n'), 1)

    def test_comments_do_not_count(self):
        self.assertEqual(self.faults("src/base/x.c", '/*\n#include "tensor/shape.h"\n*/\n'), 0)


class Calls(unittest.TestCase):
    def faults(self, text, name="src/model/x.c"):
        return len(check_calls.faults_of(name, text))

    def test_forbidden_calls_are_found(self):
        for text in ("printf(x);", "  exit (1);", "abort();", "x = malloc(3);", "setlocale(LC_ALL, s);", "fopen(p, m);",
                     "srand(1);", "signal(2, f);", "fputs(s, stderr);", "strtod(s, 0);"):
            self.assertGreaterEqual(self.faults(text), 1, text)
        self.assertEqual(self.faults("assert(x);", "src/formats/npy.c"), 1)

    def test_others_are_not(self):
        for text in ("snprintf(a, b, c);", "io->open(x);", "table.free(x);", "stria_model_free(m);", "/* exit(1) */",
                     's = "abort()";', "my_exit(1);", "assert(x);", "size_t time;"):
            self.assertEqual(self.faults(text), 0, text)
        self.assertEqual(self.faults("malloc(3);", "src/base/memory.c"), 0)


class Files(unittest.TestCase):
    def test_lengths(self):
        self.assertEqual(len(check_files.length_faults("x.c", "a\n" * 801)), 1)
        self.assertEqual(len(check_files.length_faults("x.c", "a\n" * 800)), 0)

    def test_opening_comment(self):
        self.assertEqual(len(check_files.opening_faults("x.c", "#include <a.h>\n/* late */")), 1)
        self.assertEqual(len(check_files.opening_faults("x.c", "/* early */\n")), 0)

    def test_left_overs(self):
        for text in ("see /wo" "rk/main", "TO" "DO: later", "/* FIX" "ME */", "a\n<<<<" "<<< HEAD\n", "#if " "0\n", "cd /ro" "ot/x"):
            self.assertEqual(len(check_files.left_over_faults("x.c", text)), 1, text)
        for text in ("framework/main", "mkdtemp(XX" "XXXX)", "https://host/wo" "rk/x", "#if 01", "a/ro" "ot/b"):
            self.assertEqual(len(check_files.left_over_faults("x.c", text)), 0, text)

    def test_declarations(self):
        good = "/* Opens. */\nSTRIA_API int stria_open(void);\nSTRIA_API int stria_close(void);\n"
        bad = "/* Title */\n\nSTRIA_API int stria_open(void);\n"
        self.assertEqual(len(check_files.declaration_faults("x.h", good)), 0)
        self.assertEqual(len(check_files.declaration_faults("x.h", bad)), 1)
        self.assertEqual(len(check_files.declaration_faults("x.h", "/* STRIA_API\n\n * STRIA_API x */\n")), 0)


class Symbols(unittest.TestCase):
    def test_declared(self):
        text = "#define STRIA_API\nSTRIA_API const stria_shape *stria_a(const stria_b *c,\n   int d);\nSTRIA_API int stria_e;\n"
        self.assertEqual(check_symbols.declared_names(text), {"stria_a", "stria_e"})

    def test_exported(self):
        self.assertEqual(check_symbols.exported_names("0000 T stria_a\n0001 T other@@V1\n"), {"stria_a", "other"})

    def test_variables(self):
        listing = ("Symbols from libstria.a[pool.c.o]:\n\n"
                   "count   |0000000000000000|   b  |            OBJECT|0000000000000004|     |.bss\n"
                   "names   |0000000000000000|   d  |            OBJECT|0000000000000008|     |.data.rel.ro.local\n"
                   "run     |0000000000000000|   T  |              FUNC|0000000000000008|     |.text\n"
                   "table   |0000000000000000|   D  |            OBJECT|0000000000000008|     |.data\n")
        self.assertEqual(check_symbols.variables(listing), [("pool.c.o", "count"), ("pool.c.o", "table")])


if __name__ == "__main__":
    unittest.main()
