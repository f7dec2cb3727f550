# SPDX-License-Identifier: MIT
# cmake -DINCLUDE=<dir> -P check.cmake: includes go one way, and only exec/ names OpenMP and CUDA.
cmake_minimum_required(VERSION 3.25)
set(levels
  "core"
  "exec"
  "schedule|loss|regularize|data|io|plot"
  "optim"
  "linear|nn|solve"
  "train"
  "prune|quantize|distill|search|mpi")
set(top "descent|version|cuda")  # the umbrella of all, the version number, the door to nvcc

# The area of "descent/optim/adam.hpp" and of its umbrella "descent/optim.hpp" is optim.
function(area_of header result)
  string(REGEX REPLACE "^descent/([a-z_]+)[/.].*" "\\1" area "${header}")
  set(${result} "${area}" PARENT_SCOPE)
endfunction()

function(level_of area result)
  set(level -1)
  set(i 0)
  foreach(names IN LISTS levels)
    if(area MATCHES "^(${names})$")
      set(level ${i})
    endif()
    math(EXPR i "${i} + 1")
  endforeach()
  set(${result} ${level} PARENT_SCOPE)
endfunction()

set(faults "")
file(GLOB_RECURSE headers RELATIVE "${INCLUDE}" "${INCLUDE}/descent/*.hpp" "${INCLUDE}/descent/*.cuh")
list(SORT headers)
foreach(header IN LISTS headers)
  area_of("${header}" area)
  if(header MATCHES "^descent/(${top})\\.(hpp|cuh)$")
    continue()
  endif()
  level_of("${area}" level)
  if(level EQUAL -1)
    list(APPEND faults "${header}: neither an area nor an umbrella")
    continue()
  endif()

  file(STRINGS "${INCLUDE}/${header}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  foreach(line IN LISTS lines)
    if(line MATCHES "\"")
      list(APPEND faults "${header}: ${line}: write <descent/...>")
    elseif(line MATCHES "<(descent/[^>]*)>")
      set(other_header "${CMAKE_MATCH_1}")
      area_of("${other_header}" other)
      level_of("${other}" other_level)
      if(other STREQUAL area OR other STREQUAL "version")
        continue()
      elseif(other_header MATCHES "^(descent/[a-z_]+/detail/)")
        list(APPEND faults "${header}: ${CMAKE_MATCH_1} is private to ${other}")
      elseif(other_level EQUAL -1 OR other_level GREATER level)
        list(APPEND faults "${header}: ${area} must not include ${other}")
      elseif(other_level EQUAL level)
        list(APPEND faults "${header}: ${area} and ${other} are beside one another")
      endif()
    endif()
  endforeach()

  # core/config.hpp says what a function is for nvcc, core/math.hpp which instruction a device has.
  if(NOT area MATCHES "^(exec|mpi)$")
    file(READ "${INCLUDE}/${header}" text)
    string(REGEX REPLACE "//[^\n]*" "" text "${text}")
    set(words "#[ \t]*pragma omp" "_Pragma\\(\"omp" "<omp\\.h>" "omp_[a-z_]+\\(" "<cuda[^>]*>" "<cublas[^>]*>"
              "cuda[A-Z][A-Za-z]+" "cublas[A-Z][A-Za-z]+" "<<<" "__global__" "__shared__" "threadIdx" "blockIdx")
    if(NOT area STREQUAL "core")
      list(APPEND words "_OPENMP" "__CUDA[A-Z_]*" "__device__" "__host__")
    endif()
    foreach(word IN LISTS words)
      if(text MATCHES "${word}")
        list(APPEND faults "${header}: '${CMAKE_MATCH_0}' belongs in exec/")
      endif()
    endforeach()
  endif()
endforeach()

if(faults)
  list(LENGTH faults count)
  list(JOIN faults "\n" faults)
  message("${faults}")
  message(FATAL_ERROR "${count} faults")
endif()
