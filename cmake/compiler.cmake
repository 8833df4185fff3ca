# SPDX-License-Identifier: MIT
# How every target of aikit is compiled. Nothing here reaches a consumer.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    find_program(AIKIT_CCACHE ccache)
    if(AIKIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        # The sloppiness lets it keep what was compiled with precompiled headers.
        set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${AIKIT_CCACHE})
    endif()
    find_program(AIKIT_MOLD mold)
    if(AIKIT_MOLD AND NOT CMAKE_EXE_LINKER_FLAGS MATCHES "fuse-ld")
        string(APPEND CMAKE_EXE_LINKER_FLAGS " -fuse-ld=mold")
        string(APPEND CMAKE_SHARED_LINKER_FLAGS " -fuse-ld=mold")
    endif()
endif()

add_library(aikit_compiler INTERFACE)
target_compile_options(aikit_compiler INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-qual -Wformat=2 -Wundef
    $<$<BOOL:${AIKIT_WERROR}>:-Werror>
    # g++ 12 reports members of coroutine frames and of inlined std::string as possibly unset (GCC PR 105562, 105329),
    # and the operators new and delete of a coroutine's promise, one inlined, the other not, as no pair.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-restrict;-Wno-mismatched-new-delete>)
if(AIKIT_SANITIZE)
    target_compile_options(aikit_compiler INTERFACE -fsanitize=${AIKIT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
    target_link_options(aikit_compiler INTERFACE -fsanitize=${AIKIT_SANITIZE})
    if(AIKIT_SANITIZE MATCHES "address.*undefined")
        # The address sanitizer stops at a null or a dead object by itself; the other one's checks of each pointer double
        # the time to compile. Alignment is checked where bytes are read as numbers: the vector layer.
        target_compile_options(aikit_compiler INTERFACE -fno-sanitize=null,object-size
            $<$<NOT:$<BOOL:$<TARGET_PROPERTY:AIKIT_READS_RAW_BYTES>>>:-fno-sanitize=alignment>)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND AIKIT_SANITIZE MATCHES thread)
        # Asio's fences stand beside mutexes, which the sanitizer does see.
        target_compile_options(aikit_compiler INTERFACE -Wno-tsan -Wno-stringop-overflow)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        # clang 14 cannot assemble coroutine frames with it.
        target_compile_options(aikit_compiler INTERFACE -fno-sanitize=function)
    endif()
endif()
