// SPDX-License-Identifier: MIT
// cmake/boost.cpp - the compiled parts of Boost that the shared library carries inside.
#include <boost/json/src.hpp>
#include <boost/url/src.hpp>
