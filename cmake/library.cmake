# SPDX-License-Identifier: MIT
# The two libraries, made of every layer's objects: aikit::aikit (libaikit.a) and aikit::aikit_shared (libaikit.so).
get_property(aikit_layers GLOBAL PROPERTY AIKIT_LAYERS)
get_property(aikit_links GLOBAL PROPERTY AIKIT_LINKS)
list(REMOVE_DUPLICATES aikit_links)

set(aikit_objects)
foreach(layer ${aikit_layers})
    list(APPEND aikit_objects $<TARGET_OBJECTS:aikit_${layer}_objects>)
endforeach()

# What stands in a path of this machine becomes a name, so that the installed package can be moved.
set(aikit_static_links)
foreach(link ${aikit_links})
    if(IS_ABSOLUTE "${link}")
        get_filename_component(link "${link}" NAME)
        string(REGEX REPLACE "^lib(.*)\\.(so|a).*$" "\\1" link "${link}")
    endif()
    list(APPEND aikit_static_links ${link})
endforeach()

# What a consumer's own sources need, whichever of the two they link.
function(aikit_interface target)
    target_include_directories(${target} INTERFACE
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_compile_features(${target} INTERFACE cxx_std_20)
    # Types of Boost cross the interface: config.hpp refuses to compile against another version.
    target_compile_definitions(${target} INTERFACE AIKIT_BUILT_WITH_BOOST=${Boost_VERSION_MACRO})
    target_link_libraries(${target} INTERFACE Boost::headers Threads::Threads)
endfunction()

add_library(aikit STATIC ${aikit_objects})
add_library(aikit::aikit ALIAS aikit)
aikit_interface(aikit)
target_link_libraries(aikit PRIVATE ${aikit_static_links})

if(AIKIT_BUILD_SHARED)
    # Debian's static Boost is not position independent and its shared one is not ours to demand: JSON and URL are
    # compiled in, once, and like everything that is not aikit's they stay inside (cmake/aikit.map).
    add_library(aikit_boost_objects OBJECT ${CMAKE_CURRENT_LIST_DIR}/boost.cpp)
    target_compile_definitions(aikit_boost_objects PRIVATE BOOST_ALL_NO_LIB)
    target_link_libraries(aikit_boost_objects PRIVATE Boost::headers)

    set(aikit_shared_links ${aikit_static_links})
    list(REMOVE_ITEM aikit_shared_links Boost::json Boost::url)
    add_library(aikit_shared SHARED ${aikit_objects} $<TARGET_OBJECTS:aikit_boost_objects>)
    add_library(aikit::aikit_shared ALIAS aikit_shared)
    aikit_interface(aikit_shared)
    target_link_libraries(aikit_shared PRIVATE ${aikit_shared_links})
    # Before 1.0 each minor version may change the binary interface, so each has its own name.
    set_target_properties(aikit_shared PROPERTIES OUTPUT_NAME aikit VERSION ${PROJECT_VERSION}
        SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
        LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/aikit.map)
    target_link_options(aikit_shared PRIVATE LINKER:--version-script=${CMAKE_CURRENT_LIST_DIR}/aikit.map)
    if(NOT AIKIT_SANITIZE)
        target_link_options(aikit_shared PRIVATE LINKER:--no-undefined)
    endif()
endif()
