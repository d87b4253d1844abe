#!/usr/bin/env bash
# Prints the statement coverage of each package of internal/ and of all of it, from a merged profile; fails
# below the bar. Test helpers (golden, sandboxtest) are left out: they are the tests.
set -euo pipefail
profile=$1
bar=${2:-95}
awk -v bar="$bar" '
  NR > 1 && $1 !~ /internal\/(golden|sandbox\/sandboxtest)\// {
    split($1, at, ":"); n = split(at[1], part, "/"); pkg = part[2]
    for (i = 3; i < n; i++) pkg = pkg "/" part[i]
    block = $1; count[block] = $2; of[block] = pkg; if ($3 > 0) hit[block] = 1
  }
  END {
    for (b in count) { total[of[b]] += count[b]; all += count[b]; if (b in hit) { done[of[b]] += count[b]; got += count[b] } }
    for (p in total) printf "%6.1f %%  %s\n", 100 * done[p] / total[p], p | "sort -k3"
    close("sort -k3")
    printf "%6.1f %%  in all, the bar is %s %%\n", 100 * got / all, bar
    exit (100 * got / all < bar)
  }' "$profile"
