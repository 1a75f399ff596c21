#!/usr/bin/env bash
# How well networks know digits at places where they have seen none. Each is trained on digits in the middle of a 28x28
# field and tested on other digits, moved by 0 to 6 pixels in eight directions:
#     bench/shift_tolerance.sh [path of the stria command]
# Prints the table of docs/neocognitron.md, for each distance the mean accuracy of the directions. Takes some minutes.
set -euo pipefail
stria=$(realpath "${1:-build/release/stria}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
digits=digits16@28x28

# train NAME OPTION...
train()
{
    "$stria" train "$1" "$digits" "${@:2}" --quiet -o "$1.safetensors" >/dev/null
}

# accuracy NAME SHIFT
accuracy()
{
    "$stria" eval "$1.safetensors" "$digits$2" | sed -n 's/^accuracy *//p'
}

networks=(neocognitron lenet5 lenet5-classic mlp)
train neocognitron --learn winner-take-all
for network in "${networks[@]:1}"; do
    train "$network" --epochs 30
done

printf '| moved by |'
printf ' %s |' "${networks[@]}"
printf '\n|---|'
printf -- '---|%.0s' "${networks[@]}"
printf '\n'
for d in 0 1 2 3 4 5 6; do
    shifts=("+$d+0" "-$d+0" "+0+$d" "+0-$d" "+$d+$d" "+$d-$d" "-$d+$d" "-$d-$d")
    printf '| %d |' "$d"
    for network in "${networks[@]}"; do
        for shift in "${shifts[@]}"; do
            accuracy "$network" "$shift"
        done | awk '{ sum += $1 } END { printf " %.1f %% |", 100 * sum / NR }'
    done
    printf '\n'
done
