# SPDX-License-Identifier: MIT
"""What exports.py finds in a header, and what it flags."""

import pathlib
import tempfile
import unittest

import exports

HEADER = """
#include <string>
namespace aikit::inline v0 {
int declared(int);
inline int defined(int x) { return x; }
template <class T> T templated(T);
class Door {
public:
    Door();
    Door(Door const&) = default;
    Door(int) = delete;
    virtual ~Door();
    virtual void open(std::string) = 0;
    void close() const noexcept;
    int width() const { return 1; }
    friend bool operator==(Door const&, Door const&);
};
struct Late { int later(); };
inline int Late::later() { return 1; }
}
namespace other { int not_ours(); }
"""


class Exports(unittest.TestCase):
    def declared(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "door.hpp").write_text(HEADER)
            return exports.declared(exports.syntax_tree(["door.hpp"], folder))

    def test_what_must_be_linked_is_found_and_nothing_else(self):
        self.assertEqual(["Door", "close", "declared", "operator==", "~Door"], sorted(self.declared().values()))

    def test_a_missing_function_is_flagged(self):
        wanted = self.declared()
        shown = {mangled: "aikit::v0::" + name for mangled, name in wanted.items() if name != "close"}
        complaints = exports.compare(wanted, shown)
        self.assertEqual(1, len(complaints))
        self.assertIn("close", complaints[0])

    def test_strangers_are_flagged_and_what_belongs_to_our_classes_is_not(self):
        ours = ["aikit::v0::version()", "vtable for aikit::v0::Kit", "typeinfo for aikit::v0::Exception",
                "typeinfo name for aikit::v0::Exception", "non-virtual thunk to aikit::v0::Kit::~Kit()"]
        strangers = ["boost::json::parse(char const*)", "std::vector<aikit::v0::Kit>::~vector()", "cpuid",
                     "typeinfo for boost::asio::service_already_exists", "aikit::open()"]
        self.assertEqual([], exports.compare({}, dict(enumerate(ours))))
        self.assertEqual(len(strangers), len(exports.compare({}, dict(enumerate(strangers)))))


if __name__ == "__main__":
    unittest.main()
