/* Rules of learning without labels, by name with arguments. */
#ifndef STRIA_TRAIN_LEARNING_RULE_H
#define STRIA_TRAIN_LEARNING_RULE_H

#include "train/choice.h"

typedef enum stria_learning_rule_kind {
    STRIA_RULE_WINNER_TAKE_ALL,
    STRIA_RULE_COUNT
} stria_learning_rule_kind;

typedef struct stria_learning_rule {
    stria_learning_rule_kind kind;
    int64_t passes;
    double rate;          /* q: of a plane's first feature */
    double reinforcement; /* share of q for features that a plane has answered to */
    double faintest;      /* share of the pattern's largest v below which no plane begins */
    double shrinkage;     /* of the covariance that the read-out goes by */
} stria_learning_rule;

extern const stria_choice stria_learning_rules[STRIA_RULE_COUNT];

/* Reads "winner-take-all passes=2". Errors: VALUE. */
stria_status stria_learning_rule_read(stria_learning_rule *rule, const char *text, stria_error *err);

#endif
