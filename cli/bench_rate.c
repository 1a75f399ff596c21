/* Rates and the peak they are compared with. See bench.h. */
#include <stdio.h>

#include "bench.h"
#include "terminal.h"
#include "text.h"

cli_rate cli_rate_of(double macs, double bytes, double seconds, const stria_peak *peak)
{
    const double work = macs > 0 ? macs : bytes, most = macs > 0 ? peak->multiply_adds : peak->bytes;
    if (!(work > 0) || !(seconds > 0)) {
        return (cli_rate){.giga = -1};
    }
    return (cli_rate){.giga = (macs > 0 ? 2 * macs : bytes) / seconds * 1e-9,
                      .share = work / seconds / most,
                      .is_arithmetic = macs > 0};
}

char *cli_rate_text(const cli_rate *rate, char *text)
{
    text[0] = '\0';
    if (rate->giga >= 0) {
        snprintf(text, CLI_NUMBER_SIZE, rate->giga < 100 ? "%.1f %s" : "%.0f %s", rate->giga,
                 rate->is_arithmetic ? "GFLOP/s" : "GB/s");
    }
    return text;
}

char *cli_share_text(const cli_rate *rate, char *text)
{
    text[0] = '\0';
    if (rate->giga >= 0) {
        snprintf(text, CLI_NUMBER_SIZE, "%.0f %%", 100 * rate->share);
    }
    return text;
}

void cli_rate_json(const cli_rate *rate, cli_json *object)
{
    if (rate->giga >= 0) {
        cli_json_set(object, rate->is_arithmetic ? "gflops" : "gbytes", cli_json_number(rate->giga));
        cli_json_set(object, "share", cli_json_number(rate->share));
    }
}

void cli_bench_print_peak(const stria_context *context, const stria_peak *peak)
{
    const int threads = stria_context_threads(context);
    char text[160];
    snprintf(text, sizeof text, "%s, %d thread%s; at most %.1f GFLOP/s, memory %.1f GB/s\n",
             stria_context_cpu(context), threads, threads == 1 ? "" : "s", 2e-9 * peak->multiply_adds,
             1e-9 * peak->bytes);
    cli_bench_print_wrapped(text);
}

int cli_bench_print_peak_json(const stria_context *context, const stria_peak *peak)
{
    cli_json *object = cli_json_object();
    cli_json_set(object, "schema", cli_json_text("stria.bench.peak/1"));
    cli_json_set(object, "cpu", cli_json_text(stria_context_cpu(context)));
    cli_json_set(object, "threads", cli_json_integer(stria_context_threads(context)));
    cli_json_set(object, "gflops", cli_json_number(2e-9 * peak->multiply_adds));
    cli_json_set(object, "gbytes", cli_json_number(1e-9 * peak->bytes));
    return cli_json_print(object);
}

void cli_bench_print_wrapped(const char *text)
{
    const cli_terminal terminal = cli_terminal_of(stdout);
    cli_write_wrapped(stdout, text, 0, 0, terminal.width);
}
