# SPDX-License-Identifier: MIT
# test_cuda: compiled wherever nvcc is, run where a device answers. Without one its main runs the cases tagged [host]
# and then reports the rest as skipped, so that a failing host case still fails.
file(GLOB sources CONFIGURE_DEPENDS "*/*_test.cu")
if(sources)
  add_executable(test_cuda cuda/main.cpp ${sources})
  target_link_libraries(test_cuda PRIVATE descent_dev descent_threads descent_cuda descent_catch2)
  if(TARGET CUDNN::cudnn)
    target_link_libraries(test_cuda PRIVATE descent_cudnn)
  endif()
  target_include_directories(test_cuda PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_compile_definitions(test_cuda PRIVATE DESCENT_CATCH2_OLD=$<BOOL:${catch2_is_old}>)
  add_test(NAME test_cuda COMMAND test_cuda)
  set_tests_properties(test_cuda PROPERTIES LABELS "gpu" SKIP_RETURN_CODE 77 TIMEOUT 1200)
endif()
