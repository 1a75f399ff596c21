/* The inside of reports: what the sections share. Each section is a file of its own, report_*.c, and one
 * function. */
#ifndef STRIA_INSPECT_REPORT_H
#define STRIA_INSPECT_REPORT_H

#include <stria/report.h>
#include <stria/train.h>

#include "base/context.h"
#include "inspect/page.h"

typedef struct stria_report {
    stria_context *context;
    stria_model *model;
    stria_report_options options; /* defaults filled in; `part` is one that is there */
    stria_page page;
    stria_history history;
    char history_fault[256];     /* why there is none; "" when it could be read */
    stria_evaluation evaluation; /* count 0 without data */
    stria_sample_result *worst;  /* [worst_count] */
    size_t worst_count;
} stria_report;

/* The sections, in the order of the page. Errors: MEMORY and those of what they call. */
stria_status stria_report_head(stria_report *report, stria_error *err);
stria_status stria_report_network(stria_report *report, stria_error *err);
stria_status stria_report_training(stria_report *report, stria_error *err);
stria_status stria_report_results(stria_report *report, stria_error *err);
stria_status stria_report_mistakes(stria_report *report, stria_error *err);
stria_status stria_report_filters(stria_report *report, stria_error *err);
stria_status stria_report_maps(stria_report *report, stria_error *err);
stria_status stria_report_memory(stria_report *report, stria_error *err);
stria_status stria_report_origin(stria_report *report, stria_error *err);

/* The graph of the layers in the network section. */
stria_status stria_report_graph(stria_report *report, stria_error *err);

/* ---- What several sections use ---- */

/* Begins a section: its heading, which the menu at the top leads to. */
void stria_report_heading(stria_report *report, const char *id, const char *title);

#define STRIA_NUMBER_SIZE 40

/* "61,706"; "?" for a negative number, which stands for an open size. Returns `text`. */
char *stria_report_count(int64_t count, char text[STRIA_NUMBER_SIZE]);
/* "241.04 KB" (1 KB is 1,024 bytes). Returns `text`. */
char *stria_report_bytes(int64_t bytes, char text[STRIA_NUMBER_SIZE]);
/* A loss: four decimals, or four digits when it is large or tiny. Returns `text`. */
char *stria_report_figure(double value, char text[STRIA_NUMBER_SIZE]);

/* What the line of a layer says besides its name. */
const char *stria_report_layer_text(const stria_layer_info *layer);

/* The name of a class: the data's, else the model's, else its number in `number`, which lives as long as it
 * is used. */
const char *stria_report_class(const stria_report *report, size_t index, char number[STRIA_NUMBER_SIZE]);

/* Whether samples can be shown: the data has pictures [rows, columns, channels]. */
bool stria_report_has_pictures(const stria_report *report);

/* Makes a picture of one or three channels of sample `index` of the part: bytes as they are stored, other
 * numbers from their smallest (black) to their largest. Free with stria_picture_free. Errors: MEMORY, IO. */
stria_status stria_report_sample(stria_report *report, size_t index, stria_picture *picture,
                                 stria_error *err);

/* Adds a sample's picture to the page, no side above `side` pixels: larger ones are made smaller, smaller
 * ones enlarged by a whole number. As above. */
stria_status stria_report_add_sample(stria_report *report, size_t index, int64_t side, const char *title,
                                     stria_error *err);

#endif
