# SPDX-License-Identifier: MIT
# Everything aikit stands on, all from the system's packages.
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.38 REQUIRED)
find_package(ZLIB REQUIRED)
find_path(AIKIT_HNSWLIB_INCLUDE hnswlib/hnswlib.h REQUIRED)
find_path(AIKIT_UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(AIKIT_UTF8PROC_LIBRARY utf8proc REQUIRED)
find_path(AIKIT_CMARK_INCLUDE cmark-gfm.h REQUIRED)
find_library(AIKIT_CMARK_LIBRARY cmark-gfm REQUIRED)
find_library(AIKIT_CMARK_EXTENSIONS_LIBRARY cmark-gfm-extensions REQUIRED)
