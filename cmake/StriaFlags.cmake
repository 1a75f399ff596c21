# Compiler flags that hold for every target, and stria_room(), which makes one room's object library.

add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -fno-math-errno
                    -ffp-contract=off)
if(STRIA_WARNINGS_AS_ERRORS)
    add_compile_options(-Werror)
endif()
if(STRIA_FUZZERS)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "STRIA_FUZZERS needs clang: configure with -DCMAKE_C_COMPILER=clang")
    endif()
    if(NOT STRIA_SANITIZE)
        set(STRIA_SANITIZE "address,undefined")
    endif()
endif()
if(STRIA_SANITIZE)
    add_compile_options(-fsanitize=${STRIA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${STRIA_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    add_link_options(-Wl,-z,relro,-z,now)
    # The tables of layers are made of pointers; packed, their relocations take a twentieth of the space.
    include(CheckLinkerFlag)
    check_linker_flag(C -Wl,-z,pack-relative-relocs STRIA_PACKS_RELOCATIONS)
    if(STRIA_PACKS_RELOCATIONS)
        add_link_options(-Wl,-z,pack-relative-relocs)
    endif()
endif()

# stria_room(NAME SOURCE...): an object library stria_NAME that sees the rooms by "room/file.h".
set(STRIA_ROOM_OBJECTS "" CACHE INTERNAL "Object libraries that make up libstria")
function(stria_room name)
    add_library(stria_${name} OBJECT ${ARGN})
    target_include_directories(stria_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(stria_${name} PRIVATE ${STRIA_DEFINITIONS} _POSIX_C_SOURCE=200809L)
    target_include_directories(stria_${name} SYSTEM PRIVATE ${STRIA_INCLUDE_DIRECTORIES})
    # What does not compute is built for size.
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND name MATCHES "^(layers|model|formats|train)$")
        target_compile_options(stria_${name} PRIVATE -Os)
    endif()
    # libFuzzer goes by counters of what was run; kernels meet no bytes of strangers and compile slowly with them.
    if(STRIA_FUZZERS AND NOT name MATCHES "^kernels")
        target_compile_options(stria_${name} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    # What is not in the inner loops is made small rather than fast. No room needs tables for unwinding: nothing that
    # unwinds comes out of plain C, and they would be a twentieth of the library.
    if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT STRIA_SANITIZE)
        target_compile_options(stria_${name} PRIVATE -fno-asynchronous-unwind-tables)
        if(name MATCHES "^(layers|model|formats|data|train)$")
            target_compile_options(stria_${name} PRIVATE -Os)
        endif()
    endif()
    set(STRIA_ROOM_OBJECTS ${STRIA_ROOM_OBJECTS} stria_${name} CACHE INTERNAL "")
endfunction()
