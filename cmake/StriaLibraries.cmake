# The well-kept libraries that Stria uses outside its own subject. Each has one switch, and one source file behind it.

find_package(Threads REQUIRED)
find_package(PkgConfig)
set(STRIA_DEFINITIONS "")
set(STRIA_INCLUDE_DIRECTORIES "")
set(STRIA_LINK_LIBRARIES Threads::Threads m)
set(STRIA_PC_REQUIRES "")

function(stria_library switch module define package)
    if(NOT ${switch})
        return()
    endif()
    pkg_check_modules(${define} IMPORTED_TARGET ${module})
    if(NOT ${define}_FOUND)
        message(FATAL_ERROR "${module} was not found: install ${package}, or turn it off with -D${switch}=OFF")
    endif()
    set(STRIA_DEFINITIONS ${STRIA_DEFINITIONS} STRIA_HAVE_${define}=1
        STRIA_${define}_VERSION="${${define}_VERSION}" PARENT_SCOPE)
    set(STRIA_INCLUDE_DIRECTORIES ${STRIA_INCLUDE_DIRECTORIES} ${${define}_INCLUDE_DIRS} PARENT_SCOPE)
    set(STRIA_LINK_LIBRARIES ${STRIA_LINK_LIBRARIES} PkgConfig::${define} PARENT_SCOPE)
    set(STRIA_PC_REQUIRES "${STRIA_PC_REQUIRES} ${module}" PARENT_SCOPE)
endfunction()

stria_library(STRIA_WITH_PNG libpng PNG libpng-dev)
stria_library(STRIA_WITH_ZLIB zlib ZLIB zlib1g-dev)
stria_library(STRIA_WITH_ZIP libzip ZIP libzip-dev)
stria_library(STRIA_WITH_JSON jansson JSON libjansson-dev)
