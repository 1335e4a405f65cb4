# SPDX-License-Identifier: MIT
# skep_private_options: warnings as errors and the build's sanitizers, for our own targets only. skep_sanitizers is what of
# it code with other warnings takes.
add_library(skep_private_options INTERFACE)
add_library(skep_sanitizers INTERFACE)
target_link_libraries(skep_private_options INTERFACE skep_sanitizers)
target_compile_options(
  skep_private_options
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wformat=2 -Werror
            # Bits of an answer must not depend on whether a compiler fuses a multiply and an add.
            -ffp-contract=off
            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor
            -Woverloaded-virtual>
            # clang blames std::stable_sort for a function that libstdc++ 12 itself calls.
            $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
if(SKEP_SANITIZE)
  target_compile_options(skep_sanitizers INTERFACE -fsanitize=${SKEP_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all
                                                   # gcc misjudges instrumented code: std::regex alone gives six.
                                                   $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(skep_sanitizers INTERFACE -fsanitize=${SKEP_SANITIZE})
endif()
