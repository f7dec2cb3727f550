# SPDX-License-Identifier: MIT
# The targets that users link. They carry what a user cannot do without, and no taste of ours.

# Names in the build tree are descent_<component>, outside they are descent::<component>.
function(descent_component name)
  add_library(descent_${name} INTERFACE)
  add_library(descent::${name} ALIAS descent_${name})
  set_target_properties(descent_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(descent_${name} INTERFACE descent)
endfunction()

add_library(descent INTERFACE)
add_library(descent::descent ALIAS descent)
target_include_directories(descent INTERFACE "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>"
                                             "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_compile_features(descent INTERFACE cxx_std_20)
target_link_libraries(descent INTERFACE Eigen3::Eigen)

# This machine's own instructions. One program must not mix objects with and without it.
descent_component(native)
target_compile_options(descent_native INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-march=native>"
  "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-Xcompiler=-march=native>")

# OpenMP::OpenMP_CXX says nothing to nvcc's host compiler, and one program must not see both forms of a loop.
descent_component(openmp)
target_link_libraries(descent_openmp INTERFACE OpenMP::OpenMP_CXX)
target_compile_options(descent_openmp INTERFACE "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-Xcompiler=-fopenmp>")

# Reads packed files. The definition says that zlib is linked: that its header exists says nothing of that.
descent_component(zlib)
target_link_libraries(descent_zlib INTERFACE ZLIB::ZLIB)
target_compile_definitions(descent_zlib INTERFACE DESCENT_ZLIB)

# Decodes PNG and JPEG files; the definition says that its users asked for it.
descent_component(stb)
target_link_libraries(descent_stb INTERFACE stb::stb)
target_compile_definitions(descent_stb INTERFACE DESCENT_STB)

# Keeps studies in files. Debian's libsqlite3-dev.
descent_component(sqlite)
target_link_libraries(descent_sqlite INTERFACE SQLite::SQLite3)
target_compile_definitions(descent_sqlite INTERFACE DESCENT_SQLITE)

# -std: CMake 3.25 does not know C++20 for nvcc. EIGEN_NO_CUDA: without it Eigen in a .cu file loses all SIMD, and
# the linker spreads its slow functions to the .cpp files.
descent_component(cuda)
target_link_libraries(descent_cuda INTERFACE CUDA::cudart CUDA::cublas CUDA::cublasLt)
target_compile_definitions(descent_cuda INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:EIGEN_NO_CUDA>")
target_compile_options(descent_cuda INTERFACE
  "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20;--extended-lambda;--expt-relaxed-constexpr;-diag-suppress=20012,20014>")

# Convolutions on a device; the definition says that cuDNN is linked.
descent_component(cudnn)
target_link_libraries(descent_cudnn INTERFACE descent_cuda CUDNN::cudnn)
target_compile_definitions(descent_cudnn INTERFACE DESCENT_CUDNN)
