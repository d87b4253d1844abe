package chdb

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// libraryFile is the name under which scripts/engine.sh keeps the library.
const libraryFile = "libchdb-26.7.3-stable.1.so"

// Find returns the engine's library file and the places that were looked at.
// The first of these that is named counts, and an error about it is final:
// explicit (the --libchdb flag), $POSTHOG_SANDBOX_LIBCHDB, $CHDB_LIB_PATH.
// Without any, the first that exists: the user's cache folder (where
// "make engine" puts it), beside the program, /usr/local/lib.
func Find(explicit string) (path string, tried []string, err error) {
	for _, named := range []struct{ by, path string }{
		{"--libchdb", explicit},
		{"POSTHOG_SANDBOX_LIBCHDB", os.Getenv("POSTHOG_SANDBOX_LIBCHDB")},
		{"CHDB_LIB_PATH", os.Getenv("CHDB_LIB_PATH")},
	} {
		if named.path == "" {
			continue
		}
		if err := regular(named.path); err != nil {
			return "", []string{named.path}, fmt.Errorf("%s names the engine's library, but %w", named.by, err)
		}
		return named.path, []string{named.path}, nil
	}
	for _, candidate := range candidates() {
		tried = append(tried, candidate)
		if regular(candidate) == nil {
			return candidate, tried, nil
		}
	}
	return "", tried, fmt.Errorf("the sandbox engine (libchdb %s) was not found; looked for %s. "+
		"To get it run: make engine (178 MB to fetch, 570 MB on disk; linux/amd64 with glibc), "+
		"or name the library with --libchdb FILE (this is %s/%s)",
		minimumVersion, strings.Join(tried, ", "), runtime.GOOS, runtime.GOARCH)
}

// candidates lists where the library may be when nobody names it. The cache
// folder is scripts/engine.sh's on every system.
func candidates() []string {
	var paths []string
	cache := os.Getenv("XDG_CACHE_HOME")
	if home, err := os.UserHomeDir(); cache == "" && err == nil {
		cache = filepath.Join(home, ".cache")
	}
	if cache != "" {
		paths = append(paths, filepath.Join(cache, "posthog-mcp", libraryFile))
	}
	if program, err := os.Executable(); err == nil {
		paths = append(paths, filepath.Join(filepath.Dir(program), "libchdb.so"))
	}
	return append(paths, "/usr/local/lib/libchdb.so")
}

// regular says in words why path cannot be a library, or nil.
func regular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	return nil
}
