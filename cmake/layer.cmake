# SPDX-License-Identifier: MIT
# A floor of the house: its objects (which the final libraries are made of) and a static library for the tests of
# that floor, linked with the floors below that it names and no others.
#
#   aikit_layer(net SOURCES a.cpp ... DEPENDS core LINK OpenSSL::SSL INCLUDE ${dir})
function(aikit_layer name)
    cmake_parse_arguments(layer "" "" "SOURCES;DEPENDS;LINK;INCLUDE" ${ARGN})
    add_library(aikit_${name}_objects OBJECT ${layer_SOURCES})
    target_include_directories(aikit_${name}_objects PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_include_directories(aikit_${name}_objects SYSTEM PRIVATE ${layer_INCLUDE})
    target_compile_definitions(aikit_${name}_objects PRIVATE BOOST_ALL_NO_LIB)
    target_link_libraries(aikit_${name}_objects PRIVATE aikit_compiler Boost::headers Threads::Threads ${layer_LINK})
    # Static objects stay while threads are still at work in exit(): core/no_destructor.hpp.
    target_compile_options(aikit_${name}_objects PRIVATE $<$<CXX_COMPILER_ID:Clang>:-Wexit-time-destructors>)
    if(name STREQUAL "vector")
        set_property(TARGET aikit_vector_objects PROPERTY AIKIT_READS_RAW_BYTES ON)  # see compiler.cmake
    endif()

    if(AIKIT_PRECOMPILE AND NOT name STREQUAL "vector")  # which has flags of its own
        # Its users' definitions have to be those it was compiled with.
        target_link_libraries(aikit_${name}_objects PRIVATE Boost::json)
        if(NOT TARGET aikit_precompiled)
            file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// Holds nothing.\n")
            add_library(aikit_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
            target_include_directories(aikit_precompiled PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
            target_compile_definitions(aikit_precompiled PRIVATE BOOST_ALL_NO_LIB)
            target_link_libraries(aikit_precompiled PRIVATE aikit_compiler Boost::headers Boost::json Threads::Threads)
            target_precompile_headers(aikit_precompiled PRIVATE ${PROJECT_SOURCE_DIR}/src/core/precompiled.hpp)
        endif()
        target_precompile_headers(aikit_${name}_objects REUSE_FROM aikit_precompiled)
    endif()

    add_library(aikit_${name} STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:aikit_${name}_objects>)
    target_include_directories(aikit_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(aikit_${name} PUBLIC Boost::headers Threads::Threads ${layer_LINK})
    foreach(below ${layer_DEPENDS})
        target_link_libraries(aikit_${name} PUBLIC aikit_${below})
    endforeach()
    set_property(GLOBAL APPEND PROPERTY AIKIT_LAYERS ${name})
    set_property(GLOBAL APPEND PROPERTY AIKIT_LINKS ${layer_LINK})
endfunction()
