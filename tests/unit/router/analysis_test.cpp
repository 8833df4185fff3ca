#include <aikit/router/router.hpp>

#include <doctest/doctest.h>
