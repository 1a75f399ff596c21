/* Declared options: one table per command parses its command line and prints its help.
 *
 * Options may stand anywhere, as `--name value` or `--name=value`; some have a letter, `-o value`. `--` ends
 * them. The last of several wins, unless the option collects them. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum cli_option_type {
    CLI_FLAG,     /* bool: present or not */
    CLI_INTEGER,  /* int64_t from `min` to `max` */
    CLI_NUMBER,   /* double from `min` to `max` */
    CLI_TEXT,     /* const char *, one of `words` when there are any */
    CLI_REPEATED, /* cli_list */
} cli_option_type;

#define CLI_LIST_CAPACITY 32

/* The values of an option that may be given several times. */
typedef struct cli_list {
    size_t count;
    const char *items[CLI_LIST_CAPACITY];
} cli_list;

typedef struct cli_option {
    const char *name; /* without the dashes */
    char letter;      /* 'o' for -o; 0 for none */
    cli_option_type type;
    size_t offset;     /* of its field in the command's struct */
    const char *value; /* what the help calls its value, "N"; NULL for a flag */
    const char *help;
    double min, max;   /* of integers and numbers */
    const char *words; /* the words a text may be, separated by spaces; NULL: any */
} cli_option;

/* A command: what `stria NAME` is. */
typedef struct cli_command {
    const char *name;
    const char *title;     /* one line, as a sentence goes on after "stria NAME" */
    const char *arguments; /* "MODEL DATA"; "" for none */
    int min_arguments, max_arguments;
    const char *description; /* paragraphs; may be NULL */
    const char *examples;    /* lines */
    const cli_option *options;
    size_t option_count;
    void (*more_help)(FILE *stream, int width); /* lists that the library knows; may be NULL */
    int (*run)(int argc, char **argv);          /* argv[0] is the command's name; returns the exit status */
} cli_command;

/* The things on the command line that are not options. */
typedef struct cli_arguments {
    int count;
    char **items;
} cli_arguments;

/* Fills the struct of options, which holds the defaults. True when the command shall go on. Otherwise *status
 * is how it ends: help was asked for and printed, or the mistake was said. The order of argv changes. */
bool cli_parse(const cli_command *command, int argc, char **argv, void *options, cli_arguments *arguments,
               int *status);

/* Prints the command's help. */
void cli_print_help(const cli_command *command, FILE *stream);

/* The rows of a command's table: the option's name, the command's struct and field, what its value is called,
 * ... */
#define CLI_FLAG_ROW(name_, owner, field, help_)                                                             \
    {                                                                                                        \
        .name = name_, .type = CLI_FLAG, .offset = offsetof(owner, field), .help = help_                     \
    }
#define CLI_INTEGER_ROW(name_, owner, field, value_, min_, max_, help_)                                      \
    {                                                                                                        \
        .name = name_, .type = CLI_INTEGER, .offset = offsetof(owner, field), .value = value_, .min = min_,  \
        .max = max_, .help = help_                                                                           \
    }
#define CLI_NUMBER_ROW(name_, owner, field, value_, min_, max_, help_)                                       \
    {                                                                                                        \
        .name = name_, .type = CLI_NUMBER, .offset = offsetof(owner, field), .value = value_, .min = min_,   \
        .max = max_, .help = help_                                                                           \
    }
#define CLI_TEXT_ROW(name_, owner, field, value_, help_)                                                     \
    {                                                                                                        \
        .name = name_, .type = CLI_TEXT, .offset = offsetof(owner, field), .value = value_, .help = help_    \
    }
#define CLI_WORDS_ROW(name_, owner, field, value_, words_, help_)                                            \
    {                                                                                                        \
        .name = name_, .type = CLI_TEXT, .offset = offsetof(owner, field), .value = value_, .words = words_, \
        .help = help_                                                                                        \
    }
#define CLI_REPEATED_ROW(name_, owner, field, value_, help_)                                                 \
    {                                                                                                        \
        .name = name_, .type = CLI_REPEATED, .offset = offsetof(owner, field), .value = value_,              \
        .help = help_                                                                                        \
    }

/* Rows that several commands have. */
#define CLI_OUTPUT_ROW(owner, field, value_, help_)                                                          \
    {                                                                                                        \
        .name = "output", .letter = 'o', .type = CLI_TEXT, .offset = offsetof(owner, field),                 \
        .value = value_, .help = help_                                                                       \
    }
#define CLI_JSON_ROW(owner, field) CLI_FLAG_ROW("json", owner, field, "print the results as JSON")
/* Eight rows, for a cli_data_options (open.h). */
#define CLI_DATA_ROWS(owner, field)                                                                          \
    CLI_TEXT_ROW("size", owner, field.size, "HxW",                                                           \
                 "resize pictures to this (default: to what the model takes)"),                              \
        CLI_TEXT_ROW("resize", owner, field.resize, "METHOD",                                                \
                     "how pictures are resized: nearest, bilinear, bicubic, area, lanczos3, lanczos5 or "    \
                     "antialias (default: as the model was trained, else bilinear)"),                        \
        CLI_FLAG_ROW(                                                                                        \
            "crop", owner, field.crop,                                                                       \
            "cut pictures to the model's aspect ratio before resizing, instead of stretching them"),         \
        CLI_INTEGER_ROW("channels", owner, field.channels, "N", 1, 4,                                        \
                        "convert pictures to 1 (grey), 3 (RGB) or 4 (RGB with alpha) channels (default: "    \
                        "what the model takes)"),                                                            \
        CLI_INTEGER_ROW("decode-threads", owner, field.decode_threads, "N", 1, 256,                          \
                        "threads that decode pictures ahead (default: as --threads); the results do not "    \
                        "depend on it"),                                                                     \
        CLI_TEXT_ROW("cache", owner, field.cache, "memory|FILE",                                             \
                     "keep decoded pictures for the next epoch in memory (up to 4 GB), or for later runs "   \
                     "too in a file, or a folder"),                                                          \
        CLI_FLAG_ROW("skip-broken", owner, field.skip_broken,                                                \
                     "leave out pictures that cannot be read, and name them"),                               \
        CLI_FLAG_ROW("empty-classes", owner, field.empty_classes, "class folders may hold no pictures")
/* Three rows, for a cli_machine (open.h). */
#define CLI_MACHINE_ROWS(owner, field)                                                                       \
    CLI_INTEGER_ROW("threads", owner, field.threads, "N", 1, 256,                                            \
                    "threads to compute with (default: the CPUs this process may use); the results do not "  \
                    "depend on it"),                                                                         \
        CLI_TEXT_ROW("cpu", owner, field.cpu, "LEVEL",                                                       \
                     "highest instruction set to use: avx512, avx2, baseline, neon or plain (default: "      \
                     "STRIA_CPU, else the best there is)"),                                                  \
        CLI_WORDS_ROW("algorithm", owner, field.algorithm, "NAME", "auto direct winograd fft ref",           \
                      "how convolutions are computed: direct (sums as they are defined), winograd (3x3 "     \
                      "windows that move by 1; fewer multiplications), fft (large windows by Fourier "       \
                      "transforms), ref (plain C, slow) or auto (the fastest; the default)")

#endif
