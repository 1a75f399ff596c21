# Installing: the library, its headers, the command, stria.pc and a CMake package.
