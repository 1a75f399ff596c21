/* Sheets of tiles: the list, and its layout as a figure. */
#include <math.h>
#include <string.h>

#include <stria/sheet.h>

#include "base/context.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/text.h"

#define MARGIN       16.0
#define GAP          10.0 /* between tiles */
#define GROUP_GAP    14.0
#define USUAL_WIDTH  960.0
#define USUAL_SIZE   72.0
#define TITLE_SIZE   16.0
#define HEADING_SIZE 12.5
#define CAPTION_SIZE 10.0
#define NOTE_SIZE    11.0
#define LINE         1.3 /* a line of text takes so many ems */
#define SCALE_WIDTH  160.0
#define SCALE_HEIGHT 10.0
#define SCALE_STEPS  64
#define MOST_LINES   4

typedef struct sheet_tile {
    stria_picture picture;
    stria_tile about;
    size_t group;
} sheet_tile;

struct stria_sheet {
    stria_context *context;
    stria_arena arena;
    const char *title;
    stria_sheet_group_options *groups;
    sheet_tile *tiles;
    const char **notes;
    size_t group_count, group_capacity, tile_count, tile_capacity, note_count, note_capacity;
    bool failed;
};

/* ---- The list ---- */

static const char *copied(stria_sheet *sheet, const char *text)
{
    if (text == NULL)
        return NULL;
    const char *copy = stria_arena_copy_text(&sheet->arena, text, strlen(text));
    sheet->failed = sheet->failed || copy == NULL;
    return copy;
}

stria_status stria_sheet_create(stria_sheet **sheet, stria_context *context, const char *title,
                                stria_error *err)
{
    stria_sheet *made = stria_allocate(&context->allocator, sizeof *made);
    if (made == NULL)
        return stria_fail_memory(err, sizeof *made);
    made->context = context;
    made->arena.allocator = &context->allocator;
    made->title = copied(made, title);
    *sheet = made;
    return STRIA_OK;
}

void stria_sheet_free(stria_sheet *sheet)
{
    if (sheet == NULL)
        return;
    const stria_allocator *allocator = &sheet->context->allocator;
    stria_arena_clear(&sheet->arena);
    stria_release(allocator, sheet->groups);
    stria_release(allocator, sheet->tiles);
    stria_release(allocator, sheet->notes);
    stria_release(allocator, sheet);
}

/* Makes room for one more element, or remembers that there is none. */
static bool grow(stria_sheet *sheet, void **array, size_t *capacity, size_t count, size_t size)
{
    if (!sheet->failed && !stria_grow(&sheet->context->allocator, array, capacity, count + 1, size))
        sheet->failed = true;
    return !sheet->failed;
}

void stria_sheet_group(stria_sheet *sheet, const stria_sheet_group_options *options)
{
    void *groups = sheet->groups;
    if (!grow(sheet, &groups, &sheet->group_capacity, sheet->group_count, sizeof *sheet->groups))
        return;
    sheet->groups = groups;
    stria_sheet_group_options *group = &sheet->groups[sheet->group_count++];
    *group = *options;
    group->heading = copied(sheet, options->heading);
    group->palette = copied(sheet, options->palette);
    group->size = options->size > 0 ? options->size : USUAL_SIZE;
}

/* How large a tile is drawn: as it says, or by its group's size. Small pictures are enlarged by whole
 * factors, large ones made smaller. */
static void choose_size(sheet_tile *tile, double size)
{
    const double width = (double)tile->picture.width, height = (double)tile->picture.height;
    const double longer = fmax(width, height);
    const double factor = longer <= size ? floor(size / longer) : size / longer;
    if (!(tile->about.width > 0))
        tile->about.width = fmax(1, floor(width * factor + 0.5));
    if (!(tile->about.height > 0))
        tile->about.height = fmax(1, floor(height * factor + 0.5));
}

