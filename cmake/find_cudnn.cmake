# SPDX-License-Identifier: MIT
# CUDNN::cudnn beside the CUDA toolkit or where CUDNN_INCLUDE_DIR and CUDNN_LIBRARY say: it comes without a package
# file. For our own build and for installed packages, behind find_package(CUDAToolkit).
if(NOT TARGET CUDNN::cudnn)
  find_path(CUDNN_INCLUDE_DIR cudnn.h HINTS ${CUDAToolkit_INCLUDE_DIRS} DOC "Folder of cudnn.h")
  find_library(CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR} DOC "libcudnn.so")
  mark_as_advanced(CUDNN_INCLUDE_DIR CUDNN_LIBRARY)
  if(CUDNN_INCLUDE_DIR AND CUDNN_LIBRARY)
    add_library(CUDNN::cudnn INTERFACE IMPORTED GLOBAL)
    target_include_directories(CUDNN::cudnn SYSTEM INTERFACE "${CUDNN_INCLUDE_DIR}")
    target_link_libraries(CUDNN::cudnn INTERFACE "${CUDNN_LIBRARY}")
  endif()
endif()
