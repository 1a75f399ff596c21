/* Competition in one layer of S-cells: what one pattern changes. */
#ifndef STRIA_TRAIN_WINNER_H
#define STRIA_TRAIN_WINNER_H

#include <stdbool.h>

#include "base/context.h"
#include "layers/neocognitron.h"
#include "train/learning_rule.h"

/* A layer that learns. Its weights are the model's. */
typedef struct stria_winner {
    const stria_context *context;
    stria_s_cells cells;
    stria_learning_rule rule;
    float *kernel;     /* [kh,kw,C,planes] */
    float *inhibition; /* [planes] */
    size_t used;       /* planes 0 ... used-1 have learned something */
    size_t places;     /* output pixels */
    float *fixed;      /* [kh,kw]: the weights of the inhibitory cell, and of what is learned */
    float *power;      /* [input pixels] */
    float *v;          /* [places] */
    float *u;          /* [places, planes] */
    bool *taken;       /* [places]: in the square around a winner */
    size_t *best;      /* [planes]: the place of the plane's strongest answer */
} stria_winner;

/* Makes the memory for learning. Free with stria_winner_free, also after a failure. Errors: MEMORY. */
stria_status stria_winner_make(stria_winner *winner, const stria_context *context, const stria_s_cells *cells,
                               const stria_learning_rule *rule, float *kernel, float *inhibition,
                               stria_error *err);
void stria_winner_free(stria_winner *winner);

/* Shows one pattern x [H,W,C] and changes the weights by it. */
void stria_winner_show(stria_winner *winner, const float *x);

/* Whether no further pattern can change anything. */
bool stria_winner_is_done(const stria_winner *winner);

#endif
