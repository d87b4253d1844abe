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

// TestWrongQueries holds more than 100 wrong queries. In testdata/wrong.txt each has the mark ‸ before the token that a
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
	require.GreaterOrEqual(t, queries, 149)
	require.GreaterOrEqual(t, rewritten, 120)
	golden.Check(t, "testdata/wrong.txt", b.String())
}

// TestLongHints shows that of a long query the hint repeats the line, or a part of it.
func TestLongHints(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("    properties.$browser AS some_name_that_is_long,\n", 30)
	for _, c := range []struct{ src, want string }{
		{"SELECT\n" + long + "    count() ** 2 AS n\nFROM events", "pow(count(), 2) AS n"},
		{"SELECT\n" + long + "    x IS TRUE,\n    y && z\nFROM events", "x = true,"},
		{
			"SELECT " + strings.ReplaceAll(long, "\n", "") + "count() DIV 2 AS n, " + strings.ReplaceAll(long, "\n", "") + " 1 FROM events",
			"…     properties.$browser AS some_name_that_is_long,    properties.$browser AS some_name_that_is_long," +
				"intDiv(count(), 2) AS n,     properties.$browser AS some_name_that_is_long,    properties.$browser AS some_name_that_i …",
		},
	} {
		_, err := hogql.Parse(c.src)
		var e *hogql.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, c.want, e.Hint)
	}
	src := "SELECT\n" + long + "    NVL(a, b),\n    STRING_AGG(c, ',')\nFROM events"
	q, err := hogql.Parse(src)
	require.NoError(t, err)
	found := hogql.Habits(q, src)
	require.Len(t, found, 2)
	require.Equal(t, "ifNull(a, b),", found[0].Hint)
	require.Equal(t, "string_agg(c, ',')", found[1].Hint)
}

// FuzzErrors checks what holds for every text that is refused: its place is inside of it, and a hint that is
// longer than advice is HogQL.
func FuzzErrors(f *testing.F) {
	for _, c := range corpus(f) {
		if !c.OK {
			f.Add(c.Text)
		}
	}
	for _, src := range wrong() {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		q, err := hogql.Parse(src)
		if err == nil {
			for _, h := range hogql.Habits(q, src) {
				if !strings.Contains(h.Hint, "…") && len(src) < 400 {
					_, err := hogql.Parse(h.Hint)
					require.NoError(t, err, src)
				}
			}
			return
		}
		var e *hogql.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Message)
		require.LessOrEqual(t, e.Span.Start, e.Span.End)
		require.LessOrEqual(t, int(e.Span.End), len(src))
		require.GreaterOrEqual(t, int(e.Span.Start), 0)
	})
}
