/* Writing a page of HTML: text that is escaped and cleaned, figures and pictures within the page. The page
 * asks for nothing from elsewhere: its policy forbids the browser to, whatever names the data holds. */
#ifndef STRIA_INSPECT_PAGE_H
#define STRIA_INSPECT_PAGE_H

#include <stria/figure.h>

#include "base/text.h"

/* {.context = c, .text = {.allocator = &c->allocator}} is an empty page. Adding to it returns no status: a
 * failed allocation is remembered by the text. */
typedef struct stria_page {
    stria_context *context;
    stria_text text;
} stria_page;

/* Everything up to the first section, and everything behind the last. */
void stria_page_begin(stria_page *page, const char *title);
void stria_page_end(stria_page *page);

/* Mark-up as it is; only from the program itself. */
void stria_page_add(stria_page *page, const char *markup);

/* Text of any bytes: signs that mark-up has a use for are escaped, control characters but newline and tab and
 * what is not UTF-8 become U+FFFD. Fit for the values of attributes in double quotes too. */
void stria_page_text(stria_page *page, const char *text);

/* A formatted text, escaped and cleaned. */
void stria_page_print(stria_page *page, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);

/* <TAG>text</TAG>, escaped. `tag` may have attributes: "td class=number". */
void stria_page_element(stria_page *page, const char *tag, const char *text);

/* A sentence in the place of something that is not there, with how to get it; `commands` stand between
 * backticks. */
void stria_page_missing(stria_page *page, const char *format, ...) STRIA_PRINTF_LIKE(2, 3);

/* Adds the figure, which is freed in any case, in a box that scrolls where it is too wide; `title` tells
 * those who cannot see it. Errors: MEMORY, NOT_BUILT. */
stria_status stria_page_figure(stria_page *page, stria_figure *figure, const char *title, stria_error *err);

/* Adds a picture of `height` and `width` pixels on the page, its pixels as hard squares when it is enlarged.
 * Errors: MEMORY, NOT_BUILT. */
stria_status stria_page_picture(stria_page *page, const stria_picture *picture, int64_t height, int64_t width,
                                const char *title, stria_error *err);

#endif
