/* What is in a data set, as text: a head, a line for each class, for each channel, and what is wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "failure.h"
#include "table.h"
#include "terminal.h"
#include "text.h"

#define MOST_SIZES  5  /* named in the head */
#define MOST_LISTED 20 /* broken samples, groups of duplicates, and samples of a group; all with --json */
#define MOST_BAR    24
#define LEAST_BAR   4
#define KEY_WIDTH   10

const char *data_part_name(stria_part part)
{
    return part == STRIA_PART_TEST ? "test" : "train";
}

char *data_sample_name(const stria_dataset *data, stria_place place)
{
    const size_t length = stria_dataset_path(data, place.part, place.index, NULL, 0);
    const size_t size = length > 0 ? length + 1 : CLI_NUMBER_SIZE;
    char *name = malloc(size);
    if (name != NULL && length > 0) {
        stria_dataset_path(data, place.part, place.index, name, size);
    } else if (name != NULL) {
        snprintf(name, size, "%s[%lu]", data_part_name(place.part), (unsigned long)place.index);
    }
    return name;
}

/* ---- The head: a key and what there is to say ---- */

/* Text that grows; what does not fit is left out, which only lists that nobody would read through can reach.
 */
typedef struct line {
    char text[512];
    size_t length;
} line;

static void add(line *to, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);

static void add(line *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(to->text + to->length, sizeof to->text - to->length, format, arguments);
    va_end(arguments);
    if (length > 0 && to->length + (size_t)length < sizeof to->text) {
        to->length += (size_t)length;
    }
    to->text[to->length] = '\0';
}

static void print_line(const char *key, const line *of)
{
    printf("%-*s", KEY_WIDTH, key);
    cli_write_wrapped(stdout, of->text, KEY_WIDTH, KEY_WIDTH, cli_terminal_of(stdout).width);
}

static void print_samples(const data_subject *of)
{
    char number[CLI_NUMBER_SIZE];
    const size_t *counts = of->found->counts;
    line samples = {0};
    add(&samples, "%s", cli_count_text((int64_t)(counts[0] + counts[1]), number));
    if (counts[1] > 0) {
        add(&samples, ": %s train", cli_count_text((int64_t)counts[0], number));
        add(&samples, ", %s test", cli_count_text((int64_t)counts[1], number));
    }
    print_line("samples", &samples);
}

/* "224x224", or how far sizes go and the most common ones. */
static void print_sizes(const stria_examination *found)
{
    char number[CLI_NUMBER_SIZE];
    const stria_size_count *sizes = found->sizes;
    line text = {0};
    if (found->size_count == 1) {
        add(&text, "all %lldx%lld", (long long)sizes[0].height, (long long)sizes[0].width);
        print_line("pictures", &text);
        return;
    }
    int64_t low[2] = {sizes[0].height, sizes[0].width}, high[2] = {low[0], low[1]};
    for (size_t i = 1; i < found->size_count; i++) {
        const int64_t size[2] = {sizes[i].height, sizes[i].width};
        for (int d = 0; d < 2; d++) {
            low[d] = size[d] < low[d] ? size[d] : low[d];
            high[d] = size[d] > high[d] ? size[d] : high[d];
        }
    }
    add(&text, "%s sizes, height %lld to %lld, width %lld to %lld; most often ",
        cli_count_text((int64_t)found->size_count, number), (long long)low[0], (long long)high[0],
        (long long)low[1], (long long)high[1]);
    for (size_t i = 0; i < found->size_count && i < MOST_SIZES; i++) {
        add(&text, "%s%lldx%lld (%s)", i > 0 ? ", " : "", (long long)sizes[i].height,
            (long long)sizes[i].width, cli_count_text((int64_t)sizes[i].count, number));
    }
    print_line("pictures", &text);
}

