package hogql_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
)

func formatRule(rule, src string) (string, error) {
	if rule == "expr" {
		return hogql.FormatExpr(src)
	}
	return hogql.Format(src)
}

// requireFormat checks what holds for every formatted text: the same tree, and the same text again.
func requireFormat(t *testing.T, rule, src string) string {
	t.Helper()
	tree, err := parseRule(rule, src)
	require.NoError(t, err, src)
	text, err := formatRule(rule, src)
	require.NoError(t, err, src)
	again, err := parseRule(rule, text)
	require.NoError(t, err, "%s\nwas formatted as\n%s", src, text)
	require.True(t, hogql.Equal(tree, again), "%s\nwas formatted as\n%s", src, text)
	twice, err := formatRule(rule, text)
	require.NoError(t, err, text)
	require.Equal(t, text, twice, src)
	return text
}

func TestFormatCorpus(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t) {
		if _, err := c.parse(); err != nil {
			continue
		}
		text := requireFormat(t, c.Rule, c.Text)
		require.Equal(t, comments(c.Text), comments(text), "%s\n%s", c.Text, text)

	}
}

// comments counts what begins a comment, which is enough to see that none was lost.
func comments(s string) int {
	return strings.Count(s, "--") + strings.Count(s, "/*") + strings.Count(s, "//")
}

// TestFormat shows the layout: testdata/format.txt holds the texts, between lines of "==".
func TestFormat(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/format.txt")
	require.NoError(t, err)
	var b strings.Builder
	for src := range strings.SplitSeq(string(data), "==\n") {
		text := requireFormat(t, "select", src)
		b.WriteString(text + "\n==\n")
		// blanks of the source do not matter, save in comments and texts
		if comments(src) == 0 && !strings.ContainsAny(src, "'`\"") {
			same, err := hogql.Format(strings.Join(strings.Fields(src), "\n\n\t "))
			require.NoError(t, err)
			require.Equal(t, text, same)
		}
	}
	golden.Check(t, "testdata/format.golden", b.String())
}

func FuzzFormat(f *testing.F) {
	for _, c := range corpus(f) {
		if c.OK {
			f.Add(c.Text)
		}
	}
	f.Add("select /* a */ b -- c\n, d # e\nfrom t // f\nwhere -- g\n(a -- h\n)")
	f.Fuzz(func(t *testing.T, src string) {
		for _, rule := range []string{"select", "expr"} {
			if _, err := parseRule(rule, src); err == nil {
				requireFormat(t, rule, src)
			}
		}
	})
}

func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for _, format := range []func(string) (string, error){hogql.Format, hogql.FormatExpr} {
		_, err := format("SELECT count( FROM t")
		require.ErrorContains(t, err, "line 1, column")
	}
}
