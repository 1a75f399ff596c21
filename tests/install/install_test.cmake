# Installs into a folder of the build tree, moves it, builds examples/train_lenet5.c against it in four ways and runs
# each: pkg-config and find_package, shared and static. They train the same network, so all must print the same line.
cmake_minimum_required(VERSION 3.25)

set(work ${BUILD}/tests/install/work)
set(prefix ${work}/moved)
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work})

# run(OUTPUT_VARIABLE COMMAND...): stops the test with the whole output when the command fails.
function(run variable)
    execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE status
                    OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT status EQUAL 0)
        string(REPLACE ";" " " command "${ARGN}")
        message(FATAL_ERROR "${command}\nended with ${status}:\n${output}\n${errors}")
    endif()
    set(${variable} "${output}" PARENT_SCOPE)
endfunction()

run(ignored ${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/installed)
file(RENAME ${work}/installed ${prefix})

foreach(file bin/stria include/stria/stria.h ${LIBDIR}/libstria.a ${LIBDIR}/libstria.so ${LIBDIR}/pkgconfig/stria.pc
        ${LIBDIR}/cmake/stria/stria-config.cmake)
    if(NOT EXISTS ${prefix}/${file})
        message(FATAL_ERROR "${file} was not installed")
    endif()
endforeach()
file(GLOB headers RELATIVE ${SOURCE}/include ${SOURCE}/include/stria/*.h)
foreach(header IN LISTS headers)
    if(NOT EXISTS ${prefix}/include/${header})
        message(FATAL_ERROR "${header} was not installed")
    endif()
endforeach()

run(printed ${prefix}/bin/stria version)
if(NOT printed MATCHES "${VERSION}")
    message(FATAL_ERROR "the installed command says:\n${printed}\nwhich does not name version ${VERSION}")
endif()

# pkg-config
set(ENV{PKG_CONFIG_PATH} ${prefix}/${LIBDIR}/pkgconfig)
set(ENV{LD_LIBRARY_PATH} ${prefix}/${LIBDIR})
separate_arguments(flags UNIX_COMMAND "${FLAGS} -std=c11 -Wall -Wextra -Werror")
run(version pkg-config --modversion stria)
if(NOT version STREQUAL VERSION)
    message(FATAL_ERROR "stria.pc says version ${version}, not ${VERSION}")
endif()
run(compile pkg-config --cflags stria)
run(shared pkg-config --libs stria)
run(static pkg-config --libs --static stria)
separate_arguments(compile UNIX_COMMAND "${compile}")
separate_arguments(shared UNIX_COMMAND "${shared}")
# Of the two libraries in the same folder the linker takes the shared one, unless it is told the other's file name.
string(REPLACE "-lstria" "-l:libstria.a" static "${static}")
separate_arguments(static UNIX_COMMAND "${static}")
set(example ${SOURCE}/examples/train_lenet5.c)
foreach(way shared static)
    run(ignored ${COMPILER} ${flags} ${compile} ${example} -o ${work}/pkgconfig_${way} ${${way}})
endforeach()

# find_package
file(WRITE ${work}/user/CMakeLists.txt "cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(stria ${VERSION} REQUIRED COMPONENTS static)
foreach(way shared static)
    add_executable(package_\${way} ${example})
endforeach()
target_link_libraries(package_shared PRIVATE stria::stria)
target_link_libraries(package_static PRIVATE stria::stria_static)
")
run(ignored ${CMAKE_COMMAND} -G ${GENERATOR} -S ${work}/user -B ${work}/user/build -D CMAKE_PREFIX_PATH=${prefix}
    -D CMAKE_C_COMPILER=${COMPILER} -D CMAKE_C_FLAGS=${FLAGS})
run(ignored ${CMAKE_COMMAND} --build ${work}/user/build)

# All four train on the built-in digits from the same seed.
set(expected "")
foreach(program ${work}/pkgconfig_shared ${work}/pkgconfig_static ${work}/user/build/package_shared
        ${work}/user/build/package_static)
    run(printed ${CMAKE_COMMAND} -E chdir ${work} ${program})
    if(NOT printed MATCHES "^digits: 9[0-9.]+ % of [0-9]+ test pictures right")
        message(FATAL_ERROR "${program} printed:\n${printed}")
    endif()
    if(NOT expected STREQUAL "" AND NOT printed STREQUAL expected)
        message(FATAL_ERROR "${program} printed:\n${printed}\nbut the one before:\n${expected}")
    endif()
    set(expected "${printed}")
    message(STATUS "${program}: ${printed}")
endforeach()
