# Read by CMake in front of llama-cpp-python's own project (CMAKE_PROJECT_INCLUDE_BEFORE). It forces llama.cpp's
# library for command-line programs on, in CMake's cache; a plain variable of that name goes before the cache.
# That library is three fifths of the compiling, and the Python binding calls nothing of it.
set(LLAMA_BUILD_COMMON OFF)