/* "all RGB", or "RGB (120), grey (3)". */
static void print_names(const char *key, const stria_name_count *names, size_t count)
{
    char number[CLI_NUMBER_SIZE];
    line text = {0};
    if (count == 1) {
        add(&text, "all %s", names[0].name);
    }
    for (size_t i = 0; i < count && count > 1; i++) {
        add(&text, "%s%s (%s)", i > 0 ? ", " : "", names[i].name,
            cli_count_text((int64_t)names[i].count, number));
    }
    if (count > 0) {
        print_line(key, &text);
    }
}

static void add_shape(line *to, const stria_shape *shape)
{
    for (int i = 0; i < shape->rank; i++) {
        add(to, "%s%lld", i > 0 ? "x" : "", (long long)shape->sizes[i]);
    }
}

static void print_head(const data_subject *of)
{
    const stria_examination *found = of->found;
    const stria_shape *targets = stria_dataset_target_shape(of->data);
    cli_write_text(stdout, of->name);
    fputc('\n', stdout);
    print_samples(of);
    if (found->size_count > 0) {
        print_sizes(found);
        print_names("modes", found->modes, found->mode_count);
        print_names("formats", found->formats, found->format_count);
    } else if (found->channel_count > 0) {
        line shape = {0};
        add_shape(&shape, stria_dataset_shape(of->data));
        print_line("arrays", &shape);
    }
    line labels = {0};
    if (found->class_count > 0) {
        add(&labels, "%zu", found->class_count);
    } else {
        add_shape(&labels, targets);
    }
    print_line(found->class_count > 0 ? "classes" : "targets", &labels);
}

/* ---- Classes ---- */

static size_t class_samples(const stria_examination *found, size_t class)
{
    return found->class_counts[0][class] + found->class_counts[1][class];
}

/* What the terminal has left for bars beside the other columns, which are as wide as `used`. */
static int bar_length(int used)
{
    const int left = cli_terminal_of(stdout).width - used - 2;
    return left < LEAST_BAR ? 0 : left < MOST_BAR ? left : MOST_BAR;
}

static int count_width(size_t count, const char *title)
{
    char number[CLI_NUMBER_SIZE];
    const int width = (int)strlen(cli_count_text((int64_t)count, number)), least = (int)strlen(title);
    return width > least ? width : least;
}

/* A bar of `length` of `longest` signs. */
static const char *bar_text(char *text, size_t size, double share, int longest)
{
    const bool unicode = cli_terminal_of(stdout).unicode;
    const int length = share > 0 ? (int)(share * longest + 0.5) : 0;
    const char *sign = unicode ? "█" : "#";
    text[0] = '\0';
    for (int i = 0; i < (share > 0 && length == 0 ? 1 : length); i++) {
        strncat(text, sign, size - strlen(text) - 1);
    }
    return text;
}

