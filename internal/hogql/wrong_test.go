package hogql_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// TestWrongQueries holds 100 wrong queries. In testdata/wrong.txt each has the mark ‸ before the token that a
// reader would point at, set by hand, and the hint behind "= ". A hint that is a whole query runs on the sandbox.
func TestWrongQueries(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	data, err := os.ReadFile("testdata/wrong.txt")
	require.NoError(t, err)
	var b strings.Builder
	queries, rewritten := 0, 0
	for block := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n\n") {
		marked, _, _ := strings.Cut(block, "\n= ")
		at := strings.Index(marked, "‸")
		require.GreaterOrEqual(t, at, 0, marked)
		src := marked[:at] + strings.TrimPrefix(marked[at:], "‸")
		_, err := hogql.Parse(src)
		var e *hogql.Error
		require.ErrorAs(t, err, &e, src)
		if int(e.Span.Start) != at {
			t.Errorf("a reader would point at\n%s\nwhere the error says\n%v", marked, err)
		}
		queries++
		b.WriteString(marked + "\n")
		if e.Hint != "" {
			b.WriteString("= " + strings.ReplaceAll(e.Hint, "\n", "\n= ") + "\n")
		}
		b.WriteString("\n")
		if _, err := hogql.Parse(e.Hint); err == nil {
			rewritten++
			runs(t, s, e.Hint)
		}
	}
	require.GreaterOrEqual(t, queries, 100)
	require.GreaterOrEqual(t, rewritten, 75)
	golden.Check(t, "testdata/wrong.txt", b.String())
}
