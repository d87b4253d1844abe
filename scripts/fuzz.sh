#!/usr/bin/env bash
# Runs every fuzz target of the module for the given time each. An input that fails is kept by the go
# command below the package's testdata/fuzz: commit it.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
grep -rl --include='*_test.go' '^func Fuzz' internal | sort | while read -r file; do
  grep -o '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/^func //' | while read -r target; do
    echo "fuzz $(dirname "$file") $target for $time"
    if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "./$(dirname "$file")" >"$log" 2>&1; then
      grep 'elapsed' "$log" | tail -n 1
      continue
    fi
    # The go command calls it a failure when its own deadline cuts an input short.
    if grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"; then
      grep 'elapsed' "$log" | tail -n 1
      continue
    fi
    cat "$log"
    exit 1
  done
done
