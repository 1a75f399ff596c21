# Compiler flags that hold for every target, and stria_room(), which makes one room's object library.

add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -fno-math-errno
                    -ffp-contract=off)
if(STRIA_WARNINGS_AS_ERRORS)
    add_compile_options(-Werror)
endif()
if(STRIA_SANITIZE)
    add_compile_options(-fsanitize=${STRIA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${STRIA_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-O2 -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    add_link_options(-Wl,-z,relro,-z,now)
endif()

# stria_room(NAME SOURCE...): an object library stria_NAME that sees the rooms by "room/file.h".
set(STRIA_ROOM_OBJECTS "" CACHE INTERNAL "Object libraries that make up libstria")
function(stria_room name)
    add_library(stria_${name} OBJECT ${ARGN})
    target_include_directories(stria_${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(stria_${name} PRIVATE ${STRIA_DEFINITIONS} _POSIX_C_SOURCE=200809L)
    target_include_directories(stria_${name} SYSTEM PRIVATE ${STRIA_INCLUDE_DIRECTORIES})
    set(STRIA_ROOM_OBJECTS ${STRIA_ROOM_OBJECTS} stria_${name} CACHE INTERNAL "")
endfunction()
