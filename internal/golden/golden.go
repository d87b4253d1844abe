// Package golden compares what a test got with a committed file. UPDATE=1 in the environment rewrites the
// files instead; the diff is then the review.
package golden

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Updating tells whether the goldens are to be rewritten.
func Updating() bool { return os.Getenv("UPDATE") != "" }

// Check compares got with the file at path (relative to the test's folder), or writes it when Updating.
// A missing file is a failure that names the command which makes it.
func Check(tb testing.TB, path, got string) {
	tb.Helper()
	if Updating() {
		require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(tb, os.WriteFile(path, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(path) //nolint:gosec // the path is the test's own
	require.NoError(tb, err, "make golden writes it")
	require.Equal(tb, string(want), got, "%s differs; make golden rewrites it", path)
}
