#!/usr/bin/env bash
# Trains the networks whose accuracy docs/performance.md states, with seeds 1, 2 and 3, and prints what each reaches on
# the test part:  bench/accuracy.sh [path of the stria command]
# The results are the same bits on any number of threads and differ only in the last digits between instruction sets.
set -euo pipefail
stria=$(realpath "${1:-build/release/stria}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# train LABEL MODEL DATA OPTION...
train()
{
    local label=$1 model=$2 data=$3 seed
    shift 3
    for seed in 1 2 3; do
        printf '%-44s seed %d  ' "$label" "$seed"
        "$stria" train "$model" "$data" --seed "$seed" --quiet -o out.safetensors "$@" |
            sed -n 's/^test: accuracy \([0-9.]*\),.*/\1/p'
        rm -f out.*
    done
}

train "lenet5, 10 epochs" lenet5 fashion-mnist --epochs 10
train "lenet5-classic, 10 epochs" lenet5-classic fashion-mnist --epochs 10
train "lenet5, 10 epochs, cosine" lenet5 fashion-mnist --epochs 10 --schedule cosine
train "lenet5, 10 epochs, cosine warmup=1, lr 0.002" lenet5 fashion-mnist --epochs 10 --lr 0.002 --schedule "cosine warmup=1"
train "digits-cnn, 20 epochs" digits-cnn digits --epochs 20
