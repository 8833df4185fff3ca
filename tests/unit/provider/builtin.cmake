# SPDX-License-Identifier: MIT
# The tests of the built-in provider.
list(APPEND builtin_tests builtin_extractive_test.cpp builtin_lexical_test.cpp builtin_patterns_test.cpp builtin_test.cpp)
