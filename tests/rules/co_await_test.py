# SPDX-License-Identifier: MIT
"""What co_await.py flags, and what it leaves alone: shapes that g++ 12 was seen to break, and shapes seen to be safe."""

import unittest

import co_await

WRONG = {
    "an aggregate with values": "Task<int> f() { co_return co_await g(Options{1, 2}); }",
    "a braced list for an argument": "Task<int> f() { Result<int> r = co_await g({a, b}); co_return r; }",
    "an empty brace": "Task<int> f() { Result<int> r = co_await g(x, {}); co_return r; }",
    "designated initializers": "Task<int> f() { auto r = co_await g({.n = 3}); co_return r; }",
    "a capturing lambda as argument": "Task<int> f() { auto r = co_await g([s] { return s; }); co_return r; }",
    "a lambda that captures all by value": "Task<int> f() { auto r = co_await g([=] { return s; }); co_return r; }",
    "a lambda with an initialised capture": "Task<int> f() { auto r = co_await g([s = 1] { return s; }); co_return r; }",
    "a lambda that captures this": "Task<int> f() { auto r = co_await g([this] { return n_; }); co_return r; }",
    "a lambda with parameters": "Task<int> f() { auto r = co_await g([s](int x) -> int { return s + x; }); co_return r; }",
    "a conditional around": "Task<int> f() { auto r = c ? co_await g() : co_await h(); co_return r; }",
    "a conditional inside": "Task<int> f() { auto r = co_await g(c ? a + b : b); co_return r; }",
    "an aggregate around the await": "Task<int> f() { Options o = Options{.n = co_await g()}; co_return o.n; }",
    "a vector around awaits": "Task<int> f() { auto v = std::vector{co_await a(), co_await b()}; co_return 1; }",
    "braces over several lines": "Task<int> f() {\n    auto r = co_await g(\n        Options{\n            1});\n    co_return r;\n}",
    "braces in the condition of an if": "Task<int> f() { if (co_await g({1})) co_return 1; co_return 2; }",
    "braces inside a lambda's own coroutine": "auto l = []() -> Task<int> { co_return co_await g({1}); };",
    "a coroutine lambda called on the spot": "void f() { co_spawn(e, [s]() -> Task<int> { co_return co_await g(s); }(), d); }",
    "a const reference": "Task<int> f(std::string const& text);",
    "a const reference the other way": "Task<int> f(const std::string& text);",
    "a view": "Task<int> f(std::string_view text);",
    "a span of many": "Task<int> f(int n, std::span<float const> v);",
    "an rvalue reference": "Task<int> f(Options&& options);",
    "a view taken by a lambda": "auto l = [](std::string_view t) -> Task<int> { co_return 1; };",
    "a view in a raw awaitable": "asio::awaitable<int> f(std::string_view t);",
    "a view whose comment is silent": "/// Sends it, soon.\nTask<int> send(std::string_view t);",
    "a default in braces": "Task<int> f(int n, Options o = {});",
    "a default of a type in braces": "Task<int> f(int n, Options o = Options{});",
    "a lock": "Task<int> f() { std::lock_guard const lock(m_); auto r = co_await g(); co_return r; }",
    "a lock in a block before": "Task<int> f() { { std::unique_lock lock(m_); if (x) { co_await g(); } } co_return 1; }",
    "a dropped result": "Task<void> g(); Task<int> f() { co_await g(); co_return 1; }",
    "a dropped result of a member": "Task<void> flush(); Task<int> f() { x->flush(); co_await db_.flush(); co_return 1; }",
    "a dropped result of a variable": "Task<int> f() { Task<void> t = g(); co_await std::move(t); co_return 1; }",
}

RIGHT = {
    "a named value": "Task<int> f() { Options o{1, 2}; Result<int> r = co_await g(std::move(o)); co_return r; }",
    "the result of a function": "Task<int> f() { Result<int> r = co_await g(make_options()); co_return r; }",
    "a class by its constructor": "Task<int> f() { Result<int> r = co_await g(Options(1), \"a\"); co_return r; }",
    "a named lambda": "Task<int> f() { auto l = [s] { return s; }; auto r = co_await g(std::move(l)); co_return r; }",
    "a lambda that captures references": "Task<int> f() { auto r = co_await g([&] { return s; }); co_return r; }",
    "an if with a body": "Task<int> f() { if (co_await g()) { h({1}); } co_return Options{1}.n; }",
    "a loop with a body": "Task<int> f() { while (auto r = co_await g()) { v.push_back({1}); } co_return 1; }",
    "a conditional elsewhere": "Task<int> f() { auto r = co_await g(); co_return r ? 1 : 2; }",
    "a subscript": "Task<int> f() { auto r = co_await g(names[i], table[j](k)); co_return r; }",
    "an attribute": "Task<int> f() { [[maybe_unused]] auto r = co_await g(); co_return 1; }",
    "braces in a string": "Task<int> f() { auto r = co_await g(\"{a ? b : c}\"); co_return r; }",
    "braces in a comment": "Task<int> f() { auto r = co_await g(/* {1} */ x); co_return r; }",
    "braces in a raw string": "Task<int> f() { auto r = co_await g(R\"({\"a\": 1})\"); co_return r; }",
    "a spawned lambda outside": "void f() { asio::co_spawn(e, [s]() -> asio::awaitable<void> { co_await t(s); }, d); }",
    "a reference to what lives elsewhere": "Task<int> f(Body& body);",
    "a view that is said to live": "/// Sends it. The\n/// caller keeps it alive until then.\nTask<int> send(std::string_view t);",
    "values": "Task<int> f(std::string text, std::function<void(int const&)> seen, std::shared_ptr<X const> x);",
    "a lock that ended": "Task<int> f() { { std::lock_guard lock(m_); n_++; } auto r = co_await g(); co_return r; }",
    "a lock that is let go": "Task<int> f() { std::unique_lock lock(m_); n_++; lock.unlock(); co_return co_await g(); }",
    "an awaited plain awaitable": "asio::awaitable<bool> step(); Task<int> f() { co_await step(); co_return 1; }",
    "a lock beside a coroutine": "void f() { std::lock_guard lock(m_); auto l = []() -> Task<int> { co_return co_await g(); }; }",
    "a timer awaited": "Task<int> f() { co_await timer.async_wait(asio::use_awaitable); co_return 1; }",
    "a result dropped on purpose": "Task<void> g(); Task<int> f() { static_cast<void>(co_await g()); co_return 1; }",
    "digits with separators": "Task<int> f() { auto r = co_await g(1'000'000); co_return r; }",
    "a class in a coroutine's file": "class A { Task<int> f() { co_return co_await g(); } };",
    "an array member": "struct A { int a[3]{1, 2}; Task<int> f() { auto r = co_await g(a[0]); co_return r; } };",
}


class CoAwait(unittest.TestCase):
    def test_what_is_wrong_is_flagged(self):
        for name, text in WRONG.items():
            with self.subTest(name):
                self.assertTrue(co_await.check_text(text), text)

    def test_what_is_right_is_left_alone(self):
        for name, text in RIGHT.items():
            with self.subTest(name):
                self.assertEqual([], co_await.check_text(text), text)

    def test_the_line_is_told(self):
        self.assertEqual(3, co_await.check_text("\n/* a\n*/ Task<int> f() { co_return co_await g({1}); }")[0][0])


if __name__ == "__main__":
    unittest.main()
