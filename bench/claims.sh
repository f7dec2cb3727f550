#!/bin/sh
# SPDX-License-Identifier: MIT
# sh bench/claims.sh NN: measures every claim bench/claims/NN_* again and says which hold.
#
# A .cpp is built first and run twice, plain -O3 and -march=native; everything else there that is executable is run.
# Each prints lines `claim | measured | bar | holds` (yes or no) among whatever else it has to say. The exit status is
# 1 when a claim does not hold, a program fails, or one makes no claim.
set -eu
cd "$(dirname "$0")/.."
number=${1:?which claims: sh bench/claims.sh NN}
lines=$(mktemp) output=$(mktemp)
trap 'rm -f "$lines" "$output"' EXIT

set -- bench/claims/"$number"_*
[ -e "$1" ] || { echo "no bench/claims/${number}_*" >&2; exit 1; }
for source; do
    case $source in *.cpp) sh cmake/run.sh bench; break ;; esac
done

failed=0
measure() {
    echo "== $1"
    status=0
    { "$1" 2>&1 || echo $? > "$output.status"; } | tee "$output"
    [ ! -e "$output.status" ] || { status=$(cat "$output.status"); rm -f "$output.status"; }
    if [ "$status" != 0 ] && ! grep -q -E '\| *no *$' "$output"; then
        echo "$1 | exit status $status | 0 | no" >> "$lines"
    elif [ "$status" = 0 ] && ! grep -q -E '\| *(yes|no) *$' "$output"; then
        echo "$1 | makes no claim | at least one | no" >> "$lines"
    fi
    case $1 in *_native) flags='-march=native: ' ;; *) flags= ;; esac
    grep -E '^[^|]*\|[^|]*\|[^|]*\| *(yes|no) *$' "$output" | sed "s/^/$flags/" >> "$lines" || true
}
for source; do
    name=$(basename "$source" .cpp)
    case $source in
        *.cpp) measure "build/bench/claims/$name"; measure "build/bench/claims/${name}_native" ;;
        *) [ ! -x "$source" ] || measure "$source" ;;
    esac
done

echo
awk -F ' *[|] *' 'BEGIN { print "claim | measured | bar | holds"; print "--- | --- | --- | ---" }
    { print; if ($4 ~ /^no/) missed++ }
    END { printf "%d of %d claims hold\n", NR - missed, NR; exit missed > 0 || NR == 0 }' "$lines" || failed=1
exit $failed
