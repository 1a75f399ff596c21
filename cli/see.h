/* stria see: what its modes share. Each mode has a file see_*.c with one function; cmd_see.c finds out which
 * it is. */
#ifndef CLI_SEE_H
#define CLI_SEE_H

#include <stdbool.h>
#include <stdint.h>

#include <stria/stria.h>

#include "open.h"
#include "options.h"

typedef struct see_options {
    bool filters, maps, tuning, explain; /* the modes ... */
    const char *kernel, *receptive, *at, *maximize;
    int64_t top; /* ... 0: not this one */
    const char *layer, *bands, *output, *data, *scale, *palette, *summary, *terminal;
    int64_t most, zoom;
    bool gray, flip, each, json, dark;
    /* Of --explain, --at, --maximize and --top; -1 and NaN: as the library has it. */
    const char *method, *class_name, *part;
    cli_list index;
    bool probabilities;
    int64_t map, patch, stride, samples, seed, steps, jitter;
    double noise, fill, rate, decay, blur, low, high;
    cli_machine machine;
} see_options;

/* One run. */
typedef struct see {
    const see_options *options;
    cli_arguments things; /* the words that are not options: MODEL, or what the mode says */
    stria_context *context;
    stria_model *model; /* NULL in modes without one */
} see;

/* The modes: each prints what is wrong and returns the exit status. */
int see_filters(see *run);
int see_explain(see *run);
int see_at(see *run);
int see_maximize(see *run);
int see_top(see *run);
int see_maps(see *run);
int see_kernel(see *run);
int see_receptive(see *run);
int see_tuning(see *run);

#define SEE_MOST_KERNELS 16

/* Shows a sheet where --output and --terminal say: a file, the terminal, or, off a terminal, a hint on
 * stderr. `title` and what goes behind the figure in HTML (`html`) may be NULL. */
int see_show_sheet(const see *run, const stria_sheet *sheet, const char *html);

/* The same for a figure. On a terminal without graphics it is left to the text. */
int see_show_figure(const see *run, stria_figure *figure, const char *title, const char *caption);

/* The layer that a mode is about: --layer, else the words `first` of the command line, else NULL. More words
 * than `first` + 1 are misuse, which sets *status. */
const char *see_layer(const see *run, int first, int *status);

/* The picture of MODEL PICTURE or MODEL LAYER PICTURE; *layer is the layer, NULL when there is none. Misuse
 * sets *status. */
const char *see_picture(const see *run, const char **layer, int *status);

/* A path's last name, for titles. */
const char *see_base_name(const char *path);

/* Whether --output asks for numbers, FILE.npy, instead of a picture. */
bool see_writes_npy(const see *run);

/* Remarks that the model's weights are those it would begin with, when they are. */
void see_note_untrained(const see *run);

/* Says that there is no layer of that name, with the nearest one. CLI_MISUSED. */
int see_fail_layer(const see *run, const char *layer);

/* Reports an error of the library: what an option asked for is misuse, the rest is as elsewhere. */
int see_fail(const stria_error *err);

#endif
