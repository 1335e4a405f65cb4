# SPDX-License-Identifier: MIT
# Install rules: find_package(skep), pkg-config, and components abi, core, plugins, dev. Everything is relocatable: libskep
# looks for backends relative to itself, and the config files compute their paths.
include(CMakePackageConfigHelpers)

file(GLOB skep_public_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/abi/include/skep/*.h")
install(FILES ${skep_public_headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/skep" COMPONENT abi)
install(FILES "${PROJECT_SOURCE_DIR}/abi/include/skep/skep.hpp" "${PROJECT_SOURCE_DIR}/abi/include/skep/result.hpp"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/skep" COMPONENT dev)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/abi/include/skep/cxx" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/skep" COMPONENT dev
        FILES_MATCHING PATTERN "*.hpp")
# What authors of backends in C++ may use; header-only, nothing of it crosses a boundary.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/common/include/" "${PROJECT_SOURCE_DIR}/plugins/support/include/"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_SOURCE_DIR}/cmake/backend.map" DESTINATION "${CMAKE_INSTALL_DATADIR}/skep" COMPONENT dev)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT core)

install(TARGETS skep EXPORT skep_targets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT core
                                         NAMELINK_COMPONENT dev)
install(TARGETS skep_abi skep_common skep_plugin_support EXPORT skep_targets)
set_target_properties(skep_abi PROPERTIES EXPORT_NAME abi)
set_target_properties(skep_common PROPERTIES EXPORT_NAME common)
set_target_properties(skep_plugin_support PROPERTIES EXPORT_NAME plugin_support)
install(EXPORT skep_targets NAMESPACE skep:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/skep" COMPONENT dev)

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/skep-config.cmake.in" "${PROJECT_BINARY_DIR}/skep-config.cmake" PATH_VARS CMAKE_INSTALL_DATADIR
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/skep")
# Before 1.0 a minor step may change the client ABI.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/skep-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/skep-config.cmake" "${PROJECT_BINARY_DIR}/skep-config-version.cmake"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/skep" COMPONENT dev)

# pkg-config files find their prefix from where they lie; the library folder may be several levels deep.
file(RELATIVE_PATH skep_prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" skep_prefix_from_pc "${skep_prefix_from_pc}")
foreach(package skep-core skep-abi)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${package}.pc.in" "${PROJECT_BINARY_DIR}/${package}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${package}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)
endforeach()
