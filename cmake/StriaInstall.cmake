# Installing: the library, its headers, the command, stria.pc and a CMake package.
#
# Both ways of finding Stria say where things are relative to their own place, so that an installed tree may be moved
# and `cmake --install build --prefix DIR` needs no new configuration.
include(CMakePackageConfigHelpers)

set_target_properties(stria_shared PROPERTIES EXPORT_NAME stria)
install(TARGETS stria_shared EXPORT stria-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
# The static library is an export of its own: only it asks its users for the libraries that Stria is built on.
install(TARGETS stria_static EXPORT stria-static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS stria_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/stria DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# pkg-config. The libraries stand in Libs.private: with Requires.private every user, of the shared library too, would need
# their .pc files, and static linking would ask for what those libraries themselves are built on.
file(RELATIVE_PATH STRIA_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" STRIA_PC_PREFIX ${STRIA_PC_PREFIX})
file(RELATIVE_PATH STRIA_PC_LIBDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH STRIA_PC_INCLUDEDIR ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(${PROJECT_SOURCE_DIR}/cmake/stria.pc.in ${PROJECT_BINARY_DIR}/stria.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/stria.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# CMake: find_package(stria) gives stria::stria, and stria::stria_static where its libraries are found.
set(stria_package ${CMAKE_INSTALL_LIBDIR}/cmake/stria)
set(STRIA_STATIC_DEPENDENCIES "")
foreach(dependency PNG:libpng JPEG:libjpeg WEBP:libwebp ZLIB:zlib ZIP:libzip JSON:jansson)
    string(REPLACE ":" ";" pair ${dependency})
    list(GET pair 0 name)
    if(STRIA_WITH_${name})
        list(APPEND STRIA_STATIC_DEPENDENCIES ${dependency})
    endif()
endforeach()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/stria-config.cmake.in ${PROJECT_BINARY_DIR}/stria-config.cmake
                              INSTALL_DESTINATION ${stria_package} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/stria-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/stria-config.cmake ${PROJECT_BINARY_DIR}/stria-config-version.cmake
        DESTINATION ${stria_package})
install(EXPORT stria-shared NAMESPACE stria:: DESTINATION ${stria_package})
install(EXPORT stria-static NAMESPACE stria:: DESTINATION ${stria_package})
