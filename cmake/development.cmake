# SPDX-License-Identifier: MIT
# What our own tests, benchmarks and examples are compiled with. Never exported.

# Under nvcc the host compiler reads what nvcc has rewritten: line markers that -Wpedantic objects to, and member pointers
# in parentheses of its own.
set(warnings -Wall -Wextra -Wconversion -Wshadow)
list(JOIN warnings "," host_warnings)
add_library(descent_dev INTERFACE)
target_link_libraries(descent_dev INTERFACE descent)
target_compile_options(descent_dev INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${warnings};-Wpedantic;-Werror>"
  "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-Xcompiler=${host_warnings},-Wno-parentheses;--Werror=all-warnings>")
if(DESCENT_NATIVE)
  target_link_libraries(descent_dev INTERFACE descent_native)
endif()

# g++ before 13 takes the undefined registers of its own AVX-512 intrinsics, which Eigen uses, for mistakes of ours
# (GCC bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -march=native)
  check_cxx_source_compiles("#ifndef __AVX512F__\n#error\n#endif\nint main() {}" DESCENT_HOST_HAS_AVX512)
  unset(CMAKE_REQUIRED_FLAGS)
  if(DESCENT_HOST_HAS_AVX512)
    target_compile_options(descent_dev INTERFACE
      "$<$<COMPILE_LANGUAGE:CXX>:-Wno-uninitialized;-Wno-maybe-uninitialized>")
  endif()
endif()

# Ours use every CPU core where OpenMP was found.
if(TARGET OpenMP::OpenMP_CXX)
  add_library(descent_threads ALIAS descent_openmp)
else()
  add_library(descent_threads ALIAS descent)
endif()

# Ours read packed files where zlib was found, images where stb was, and keep studies where SQLite was.
add_library(descent_codecs INTERFACE)
target_link_libraries(descent_codecs INTERFACE descent)
if(TARGET ZLIB::ZLIB)
  target_link_libraries(descent_codecs INTERFACE descent_zlib)
endif()
if(TARGET stb::stb)
  target_link_libraries(descent_codecs INTERFACE descent_stb)
endif()
if(TARGET SQLite::SQLite3)
  target_link_libraries(descent_codecs INTERFACE descent_sqlite)
endif()