void stria_sheet_tile(stria_sheet *sheet, const stria_picture *picture, const stria_tile *about)
{
    if (sheet->group_count == 0)
        stria_sheet_group(sheet, &(stria_sheet_group_options){0});
    void *tiles = sheet->tiles;
    if (picture->height < 1 || picture->width < 1 ||
        !grow(sheet, &tiles, &sheet->tile_capacity, sheet->tile_count, sizeof *sheet->tiles))
        return;
    sheet->tiles = tiles;
    const size_t size = (size_t)(picture->height * picture->width * picture->channels);
    uint8_t *bytes = stria_arena_allocate(&sheet->arena, size);
    if (bytes == NULL) {
        sheet->failed = true;
        return;
    }
    memcpy(bytes, picture->bytes, size);
    sheet_tile *tile = &sheet->tiles[sheet->tile_count++];
    *tile = (sheet_tile){.picture = *picture, .about = *about, .group = sheet->group_count - 1};
    tile->picture.bytes = bytes;
    tile->about.caption = copied(sheet, about->caption);
    tile->about.mark = copied(sheet, about->mark);
    tile->about.title = copied(sheet, about->title);
    choose_size(tile, sheet->groups[tile->group].size);
}

void stria_sheet_note(stria_sheet *sheet, const char *text)
{
    void *notes = sheet->notes;
    if (!grow(sheet, &notes, &sheet->note_capacity, sheet->note_count, sizeof *sheet->notes))
        return;
    sheet->notes = notes;
    const char *copy = copied(sheet, text);
    if (copy != NULL)
        sheet->notes[sheet->note_count++] = copy;
}

const char *stria_sheet_title(const stria_sheet *sheet)
{
    return sheet->title;
}

size_t stria_sheet_tile_count(const stria_sheet *sheet)
{
    return sheet->tile_count;
}

int stria_sheet_tile_at(const stria_sheet *sheet, size_t index, stria_picture *picture, stria_tile *about,
                        size_t *group)
{
    if (index >= sheet->tile_count)
        return 0;
    *picture = sheet->tiles[index].picture;
    *about = sheet->tiles[index].about;
    *group = sheet->tiles[index].group;
    return 1;
}

int stria_sheet_group_at(const stria_sheet *sheet, size_t index, stria_sheet_group_options *group)
{
    if (index >= sheet->group_count)
        return 0;
    *group = sheet->groups[index];
    return 1;
}

const char *stria_sheet_note_at(const stria_sheet *sheet, size_t index)
{
    return index < sheet->note_count ? sheet->notes[index] : NULL;
}

/* ---- Layout ---- */

/* The layout goes over the sheet twice: first without a figure, to find its size, then drawing. */
typedef struct layout {
    const stria_sheet *sheet;
    stria_figure *figure; /* NULL: only measured */
    double limit;         /* of the lines' right end */
    double width, y;      /* used so far */
} layout;

/* A line of text, the end cut off at `size` bytes; returns what follows it, NULL at the end. */
static const char *take_line(const char *text, char *line, size_t size)
{
    const size_t length = strcspn(text, "\n");
    const size_t kept = stria_size_min(length, size - 1);
    memcpy(line, text, kept);
    line[kept] = '\0';
    return text[length] == '\n' ? text + length + 1 : NULL;
}

static void put_text(layout *to, double x, double y, const char *text, const stria_lettering *lettering)
{
    const double width = stria_text_width(text, lettering->size, lettering->bold);
    const double right = lettering->anchor == STRIA_ANCHOR_MIDDLE ? x + width / 2 : x + width;
    to->width = fmax(to->width, right + MARGIN);
    if (to->figure != NULL)
        stria_figure_text(to->figure, x, y, text, lettering);
}

/* Text in lines that break at spaces. */
static void put_paragraph(layout *to, const char *text, const stria_lettering *lettering)
{
    char line[512];
    while (*text != '\0') {
        size_t fits = 0;
        for (size_t end = 0;; end++) {
            if (text[end] != ' ' && text[end] != '\0' && text[end] != '\n')
                continue;
            if (end >= sizeof line)
                break;
            memcpy(line, text, end);
            line[end] = '\0';
            const bool too_wide =
                stria_text_width(line, lettering->size, lettering->bold) > to->limit - 2 * MARGIN;
            if (too_wide && fits > 0)
                break;
            fits = end;
            if (text[end] != ' ' || too_wide)
                break;
        }
        if (fits == 0) { /* one word longer than a line of ours can be */
            fits = stria_size_min(strcspn(text, " \n"), sizeof line - 1);
        }
        memcpy(line, text, fits);
        line[fits] = '\0';
        to->y += lettering->size * LINE;
        put_text(to, MARGIN, to->y, line, lettering);
        text += fits;
        text += *text == ' ' || *text == '\n' ? 1 : 0;
    }
}

