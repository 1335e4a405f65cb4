# SPDX-License-Identifier: MIT
# skep_add_backend(NAME MANIFEST file SOURCES ...): a backend plugin skep_backend_<name>.so that exports one symbol, with
# its manifest beside it, in the build tree as in an install.

# libskep loads nothing that others could have changed (common umasks let a group write), so neither the build tree nor an
# install lets them.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

function(skep_add_backend name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MANIFEST" "SOURCES;LIBRARIES")
  set(target skep_backend_${name})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE skep::abi skep_common skep_private_options ${arg_LIBRARIES})
  set(version_script "${PROJECT_SOURCE_DIR}/cmake/backend.map")
  target_link_options(${target} PRIVATE "LINKER:--version-script=${version_script}" LINKER:--no-undefined
                      LINKER:-z,now)
  set_target_properties(
    ${target}
    PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY "${SKEP_BACKEND_OUTPUT_DIRECTORY}" LINK_DEPENDS "${version_script}")
  configure_file("${arg_MANIFEST}" "${SKEP_BACKEND_OUTPUT_DIRECTORY}/${name}.json" COPYONLY)
  add_custom_command(
    TARGET ${target}
    POST_BUILD
    COMMAND chmod go-w "${SKEP_BACKEND_OUTPUT_DIRECTORY}" "${SKEP_BACKEND_OUTPUT_DIRECTORY}/${name}.json"
            "$<TARGET_FILE:${target}>"
    VERBATIM)
  install(TARGETS ${target} LIBRARY DESTINATION "${SKEP_BACKEND_INSTALL_DIR}" COMPONENT plugins)
  install(FILES "${arg_MANIFEST}" DESTINATION "${SKEP_BACKEND_INSTALL_DIR}" RENAME ${name}.json COMPONENT plugins)
endfunction()
