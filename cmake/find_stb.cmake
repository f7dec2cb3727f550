# SPDX-License-Identifier: MIT
# stb::stb where stb_image.h lies, which comes without a package file. For our own build and for installed packages.
if(NOT TARGET stb::stb)
  find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb DOC "Folder of stb_image.h")
  mark_as_advanced(STB_INCLUDE_DIR)
  if(STB_INCLUDE_DIR)
    add_library(stb::stb INTERFACE IMPORTED GLOBAL)
    target_include_directories(stb::stb SYSTEM INTERFACE "${STB_INCLUDE_DIR}")
  endif()
endif()
