/* Dealing samples out to groups: by place, at random, or so that every class has its share of every group. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "data/dataset.h"
#include "formats/quote.h"

/* What remains of a class's share of a group when whole samples are given, and which class. */
typedef struct class_rest {
    uint64_t rest;
    size_t class;
} class_rest;

/* Largest first, the earlier class among equals. */
static int by_rest(const void *a, const void *b)
{
    const class_rest *left = a, *right = b;
    if (left->rest != right->rest)
        return left->rest < right->rest ? 1 : -1;
    return left->class < right->class ? -1 : left->class > right->class;
}

typedef struct deal {
    size_t classes, groups;
    uint32_t *left;         /* [classes] samples that no group has been promised yet */
    uint32_t *quotas;       /* [groups, classes] */
    class_rest *remainders; /* [classes] */
    uint32_t *order;        /* [count] */
} deal;

/* Promises `wanted` of the `all` samples that are left to a group: to each class its share, rounded down, and
 * one more to those with the largest remainders (the method of Hamilton). Numbers of samples are below 2^32,
 * so products fit. */
static void promise(deal *d, size_t group, uint64_t wanted, uint64_t all)
{
    uint64_t given = 0;
    uint32_t *quota = d->quotas + group * d->classes;
    for (size_t c = 0; c < d->classes; c++) {
        quota[c] = all > 0 ? (uint32_t)(d->left[c] * wanted / all) : 0;
        d->remainders[c] = (class_rest){all > 0 ? d->left[c] * wanted % all : 0, c};
        given += quota[c];
    }
    qsort(d->remainders, d->classes, sizeof *d->remainders, by_rest);
    for (size_t i = 0; given < wanted; i++, given++)
        quota[d->remainders[i].class]++;
    for (size_t c = 0; c < d->classes; c++)
        d->left[c] -= quota[c];
}

static void deal_out(deal *d, const int32_t *labels, const size_t *ends, size_t count, uint64_t seed,
                     uint8_t *groups)
{
    for (size_t i = 0; i < count; i++)
        d->left[labels != NULL ? labels[i] : 0]++;
    uint64_t all = count;
    for (size_t g = d->groups; g-- > 0;) {
        const uint64_t wanted = ends[g] - (g > 0 ? ends[g - 1] : 0);
        promise(d, g, wanted, all);
        all -= wanted;
    }
    const stria_random_key key = {.seed = seed, .purpose = STRIA_RANDOM_SPLIT};
    stria_random_order(&key, d->order, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const size_t sample = d->order[i], class = labels != NULL ? (size_t)labels[sample] : 0;
        size_t group = 0;
        while (d->quotas[group * d->classes + class] == 0)
            group++;
        d->quotas[group * d->classes + class]--;
        groups[sample] = (uint8_t)group;
    }
}

/* ends[g]: samples of the groups up to g. */
static stria_status find_ends(const double *shares, size_t share_count, size_t count, size_t *ends,
                              stria_error *err)
{
    double sum = 0;
    for (size_t g = 0; g < share_count; g++) {
        if (!(shares[g] > 0 && shares[g] <= 1))
            return stria_fail(err, STRIA_ERROR_VALUE, "a share of %g: it must be above 0 and at most 1",
                              shares[g]);
        sum += shares[g];
        const double end = floor((double)count * sum + 1e-6);
        ends[g] = g + 1 == share_count || end > (double)count ? count : (size_t)end;
        if (ends[g] == (g > 0 ? ends[g - 1] : 0))
            return stria_fail(err, STRIA_ERROR_VALUE, "a share of %g of %zu samples is none", shares[g],
                              count);
    }
    if (fabs(sum - 1) > 1e-6)
        return stria_fail(err, STRIA_ERROR_VALUE, "the shares make %g together: they must make 1", sum);
    return STRIA_OK;
}

stria_status stria_dataset_split(const stria_dataset *data, stria_part part, const double *shares,
                                 size_t share_count, const char *how, uint64_t seed, uint8_t *groups,
                                 stria_error *err)
{
    const size_t count = stria_dataset_count(data, part);
    const int32_t *labels = count > 0 ? data->parts[part].labels : NULL;
    size_t ends[STRIA_MAX_SHARES];
    if (share_count < 1 || share_count > STRIA_MAX_SHARES)
        return stria_fail(err, STRIA_ERROR_VALUE, "%zu shares: allowed are 1 to %d", share_count,
                          STRIA_MAX_SHARES);
    const int way =
        how == NULL ? (labels != NULL ? 2 : 1) : stria_words_find("end random stratified", how, strlen(how));
    if (way < 0)
        return stria_fail(err, STRIA_ERROR_VALUE, "split '%s' is none of end, random, stratified",
                          stria_quote(STRIA_QUOTE_BUFFER, how));
    if (way == 2 && labels == NULL)
        return stria_fail(err, STRIA_ERROR_VALUE, "the data has no labels to stratify by");
    STRIA_TRY(find_ends(shares, share_count, count, ends, err));
    if (way == 0) {
        for (size_t g = 0, i = 0; g < share_count; g++)
            for (; i < ends[g]; i++)
                groups[i] = (uint8_t)g;
        return STRIA_OK;
    }
    const stria_allocator *allocator = &data->context->allocator;
    deal d = {.classes = way == 2 ? data->class_count : 1, .groups = share_count};
    d.left = stria_allocate_array(allocator, d.classes, sizeof *d.left);
    d.quotas = stria_allocate_array(allocator, d.classes, share_count * sizeof *d.quotas);
    d.remainders = stria_allocate_array(allocator, d.classes, sizeof *d.remainders);
    d.order = stria_allocate_array(allocator, count, sizeof *d.order);
    stria_status status = STRIA_OK;
    if (d.left == NULL || d.quotas == NULL || d.remainders == NULL || d.order == NULL)
        status = stria_fail_memory(err, count * sizeof *d.order);
    else
        deal_out(&d, way == 2 ? labels : NULL, ends, count, seed, groups);
    stria_release(allocator, d.left);
    stria_release(allocator, d.quotas);
    stria_release(allocator, d.remainders);
    stria_release(allocator, d.order);
    return status;
}
