# SPDX-License-Identifier: MIT
# What descent stands on: installed packages first, downloads only where DESCENT_FETCH allows them.
include(FetchContent)

# Eigen is asked for without a version: `3.4` would reject Eigen 5, and a range rejects Debian's 3.4.0.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET)
  if(Eigen3_FOUND AND Eigen3_VERSION VERSION_LESS 3.4)
    message(FATAL_ERROR "descent: Eigen ${Eigen3_VERSION} in ${Eigen3_DIR} is too old: 3.4 or newer is needed")
  endif()
endif()
if(NOT TARGET Eigen3::Eigen AND DESCENT_FETCH)
  message(STATUS "descent: Eigen is not installed, downloading it")
  # A folder without CMakeLists.txt keeps Eigen's own build out: it would enter ~/.cmake/packages, and headers
  # are all that we need.
  FetchContent_Declare(Eigen3 SYSTEM
    URL https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
    URL_HASH SHA256=8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72
    DOWNLOAD_EXTRACT_TIMESTAMP ON
    SOURCE_SUBDIR headers_only)
  FetchContent_MakeAvailable(Eigen3)
  add_library(Eigen3::Eigen INTERFACE IMPORTED GLOBAL)
  target_include_directories(Eigen3::Eigen INTERFACE "${eigen3_SOURCE_DIR}")
endif()
if(NOT TARGET Eigen3::Eigen)
  message(FATAL_ERROR "descent: Eigen 3.4 or newer is needed: install it (Debian: libeigen3-dev), "
                      "set Eigen3_DIR, or allow the download with DESCENT_FETCH=ON")
endif()

if(DESCENT_OPENMP)
  if(DESCENT_OPENMP STREQUAL "AUTO")
    find_package(OpenMP QUIET COMPONENTS CXX)
  else()
    find_package(OpenMP REQUIRED COMPONENTS CXX)
  endif()
endif()

if(DESCENT_ZLIB)
  if(DESCENT_ZLIB STREQUAL "AUTO")
    find_package(ZLIB QUIET)
  else()
    find_package(ZLIB REQUIRED)
  endif()
endif()

if(DESCENT_STB)
  include(cmake/find_stb.cmake)
  if(NOT TARGET stb::stb AND NOT DESCENT_STB STREQUAL "AUTO")
    message(FATAL_ERROR "descent: DESCENT_STB=${DESCENT_STB}, but no stb_image.h was found (Debian: libstb-dev): "
                        "set STB_INCLUDE_DIR to its folder")
  endif()
endif()

if(DESCENT_SQLITE)
  if(DESCENT_SQLITE STREQUAL "AUTO")
    find_package(SQLite3 QUIET)
  else()
    find_package(SQLite3 REQUIRED)
  endif()
endif()

if(DESCENT_CUDA)
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    # PTX of the oldest architecture that nvcc 13 knows: the quickest build, and it runs on every later GPU.
    if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 75-virtual CACHE STRING "CUDA architectures")
    endif()
    enable_language(CUDA)
    find_package(CUDAToolkit REQUIRED)
  elseif(NOT DESCENT_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "descent: DESCENT_CUDA=${DESCENT_CUDA}, but no nvcc was found: set CUDACXX to its path")
  endif()
endif()

if(DESCENT_CUDNN AND TARGET CUDA::cudart)
  include(cmake/find_cudnn.cmake)
  if(NOT TARGET CUDNN::cudnn AND NOT DESCENT_CUDNN STREQUAL "AUTO")
    message(FATAL_ERROR "descent: DESCENT_CUDNN=${DESCENT_CUDNN}, but no cuDNN was found: set CUDNN_INCLUDE_DIR to the "
                        "folder of cudnn.h, CUDNN_LIBRARY to libcudnn.so")
  endif()
endif()