/* The group's palette as a bar between its ends. */
static void put_scale(layout *to, const stria_sheet_group_options *group)
{
    const stria_lettering lettering = {.size = CAPTION_SIZE, .color = STRIA_COLOR_SOFT};
    char low[32], high[32];
    stria_format(low, sizeof low, "%.3g", group->low);
    stria_format(high, sizeof high, "%.3g", group->high);
    const double left = MARGIN + stria_text_width(low, CAPTION_SIZE, 0) + 6;
    put_text(to, MARGIN, to->y + SCALE_HEIGHT - 1, low, &lettering);
    put_text(to, left + SCALE_WIDTH + 6, to->y + SCALE_HEIGHT - 1, high, &lettering);
    if (to->figure != NULL) {
        uint8_t colors[SCALE_STEPS][3];
        for (size_t i = 0; i < SCALE_STEPS; i++)
            stria_color_map(group->palette, (double)i / (SCALE_STEPS - 1), colors[i]);
        const stria_picture bar = {.height = 1, .width = SCALE_STEPS, .channels = 3, .bytes = colors[0]};
        stria_figure_picture(to->figure, &bar, left, to->y, SCALE_WIDTH, SCALE_HEIGHT, 1, NULL);
        stria_figure_box(to->figure, left, to->y, SCALE_WIDTH, SCALE_HEIGHT,
                         &(stria_paint){.stroke = STRIA_COLOR_FAINT});
    }
    to->y += SCALE_HEIGHT + 8;
}

/* What the tiles of a row have room for. */
typedef struct room {
    double width, tile_height, height;
} room;

