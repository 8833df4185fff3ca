# SPDX-License-Identifier: MIT
# Asks a test program for its cases and writes one ctest test for each; run after the program is linked.
# Expects PROGRAM, LABEL, OUTPUT, TIMEOUT, ENVIRONMENT and DIRECTORY.
execute_process(COMMAND ${PROGRAM} --list-test-cases --no-version
    OUTPUT_VARIABLE listed RESULT_VARIABLE failed WORKING_DIRECTORY ${DIRECTORY})
if(failed)
    message(FATAL_ERROR "${PROGRAM} cannot list its test cases (${failed}):\n${listed}")
endif()

set(script "")
# Semicolons and brackets would be taken apart by CMake's lists; tests/rules/names.py refuses such names anyway.
string(REGEX REPLACE "[;]" "," listed "${listed}")
string(REPLACE "\n" ";" listed "${listed}")
foreach(name IN LISTS listed)
    if(name STREQUAL "" OR name MATCHES "^(=+$|\\[doctest\\])")
        continue()
    endif()
    string(REPLACE "," "\\," filter "${name}")  # a comma separates doctest's filters
    set(test "[=[${LABEL}: ${name}]=]")
    # A case that cannot run here prints "[skipped]" and its reason by MESSAGE and returns: it is skipped, unless
    # something failed. A filter that matches no case must not pass.
    string(APPEND script
        "add_test(${test} [=[${PROGRAM}]=] [=[--test-case=${filter}]=] --no-intro --no-version)\n"
        "set_tests_properties(${test} PROPERTIES LABELS [=[${LABEL}]=] TIMEOUT ${TIMEOUT}\n"
        "    RESOURCE_LOCK [=[${PROGRAM}]=]\n"  # cases of one program share its scratch folder
        "    WORKING_DIRECTORY [=[${DIRECTORY}]=] ENVIRONMENT [=[${ENVIRONMENT}]=]\n"
        "    SKIP_REGULAR_EXPRESSION [=[\\[skipped\\].*Status: SUCCESS]=]\n"
        "    FAIL_REGULAR_EXPRESSION [=[test cases: +0 \\|]=])\n")
endforeach()
file(WRITE ${OUTPUT} "${script}")
