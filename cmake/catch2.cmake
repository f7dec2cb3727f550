# SPDX-License-Identifier: MIT
# descent_catch2: Catch2 3, or Debian 12's Catch2 2 behind the header names of 3.
find_package(Catch2 QUIET)
if(NOT Catch2_FOUND)
  if(NOT DESCENT_FETCH)
    message(FATAL_ERROR "descent: the tests need Catch2: install it (Debian: catch2) or allow DESCENT_FETCH=ON")
  endif()
  message(STATUS "descent: Catch2 is not installed, downloading it")
  FetchContent_Declare(Catch2 SYSTEM
    URL https://github.com/catchorg/Catch2/archive/refs/tags/v3.7.1.tar.gz
    URL_HASH SHA256=c991b247a1a0d7bb9c39aa35faf0fe9e19764213f28ffba3109388e62ee0269c
    DOWNLOAD_EXTRACT_TIMESTAMP ON)
  FetchContent_MakeAvailable(Catch2)
endif()

# Not the targets tell the version: Catch2 2 has Catch2WithMain too.
if(Catch2_VERSION AND Catch2_VERSION VERSION_LESS 3)
  set(catch2_is_old TRUE)
  add_library(descent_catch2 STATIC catch2_v2/main.cpp)
  target_compile_features(descent_catch2 PUBLIC cxx_std_20)
  target_compile_options(descent_catch2 PRIVATE -O1)
  target_include_directories(descent_catch2 SYSTEM PUBLIC catch2_v2)
  target_link_libraries(descent_catch2 PUBLIC Catch2::Catch2)
else()
  set(catch2_is_old FALSE)
  add_library(descent_catch2 INTERFACE)
  target_link_libraries(descent_catch2 INTERFACE Catch2::Catch2WithMain)
endif()
