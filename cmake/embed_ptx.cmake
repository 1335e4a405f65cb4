# SPDX-License-Identifier: MIT
# Kernels to PTX to bytes in a library, with clang alone: no header, library or tool of CUDA takes part.

# Sets <out> to a clang of version 18 or newer that emits PTX, or to nothing. SKEP_PTX_COMPILER names one by hand.
function(skep_find_ptx_compiler out)
  set(${out} "" PARENT_SCOPE)
  set(names clang++-22 clang++-21 clang++-20 clang++-19 clang++-18 clang++)
  if(SKEP_PTX_COMPILER)
    set(names "${SKEP_PTX_COMPILER}")
  endif()
  set(trial "${PROJECT_BINARY_DIR}/CMakeFiles/skep_ptx_trial.cu")
  file(WRITE "${trial}" "__attribute__((global)) void trial(int* out) { *out = 1; }\n")
  foreach(name IN LISTS names)
    find_program(skep_ptx_candidate "${name}" NO_CACHE)
    if(NOT skep_ptx_candidate)
      continue()
    endif()
    execute_process(
      COMMAND "${skep_ptx_candidate}" -dumpversion
      OUTPUT_VARIABLE version
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(version VERSION_GREATER_EQUAL 18)
      execute_process(
        COMMAND "${skep_ptx_candidate}" -x cuda -nocudainc -nocudalib --cuda-device-only --cuda-gpu-arch=sm_90a
                --cuda-feature=+ptx80 -S "${trial}" -o "${trial}.ptx"
        RESULT_VARIABLE failure
        OUTPUT_QUIET ERROR_QUIET)
      if(failure EQUAL 0)
        set(${out} "${skep_ptx_candidate}" PARENT_SCOPE)
        return()
      endif()
    endif()
    unset(skep_ptx_candidate)
  endforeach()
endfunction()

# skep_embed_ptx(target COMPILER clang RUNGS arch:ptx... MODULES name...): an object library that defines
# skep::cuda::ptx_images(), each kernels/modules/<name>.cu of the calling folder once per rung. A module <name>:80 is left out of
# rungs below sm_80. Rungs whose texts differ in nothing but the head share one.
function(skep_embed_ptx target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "COMPILER" "RUNGS;MODULES")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/ptx")
  file(MAKE_DIRECTORY "${folder}")
  set(images "")
  set(definitions "")
  set(entries "")
  foreach(rung IN LISTS arg_RUNGS)
    string(REPLACE ":" ";" parts "${rung}")
    list(GET parts 0 architecture)
    list(GET parts 1 ptx_version)
    string(REGEX MATCH "[0-9]+" capability "${architecture}")
    foreach(entry IN LISTS arg_MODULES)
      string(REPLACE ":" ";" parts "${entry};0")
      list(GET parts 0 module)
      list(GET parts 1 least_capability)
      if(capability LESS least_capability)
        continue()
      endif()
      set(source "${CMAKE_CURRENT_SOURCE_DIR}/kernels/modules/${module}.cu")
      set(image "${folder}/${module}.${architecture}.ptx")
      add_custom_command(
        OUTPUT "${image}"
        COMMAND
          "${arg_COMPILER}" -x cuda -nocudainc -nocudalib -nogpuinc --cuda-device-only
          --cuda-gpu-arch=${architecture} --cuda-feature=+ptx${ptx_version} -std=c++20 -O3
          # Bits of an answer must not depend on whether a compiler fuses a multiply and an add.
          -ffp-contract=off -Wall -Wextra -Werror -I "${CMAKE_CURRENT_SOURCE_DIR}/kernels" -S "${source}" -o "${image}" -MD -MF "${image}.d" -MT "${image}"
        # Blanks and comment lines are a quarter of the text.
        COMMAND sed -i -e "s/^[[:space:]]*//" -e "s/ *\t */ /g" -e "s/, /,/g" -e "/^$/d" -e "/^\\/\\//d" "${image}"
        DEPENDS "${source}"
        DEPFILE "${image}.d"
        COMMENT "PTX ${module} for ${architecture}"
        VERBATIM)
      list(APPEND images "${image}")
    endforeach()
  endforeach()
  find_program(SKEP_GZIP gzip REQUIRED)
  set(generated "${folder}/ptx_images.cpp")
  set(writer "${PROJECT_SOURCE_DIR}/cmake/write_ptx_images.cmake")
  string(REPLACE ";" "," joined "${images}")
  add_custom_command(
    OUTPUT "${generated}"
    COMMAND "${CMAKE_COMMAND}" "-DIMAGES=${joined}" "-DFOLDER=${folder}" "-DTEMPLATE=${writer}.in"
            "-DGZIP=${SKEP_GZIP}" -P "${writer}"
    DEPENDS ${images} "${writer}" "${writer}.in"
    COMMENT "PTX of every rung, each text once"
    VERBATIM)
  add_library(${target} OBJECT "${generated}")
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE skep_private_options)
endfunction()
