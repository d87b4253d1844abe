#!/usr/bin/env bash
# Puts the sandbox's query engine (libchdb, ClickHouse as a library) into the
# user's cache folder, where posthog-sandbox and the tests look for it. The
# library comes from npm, pinned by version and by hash; nothing is run from
# the package. It does nothing when the library is already there.
#
# usage: scripts/engine.sh          prints the library's path
# Exit: 0 there, 1 fetching or checking failed, 2 this platform has no pinned library.
set -euo pipefail

package=@chdb/lib-linux-x64-gnu
version=26.7.3-stable.1
# The same hash npm knows as sha512-XP97mMqn…5wpw==, in hexadecimal.
archive_sha512=5cff7b98caa7739b59a4a432c11f0dedc2d3b073624e61ebdf4a42e66ce8de35a6ba48ca9f62016bad1cd81fe059435cb858ce3235a8a2b408082a81563e70a7
library_sha256=36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5
library_bytes=566330096

cache=${XDG_CACHE_HOME:-${HOME:?HOME is not set, and neither is XDG_CACHE_HOME}/.cache}/posthog-mcp
library=$cache/libchdb-$version.so

fail() {
  local code=$1
  shift
  printf 'engine: %s\n' "$@" >&2
  exit "$code"
}

unsupported() {
  fail 2 "$1" \
    "Only linux/amd64 with glibc has a verified engine." \
    "Elsewhere: run in a linux/amd64 container or WSL2, or get a libchdb 26.7.3 or newer for" \
    "this platform from the chDB project and name it with --libchdb FILE or POSTHOG_SANDBOX_LIBCHDB=FILE."
}

# The size tells a finished library from a cut one; hashing takes seconds, so
# it is done once, before the library gets its name.
if [ -f "$library" ] && [ "$(wc -c <"$library")" -eq "$library_bytes" ]; then
  printf '%s\n' "$library"
  exit 0
fi

system=$(uname -s)
machine=$(uname -m)
if [ "$system" != Linux ] || [ "$machine" != x86_64 ]; then
  unsupported "no engine is pinned for $system/$machine."
fi
if ! getconf GNU_LIBC_VERSION >/dev/null 2>&1; then
  unsupported "this system's C library is not glibc (Alpine and other musl systems cannot load the engine)."
fi
command -v npm >/dev/null 2>&1 ||
  fail 1 "npm is needed to fetch $package@$version and was not found." \
    "Install Node.js with npm and run this again, or place libchdb.so of that package at" \
    "$library"

mkdir -p "$cache" || fail 1 "cannot make the folder $cache"
# Beside the target, so that the last step is a rename within one file system.
work=$(mktemp -d "$cache/.engine.XXXXXX") || fail 1 "cannot write in $cache"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "engine: fetching $package@$version (178 MB, 566 MB unpacked)" >&2
if ! npm pack --silent --ignore-scripts --pack-destination "$work" "$package@$version" >"$work/npm.log" 2>&1; then
  cat "$work/npm.log" >&2
  fail 1 "npm could not fetch $package@$version (its words are above)." \
    "Check the network, npm's registry setting and free space, then run this again."
fi
archive=$(find "$work" -name '*.tgz')
[ -n "$archive" ] || fail 1 "npm said it was done but left no archive; run this again."

echo "$archive_sha512  $archive" | sha512sum --check --status ||
  fail 1 "the archive npm fetched has the wrong sha512; it was thrown away." \
    "Someone between npm and here changed it, or it was cut: do not use it, run this again."
tar -xmzf "$archive" -C "$work" package/libchdb.so ||
  fail 1 "cannot unpack libchdb.so in $cache (566 MB are needed there)."
echo "$library_sha256  $work/package/libchdb.so" | sha256sum --check --status ||
  fail 1 "libchdb.so has the wrong sha256; it was thrown away. Is the disk full?"

chmod 0755 "$work/package/libchdb.so"
mv -f "$work/package/libchdb.so" "$library"
printf '%s\n' "$library"
