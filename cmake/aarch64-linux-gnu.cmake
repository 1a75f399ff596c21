# Builds for AArch64 Linux with Debian's cross compiler; ctest runs what it built under qemu's user-mode emulation.
#
#     cmake -S . -B build/aarch64 -G Ninja --toolchain cmake/aarch64-linux-gnu.cmake -D STRIA_SMALL_CMOCKA=ON \
#           -D STRIA_WITH_PNG=OFF -D STRIA_WITH_JPEG=OFF -D STRIA_WITH_WEBP=OFF -D STRIA_WITH_ZLIB=OFF \
#           -D STRIA_WITH_ZIP=OFF -D STRIA_WITH_JSON=OFF
#
# The libraries and cmocka are there for the host only, so they are left out; small_cmocka stands in for the latter.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# Static programs need no loader of the target's.
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)
find_program(STRIA_QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(STRIA_QEMU_AARCH64)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${STRIA_QEMU_AARCH64})
endif()
