# SPDX-License-Identifier: MIT
# `cmake --install`, find_package(descent) from the installed and from the build tree, and pkg-config.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/descent")
set(components native openmp zlib stb sqlite cuda cudnn)

install(DIRECTORY include/descent DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/descent")

# One file of targets per component: a user of the CPU part needs no OpenMP and no CUDA, and a package built without
# them still offers them where they exist.
install(TARGETS descent EXPORT descent_targets)
set(exports descent_targets)
foreach(component IN LISTS components)
  install(TARGETS descent_${component} EXPORT descent_${component}_targets)
  list(APPEND exports descent_${component}_targets)
endforeach()
foreach(export IN LISTS exports)
  install(EXPORT ${export} NAMESPACE descent:: DESTINATION "${package_dir}")
  export(EXPORT ${export} NAMESPACE descent:: FILE "${PROJECT_BINARY_DIR}/${export}.cmake")
endforeach()

configure_package_config_file(cmake/descent-config.cmake.in "${PROJECT_BINARY_DIR}/descent-config.cmake"
                              INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/descent-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
configure_file(cmake/find_stb.cmake "${PROJECT_BINARY_DIR}/find_stb.cmake" COPYONLY)
configure_file(cmake/find_cudnn.cmake "${PROJECT_BINARY_DIR}/find_cudnn.cmake" COPYONLY)
install(FILES "${PROJECT_BINARY_DIR}/descent-config.cmake" "${PROJECT_BINARY_DIR}/descent-config-version.cmake"
              cmake/find_stb.cmake cmake/find_cudnn.cmake
        DESTINATION "${package_dir}")

# The prefix is found from where the file lies: `cmake --install --prefix` would make a written one wrong.
configure_file(cmake/descent.pc.in "${PROJECT_BINARY_DIR}/descent.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/descent.pc" DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
