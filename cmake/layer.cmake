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
    if(name STREQUAL "vector")
        set_property(TARGET aikit_vector_objects PROPERTY AIKIT_READS_RAW_BYTES ON)  # see compiler.cmake
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
