/* The writer of pages. See page.h. */
#include "inspect/page.h"

#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "formats/quote.h"
#include "inspect/figure.h"

/* Nothing is loaded and nothing runs: pictures and style are in the page itself. */
static const char head_begin[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>";

/* The colours of the page are those of figures (color_map.c). */
static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--faint:#d0d7de;--panel:#f3f5f8;"
    "--accent:#0072b2}\n"
    "@media screen and "
    "(prefers-color-scheme:dark){:root{--paper:#121519;--ink:#e8eaed;--soft:#9aa4ae;--faint:#343b43;"
    "--panel:#1c2127;--accent:#56b4e9}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.2rem 1rem 3rem;max-width:75rem;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 'DejaVu Sans',Verdana,Helvetica,Arial,sans-serif;overflow-wrap:break-word}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:.2rem 0 .6rem}\n"
    "h2{font-size:1.2rem;margin:2.4rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--faint)}\n"
    "h3{font-size:1rem;margin:1.4rem 0 .4rem}\n"
    "p{max-width:48rem;margin:.5rem 0}\n"
    "a{color:var(--accent)}\n"
    ".soft,figcaption,.missing{color:var(--soft)}\n"
    ".missing{border-left:3px solid var(--faint);padding-left:.8rem}\n"
    "nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.8rem 0}\n"
    "dl.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr));gap:.7rem;margin:1rem "
    "0}\n"
    "dl.cards div{background:var(--panel);border-radius:.4rem;padding:.55rem .8rem}\n"
    "dl.cards dt{color:var(--soft);font-size:.82rem}\n"
    "dl.cards dd{margin:0;font-size:1.25rem;font-weight:bold}\n"
    ".scroll{overflow-x:auto;max-width:100%}\n"
    ".tall{max-height:36rem;overflow-y:auto}\n"
    "table{border-collapse:collapse;font-size:.87rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid "
    "var(--faint)}\n"
    "th{color:var(--soft);font-weight:normal;white-space:nowrap}\n"
    "td{unicode-bidi:isolate}\n"
    ".n{text-align:right;white-space:nowrap}\n"
    ".w{white-space:nowrap}\n"
    ".facts td{overflow-wrap:anywhere}\n"
    ".bar{display:inline-block;height:.6em;margin-left:.5em;background:var(--accent);vertical-align:baseline}"
    "\n"
    ".track{display:inline-block;width:4.2rem;margin-left:.5em;text-align:left}\n"
    ".track .bar{margin:0}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,23rem),1fr));gap:1rem "
    "1.5rem;"
    "align-items:start}\n"
    ".flow{display:flex;flex-wrap:wrap;gap:1rem 1.2rem;align-items:flex-start}\n"
    ".sides{gap:0 3rem}.sides p{max-width:36rem}\n"
    ".flow>*{max-width:100%}\n"
    "figure{margin:.6rem 0;break-inside:avoid}\n"
    ".flow>figure,.figures>figure{margin:0}\n"
    "figcaption{font-size:.82rem;line-height:1.35}\n"
    "svg,img{display:block;max-width:none}\n"
    ".figures svg{max-width:100%;height:auto}\n"
    ".hard{image-rendering:pixelated}\n"
    ".sample{width:7.4rem}\n"
    "pre,code{font-family:'DejaVu Sans Mono',Consolas,monospace;font-size:.82rem}\n"
    "pre{background:var(--panel);border-radius:.4rem;padding:.7rem "
    ".9rem;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "details{margin:.6rem 0}summary{cursor:pointer;color:var(--soft)}\n"
    "@media print{html{font-size:75%;print-color-adjust:exact}body{max-width:none;padding:0;font-size:.9rem}h2{break-after:avoid}.tall{max-height:none;"
    "overflow:visible}.scroll{overflow:visible}nav{display:none}svg{max-width:100%;height:auto}}\n";

void stria_page_begin(stria_page *page, const char *title)
{
    stria_page_add(page, head_begin);
    stria_page_text(page, title);
    stria_page_add(page, "</title>\n<style>\n");
    stria_page_add(page, style);
    stria_page_add(page, "</style>\n</head>\n<body>\n");
    stria_page_element(page, "h1", title);
}

void stria_page_end(stria_page *page)
{
    stria_page_add(page, "</body>\n</html>\n");
}

void stria_page_add(stria_page *page, const char *markup)
{
    stria_text_add(&page->text, markup);
}

void stria_page_text(stria_page *page, const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        const unsigned char byte = (unsigned char)text[at];
        const size_t character = stria_utf8_length(text + at, length - at);
        char one[5] = {0};
        memcpy(one, text + at, character);
        /* U+FFFE and U+FFFF are UTF-8 and no characters; XML knows neither. */
        const bool is_none =
            character == 3 && memcmp(one, "\xEF\xBF", 2) == 0 && (unsigned char)one[2] >= 0xBE;
        if (character == 0 || is_none || byte == 0x7F || (byte < 0x20 && byte != '\n' && byte != '\t'))
            stria_text_add(&page->text, replacement);
        else
            stria_markup_add(&page->text, one);
        at += character > 0 ? character : 1;
    }
}

void stria_page_print(stria_page *page, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(text, sizeof text, format, arguments);
    va_end(arguments);
    stria_page_text(page, text);
}

void stria_page_element(stria_page *page, const char *tag, const char *text)
{
    const int name = (int)strcspn(tag, " ");
    stria_text_format(&page->text, "<%s>", tag);
    stria_page_text(page, text);
    stria_text_format(&page->text, "</%.*s>\n", name, tag);
}

void stria_page_missing(stria_page *page, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    stria_format_v(text, sizeof text, format, arguments);
    va_end(arguments);
    stria_page_add(page, "<p class=\"missing\">");
    bool is_code = false;
    for (char *at = text; *at != '\0'; is_code = !is_code) {
        const size_t length = strcspn(at, "`");
        const bool is_last = at[length] == '\0';
        at[length] = '\0';
        stria_page_add(page, is_code ? "<code>" : "");
        stria_page_text(page, at);
        stria_page_add(page, is_code ? "</code>" : "");
        at += length + !is_last;
    }
    stria_page_add(page, "</p>\n");
}

stria_status stria_page_figure(stria_page *page, stria_figure *figure, const char *title, stria_error *err)
{
    const char *svg;
    size_t length;
    const stria_figure_options options = {.title = title};
    const stria_status status = stria_figure_svg(figure, &options, &svg, &length, err);
    if (status == STRIA_OK) {
        stria_page_add(page, "<figure class=\"scroll\">");
        stria_text_append(&page->text, svg, length);
        stria_page_add(page, "</figure>\n");
    }
    stria_figure_free(figure);
    return status;
}

stria_status stria_page_picture(stria_page *page, const stria_picture *picture, int64_t height, int64_t width,
                                const char *title, stria_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    STRIA_TRY(stria_picture_encode_png(&bytes, &size, page->context, picture, err));
    const bool is_enlarged = width > picture->width;
    stria_text_format(&page->text, "<img%s width=\"%lld\" height=\"%lld\" alt=\"",
                      is_enlarged ? " class=\"hard\"" : "", (long long)width, (long long)height);
    stria_page_text(page, title);
    stria_page_add(page, "\" title=\"");
    stria_page_text(page, title);
    stria_page_add(page, "\" src=\"data:image/png;base64,");
    stria_base64_add(&page->text, bytes, size);
    stria_page_add(page, "\">");
    stria_picture_free_bytes(bytes, page->context);
    return STRIA_OK;
}