static int print_classes(const data_subject *of)
{
    const stria_examination *found = of->found;
    const bool both = found->counts[0] > 0 && found->counts[1] > 0;
    const stria_part only = found->counts[0] > 0 ? STRIA_PART_TRAIN : STRIA_PART_TEST;
    size_t largest = 1, total = found->counts[0] + found->counts[1], most[2] = {0};
    int used = (int)strlen("class");
    for (size_t c = 0; c < found->class_count; c++) {
        const int width = cli_text_width(stria_dataset_class_name(of->data, c));
        used = width > used ? width : used;
        largest = class_samples(found, c) > largest ? class_samples(found, c) : largest;
        for (int part = 0; part < 2; part++) {
            const size_t count = found->class_counts[part][c];
            most[part] = count > most[part] ? count : most[part];
        }
    }
    used += both ? 4 + count_width(most[0], "train") + count_width(most[1], "test")
                 : 2 + count_width(most[only], "samples");
    const int longest = bar_length(used + 2 + 7);

    cli_column columns[5] = {{.title = "class"}};
    size_t count = 1;
    columns[count++] = (cli_column){.title = both ? "train" : "samples", .right = true};
    if (both) {
        columns[count++] = (cli_column){.title = "test", .right = true};
    }
    columns[count++] = (cli_column){.title = "share", .right = true, .min_width = 7};
    if (longest > 0) {
        columns[count++] = (cli_column){.title = ""};
    }
    cli_table table = cli_table_create(columns, count);
    char number[CLI_NUMBER_SIZE], bar[4 * MOST_BAR];
    for (size_t c = 0; c < found->class_count; c++) {
        const size_t samples = class_samples(found, c);
        cli_table_add(&table, "%s", stria_dataset_class_name(of->data, c));
        cli_table_add(&table, "%s",
                      cli_count_text((int64_t)(both ? found->class_counts[0][c] : samples), number));
        if (both) {
            cli_table_add(&table, "%s", cli_count_text((int64_t)found->class_counts[1][c], number));
        }
        cli_table_add(&table, "%.1f %%", total > 0 ? 100.0 * (double)samples / (double)total : 0.0);
        if (longest > 0) {
            cli_table_add(&table, "%s",
                          bar_text(bar, sizeof bar, (double)samples / (double)largest, longest));
        }
    }
    fputc('\n', stdout);
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

/* ---- Channels ---- */

static int print_channels(const stria_examination *found)
{
    static const cli_column columns[] = {{.title = "channel"},
                                         {.title = "mean", .right = true},
                                         {.title = "deviation", .right = true},
                                         {.title = "range", .right = true}};
    cli_table table = cli_table_create(columns, sizeof columns / sizeof columns[0]);
    for (size_t c = 0; c < found->channel_count; c++) {
        const stria_channel_numbers *channel = &found->channels[c];
        char number[CLI_NUMBER_SIZE];
        cli_table_add(&table, "%s", channel->name);
        cli_table_add(&table, "%s", cli_figure_text(channel->mean, number));
        cli_table_add(&table, "%s", cli_figure_text(channel->deviation, number));
        cli_table_add(&table, "%g to %g", channel->lowest, channel->highest);
    }
    fputc('\n', stdout);
    const int status = cli_table_print(&table, stdout, true);
    cli_table_free(&table);
    return status;
}

/* ---- What is wrong ---- */

/* A text of one line, whatever file names hold, set in. */
static void print_set_in(const char *text)
{
    fputs("  ", stdout);
    for (const char *at = text; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        char part[256];
        snprintf(part, sizeof part, "%.*s", length < sizeof part ? (int)length : (int)sizeof part - 4, at);
        const size_t taken = strlen(part);
        cli_write_text(stdout, part);
        at += taken;
        if (*at == '\n') {
            fputc('?', stdout);
            at++;
        }
    }
    fputc('\n', stdout);
}

static void print_more(size_t count, const char *what)
{
    char number[CLI_NUMBER_SIZE];
    if (count > MOST_LISTED) {
        printf("  and %s more%s; all with --json\n", cli_count_text((int64_t)(count - MOST_LISTED), number),
               what);
    }
}

static void print_broken(const stria_examination *found)
{
    char number[CLI_NUMBER_SIZE];
    if (found->broken_count == 0) {
        return;
    }
    printf("\nbroken: %s\n", cli_count_text((int64_t)found->broken_count, number));
    for (size_t i = 0; i < found->broken_count && i < MOST_LISTED; i++) {
        print_set_in(found->broken[i].reason);
    }
    print_more(found->broken_count, "");
}

static int print_group(const data_subject *of, size_t first, size_t end)
{
    const stria_place *places = of->found->duplicates;
    const int32_t class = stria_dataset_label(of->data, places[first].part, places[first].index);
    bool leaks = false, conflicts = false;
    for (size_t i = first; i < end; i++) {
        leaks = leaks || places[i].part != places[first].part;
        conflicts = conflicts || stria_dataset_label(of->data, places[i].part, places[i].index) != class;
    }
    for (size_t i = first; i < end && i < first + MOST_LISTED; i++) {
        char *name = data_sample_name(of->data, places[i]);
        if (name == NULL) {
            return cli_fail_memory();
        }
        print_set_in(name);
        free(name);
    }
    print_more(end - first, "");
    if (leaks || conflicts) {
        printf("    %s%s%s\n", leaks ? "train and test" : "", leaks && conflicts ? ", " : "",
               conflicts ? "different classes" : "");
    }
    return CLI_DONE;
}

static int print_duplicates(const data_subject *of)
{
    const stria_examination *found = of->found;
    char number[CLI_NUMBER_SIZE];
    if (found->group_count == 0) {
        return CLI_DONE;
    }
    const size_t samples = found->group_ends[found->group_count - 1];
    printf("\nduplicates: %s samples", cli_count_text((int64_t)samples, number));
    printf(" in %s group%s\n", cli_count_text((int64_t)found->group_count, number),
           found->group_count > 1 ? "s" : "");
    int status = CLI_DONE;
    for (size_t g = 0; g < found->group_count && g < MOST_LISTED && status == CLI_DONE; g++) {
        fputs(g > 0 ? "\n" : "", stdout);
        status = print_group(of, g > 0 ? found->group_ends[g - 1] : 0, found->group_ends[g]);
    }
    print_more(found->group_count, " groups");
    return status;
}

/* Advice: wrapped, set in behind a sign. */
static void print_advice(bool *any, const line *of)
{
    if (!*any) {
        fputs("\nwarnings\n", stdout);
        *any = true;
    }
    fputs("- ", stdout);
    cli_write_wrapped(stdout, of->text, 2, 2, cli_terminal_of(stdout).width);
}

/* Names the classes whose training samples are few, or missing. */
static void warn_of_classes(const data_subject *of, bool *any)
{
    const stria_examination *found = of->found;
    const stria_part part = found->counts[0] > 0 ? STRIA_PART_TRAIN : STRIA_PART_TEST;
    line empty = {0}, few = {0};
    size_t empty_count = 0, few_count = 0;
    for (size_t c = 0; c < found->class_count; c++) {
        const size_t samples = found->class_counts[part][c];
        line *to = samples == 0 ? &empty : &few;
        size_t *count = samples == 0 ? &empty_count : &few_count;
        if (samples >= DATA_FEW_SAMPLES) {
            continue;
        }
        if (++*count <= MOST_LISTED) {
            add(to, "%s'%s'", *count > 1 ? ", " : "", stria_dataset_class_name(of->data, c));
        }
    }
    const line *lists[] = {&empty, &few};
    const size_t counts[] = {empty_count, few_count};
    for (int i = 0; i < 2; i++) {
        line advice = {0};
        if (counts[i] == 0) {
            continue;
        }
        add(&advice, "%zu class%s with %s %ssamples: %s%s", counts[i], counts[i] > 1 ? "es" : "",
            i == 0 ? "no" : "fewer than 10", part == STRIA_PART_TRAIN ? "training " : "", lists[i]->text,
            counts[i] > MOST_LISTED ? " ..." : "");
        print_advice(any, &advice);
    }
}

static void print_warnings(const data_subject *of)
{
    const stria_examination *found = of->found;
    bool any = false;
    if (found->leaking_groups > 0) {
        line advice = {0};
        add(&advice,
            "%zu group%s of duplicates in both parts: the test part then measures what was "
            "learned by heart",
            found->leaking_groups, found->leaking_groups > 1 ? "s" : "");
        print_advice(&any, &advice);
    }
    if (found->conflicting_groups > 0) {
        line advice = {0};
        add(&advice, "%zu group%s of duplicates in different classes: no model can tell them apart",
            found->conflicting_groups, found->conflicting_groups > 1 ? "s" : "");
        print_advice(&any, &advice);
    }
    warn_of_classes(of, &any);
}

int data_tell(const data_subject *of)
{
    int status = CLI_DONE;
    print_head(of);
    if (of->found->class_count > 0) {
        status = print_classes(of);
    }
    if (status == CLI_DONE && of->found->channel_count > 0) {
        status = print_channels(of->found);
    }
    if (status != CLI_DONE) {
        return status;
    }
    print_broken(of->found);
    status = print_duplicates(of);
    if (status == CLI_DONE) {
        print_warnings(of);
    }
    return status;
}
