# SPDX-License-Identifier: MIT
"""What sql.py flags and what it leaves alone."""

import unittest

import sql

WRONG = {
    "a value added": 'Statement s(db, "SELECT id FROM chunk WHERE name = \'" + name + "\'");',
    "a value added in front": 'std::string q = prefix + "SELECT id FROM chunk";',
    "a stream": 'out << "DELETE FROM chunk WHERE id = " << id;',
    "a format": 'auto q = std::format("SELECT id FROM {}", table);',
    "an append": 'q.append("INSERT INTO chunk VALUES (");',
    "a string built elsewhere": "Statement s(db, query);",
    "a function's result": "Statement find(connection, make_query(filter));",
    "a temporary": "Statement(db, text).run();",
    "braces": "Statement s{db, text};",
    "a raw literal added to": 'q = R"(SELECT id FROM chunk WHERE x = )" + x;',
    "a choice that is no literal": 'Statement s(db, newest ? order : "SELECT id FROM chunk");',
    "lower case": 'q = "select id from chunk where x = " + x;',
    "a pragma with a value": 'q = "PRAGMA user_version = " + std::to_string(n);',
    "SQLite called directly": "sqlite3_exec(db, text, nullptr, nullptr, nullptr);",
}

RIGHT = {
    "a literal": 'Statement s(db, "SELECT id FROM chunk WHERE name = $1");',
    "literals side by side": 'Statement s(db,\n    "SELECT id, text "\n    "FROM chunk, (SELECT 1)");',
    "a raw literal": 'Statement s(db, R"sql(SELECT ")" FROM chunk)sql");',
    "a constant": "Statement s(db, find_chunk);",
    "a constant of another scope": "Statement s(db, queries::find_chunk);",
    "a choice between literals": 'Statement s(db, newest && n > 1 ? "SELECT 1" : "SELECT 2");',
    "a temporary of a literal": 'Statement(db, "DELETE FROM chunk").run();',
    "a sentence": 'return fail(Errc::storage, "Select a store: " + path);',
    "another sentence": 'message = "Update the configuration: " + name + "Insert the key";',
    "a declaration": "Statement(Connection& connection, std::string_view sql);",
    "a copy": "Statement(Statement const&) = delete;",
    "a comment": '// "SELECT id FROM x" + y\n',
}


class Sql(unittest.TestCase):
    def test_what_is_wrong_is_flagged(self):
        for name, text in WRONG.items():
            with self.subTest(name):
                self.assertTrue(sql.check_text(text, {"find_chunk"}, False), text)

    def test_what_is_right_is_left_alone(self):
        for name, text in RIGHT.items():
            with self.subTest(name):
                self.assertEqual([], sql.check_text(text, {"find_chunk"}, False), text)

    def test_constants_are_known_by_their_literal(self):
        text = 'constexpr std::string_view a = "SELECT 1";\nchar const* const b = "SELECT 2";\n' \
               'constexpr char c[] = R"(SELECT 3)";\nstd::string const d = make();\n'
        self.assertEqual({"a", "b", "c"}, sql.constants_of(text))

    def test_the_driver_speaks_to_sqlite(self):
        for text in ("sqlite3_prepare_v3(db, p, n, 0, &s, nullptr);", "Statement s(connection, sql);",
                     'q = "PRAGMA user_version = " + std::to_string(n);'):
            self.assertEqual([], sql.check_text(text, set(), True))

    def test_the_driver_puts_nothing_together_either(self):
        self.assertTrue(sql.check_text('q = "DELETE FROM " + table;', set(), True))


if __name__ == "__main__":
    unittest.main()