static size_t caption_lines(const stria_tile *about)
{
    size_t lines = about->caption != NULL && about->caption[0] != '\0' ? 1 : 0;
    for (const char *at = about->caption; at != NULL && (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    return stria_size_min(lines, MOST_LINES) + (about->mark != NULL);
}

static room room_for(const sheet_tile *tiles, size_t count)
{
    room cell = {0};
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        const stria_tile *about = &tiles[i].about;
        cell.width = fmax(cell.width, about->width);
        cell.tile_height = fmax(cell.tile_height, about->height);
        lines = stria_size_max(lines, caption_lines(about));
        char line[128];
        for (const char *at = about->caption; at != NULL;) {
            at = take_line(at, line, sizeof line);
            cell.width = fmax(cell.width, ceil(stria_text_width(line, CAPTION_SIZE, 0)));
        }
        if (about->mark != NULL)
            cell.width = fmax(cell.width, ceil(stria_text_width(about->mark, CAPTION_SIZE, 1)));
    }
    cell.height = cell.tile_height + (double)lines * CAPTION_SIZE * LINE + (lines > 0 ? 2 : 0);
    return cell;
}

static void put_tile(layout *to, const sheet_tile *tile, const room *cell, double left, double top)
{
    const stria_tile *about = &tile->about;
    const double middle = left + cell->width / 2;
    to->width = fmax(to->width, left + cell->width + MARGIN);
    const double x = floor(middle - about->width / 2);
    if (to->figure != NULL) {
        stria_figure_picture(to->figure, &tile->picture, x, top, about->width, about->height, about->smooth,
                             about->title);
        stria_figure_box(to->figure, x - 0.5, top - 0.5, about->width + 1, about->height + 1,
                         &(stria_paint){.stroke = STRIA_COLOR_FAINT});
        if (about->mark != NULL)
            stria_figure_box(to->figure, x - 1.5, top - 1.5, about->width + 3, about->height + 3,
                             &(stria_paint){.stroke = STRIA_COLOR_MARK, .width = 3});
    }
    double y = top + cell->tile_height + 2;
    stria_lettering lettering = {.size = CAPTION_SIZE, .anchor = STRIA_ANCHOR_MIDDLE};
    const char *at = about->caption;
    for (int lines = 0; at != NULL && lines < MOST_LINES; lines++) {
        char line[128];
        at = take_line(at, line, sizeof line);
        y += CAPTION_SIZE * LINE;
        put_text(to, middle, y - 2, line, &lettering);
        lettering.color = STRIA_COLOR_SOFT; /* of all lines but the first */
    }
    if (about->mark != NULL) {
        lettering.color = STRIA_COLOR_MARK;
        lettering.bold = 1;
        put_text(to, middle, y + CAPTION_SIZE * LINE - 2, about->mark, &lettering);
    }
}

/* Tiles in columns that all have the width of the widest tile, as many as fit. */
static void put_free_tiles(layout *to, const sheet_tile *tiles, size_t count)
{
    const room cell = room_for(tiles, count);
    const double free_width = to->limit - 2 * MARGIN + GAP;
    const size_t most = (size_t)fmax(1, floor(free_width / (cell.width + GAP)));
    const size_t columns =
        stria_size_pieces(count, stria_size_pieces(count, most)); /* the rows as even as can be */
    for (size_t first = 0; first < count; first += columns) {
        const size_t in_row = stria_size_min(columns, count - first);
        const room row = room_for(tiles + first, in_row);
        const room place = {cell.width, row.tile_height, row.height};
        for (size_t i = 0; i < in_row; i++)
            put_tile(to, &tiles[first + i], &place, MARGIN + (double)i * (cell.width + GAP), to->y);
        to->y += row.height + GAP;
    }
}

/* Tiles in a given number of columns, each as wide as the widest tile in it. */
static void put_columns(layout *to, const sheet_tile *tiles, size_t count, size_t columns)
{
    for (size_t first = 0; first < count; first += columns) {
        const size_t in_row = stria_size_min(columns, count - first);
        const room row = room_for(tiles + first, in_row);
        double left = MARGIN;
        for (size_t i = 0; i < in_row; i++) {
            double width = 0;
            for (size_t k = i; k < count; k += columns)
                width = fmax(width, room_for(&tiles[k], 1).width);
            put_tile(to, &tiles[first + i], &(room){width, row.tile_height, row.height}, left, to->y);
            left += width + GAP;
        }
        to->y += row.height + GAP;
    }
}

static void put_sheet(layout *to)
{
    const stria_sheet *sheet = to->sheet;
    to->y = MARGIN - 4;
    if (sheet->title != NULL) {
        put_paragraph(to, sheet->title, &(stria_lettering){.size = TITLE_SIZE, .bold = 1});
        to->y += 12;
    }
    size_t next = 0;
    for (size_t g = 0; g < sheet->group_count; g++) {
        const stria_sheet_group_options *group = &sheet->groups[g];
        if (group->heading != NULL) {
            to->y += g > 0 ? GROUP_GAP - GAP : 0;
            put_paragraph(to, group->heading, &(stria_lettering){.size = HEADING_SIZE, .bold = 1});
            to->y += 7;
        }
        if (group->palette != NULL)
            put_scale(to, group);
        const size_t first = next;
        while (next < sheet->tile_count && sheet->tiles[next].group == g)
            next++;
        if (group->columns > 0)
            put_columns(to, sheet->tiles + first, next - first, (size_t)group->columns);
        else if (next > first)
            put_free_tiles(to, sheet->tiles + first, next - first);
    }
    for (size_t i = 0; i < sheet->note_count; i++) {
        put_paragraph(to, sheet->notes[i], &(stria_lettering){.size = NOTE_SIZE, .color = STRIA_COLOR_SOFT});
        to->y += 3;
    }
    to->y += MARGIN - 4;
}

stria_status stria_sheet_figure(const stria_sheet *sheet, double width, stria_figure **figure,
                                stria_error *err)
{
    if (sheet->failed)
        return stria_fail(err, STRIA_ERROR_MEMORY, "out of memory for the tiles of a sheet");
    layout to = {.sheet = sheet, .limit = width > 0 ? width : USUAL_WIDTH};
    put_sheet(&to);
    STRIA_TRY(
        stria_figure_create(&to.figure, sheet->context, ceil(fmax(to.width, 2 * MARGIN)), ceil(to.y), err));
    put_sheet(&to);
    *figure = to.figure;
    return STRIA_OK;
}
