/* The table of rules of learning without labels. */
#include "train/learning_rule.h"

#include "base/error.h"

static const stria_argument winner_take_all_arguments[] = {
    {"passes", STRIA_ARG_INTEGER, offsetof(stria_learning_rule, passes), "1", 1, 1e6, NULL,
     "passes over the training part for each layer"},
    {"rate", STRIA_ARG_NUMBER, offsetof(stria_learning_rule, rate), "1000", 1e-6, 1e9, NULL,
     "q: how far one feature moves the weights; the larger, the less the strength of features counts"},
    {"reinforcement", STRIA_ARG_NUMBER, offsetof(stria_learning_rule, reinforcement), "0", 0, 1, NULL,
     "share of q with which winners learn features they have answered to"},
    {"faintest", STRIA_ARG_NUMBER, offsetof(stria_learning_rule, faintest), "0.1", 0, 1, NULL,
     "share of a pattern's strongest place below which no new plane begins"},
    {"shrinkage", STRIA_ARG_NUMBER, offsetof(stria_learning_rule, shrinkage), "0.02", 1e-6, 1, NULL,
     "how far the covariance behind the read-out is drawn towards equal variances"},
};

const stria_choice stria_learning_rules[STRIA_RULE_COUNT] = {
    [STRIA_RULE_WINNER_TAKE_ALL] =
        {"winner-take-all", NULL, winner_take_all_arguments,
         sizeof winner_take_all_arguments / sizeof winner_take_all_arguments[0],
         "winner-take-all passes=1 rate=1000 reinforcement=0 faintest=0.1 shrinkage=0.02: s_cells learn "
         "features without labels, layer by layer; a last dense layer is set from the labels' statistics"},
};

stria_status stria_learning_rule_read(stria_learning_rule *rule, const char *text, stria_error *err)
{
    stria_learning_rule read = {0};
    size_t kind;
    STRIA_TRY(
        stria_choice_read("learning rule", stria_learning_rules, STRIA_RULE_COUNT, text, &kind, &read, err));
    read.kind = (stria_learning_rule_kind)kind;
    *rule = read;
    return STRIA_OK;
}
