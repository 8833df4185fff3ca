# SPDX-License-Identifier: MIT
# The built-in provider: its sources, and its table of word weights as bytes of the program.
set(idf_file ${PROJECT_SOURCE_DIR}/data/idf.bin)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${idf_file})
file(READ ${idf_file} idf_bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," idf_bytes "${idf_bytes}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/idf_table.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/idf_table.cpp @ONLY)
unset(idf_bytes)

set(builtin_sources builtin/builtin.cpp builtin/extractive.cpp builtin/lexical.cpp builtin/patterns.cpp
    builtin/question.cpp builtin/sentences.cpp builtin/word_weights.cpp ${CMAKE_CURRENT_BINARY_DIR}/idf_table.cpp)
