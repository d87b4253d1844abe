package golden_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
)

// recorder is a testing.TB that records a failure instead of ending the test.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) FailNow()              { r.failed = true }

func TestCheckComparesAndRewrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "answer.golden")

	t.Setenv("UPDATE", "1")
	require.True(t, golden.Updating())
	golden.Check(t, path, "one\n")
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one\n", string(written))

	t.Setenv("UPDATE", "")
	require.False(t, golden.Updating())
	golden.Check(t, path, "one\n")
	for _, got := range []string{"two\n", "one", ""} {
		r := &recorder{TB: t}
		golden.Check(r, path, got)
		require.True(t, r.failed, "%q passed for %q", got, "one\n")
	}
	missing := &recorder{TB: t}
	golden.Check(missing, filepath.Join(t.TempDir(), "none"), "")
	require.True(t, missing.failed)
}
