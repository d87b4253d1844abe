package hogql_test

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// text is one line of the corpus: a text with the verdict of PostHog's own parser.
type text struct {
	ID, Rule, Text string
	OK             bool
}

func corpus(tb testing.TB) []text {
	tb.Helper()
	f, err := os.Open("../../testdata/hogql/own.jsonl")
	require.NoError(tb, err)
	defer func() { require.NoError(tb, f.Close()) }()
	var list []text
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var t text
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &t))
		list = append(list, t)
	}
	require.NoError(tb, lines.Err())
	return list
}

func (t text) parse() (hogql.Node, error) { return parseRule(t.Rule, t.Text) }

func parseRule(rule, src string) (hogql.Node, error) {
	if rule == "expr" {
		x, err := hogql.ParseExpr(src)
		return x, err
	}
	q, err := hogql.Parse(src)
	return q, err
}

// oracleBugs reads the texts on which PostHog's parser is wrong by its own grammar.
func oracleBugs(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile("../../testdata/hogql/oracle-bugs.txt")
	require.NoError(t, err)
	known := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.SplitN(line, "\t", 3)
		require.Len(t, parts, 3, "rule, text and reason: %q", line)
		var src string
		require.NoError(t, json.Unmarshal([]byte(parts[1]), &src))
		known[parts[0]+" "+src] = true
	}
	return known
}

func TestCorpusVerdicts(t *testing.T) {
	t.Parallel()
	known := oracleBugs(t)
	list := corpus(t)
	require.Greater(t, len(list), 4000)
	for _, c := range list {
		_, err := c.parse()
		if known[c.Rule+" "+c.Text] {
			require.NotEqual(t, c.OK, err == nil, "%s agrees now: take it out of oracle-bugs.txt", c.Text)
			continue
		}
		if c.OK {
			require.NoError(t, err, "%s: %s", c.ID, c.Text)
		} else {
			require.Error(t, err, "%s: %s", c.ID, c.Text)
		}
	}
}

func TestCorpusRoundTrip(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t) {
		tree, err := c.parse()
		if err == nil {
			requireRoundTrip(t, c.Rule, tree)
		}
	}
}

// requireRoundTrip checks that what tree prints as reads back as tree and prints the same again.
func requireRoundTrip(t *testing.T, rule string, tree hogql.Node) {
	t.Helper()
	printed := hogql.Print(tree)
	again, err := parseRule(rule, printed)
	require.NoError(t, err, printed)
	require.True(t, hogql.Equal(tree, again), "%s\nreads back as\n%s", printed, hogql.Print(again))
	require.Equal(t, printed, hogql.Print(again))
}

// TestCorpusErrors checks what holds for every error: one line of message, a place inside the text, a
// caret under it.
func TestCorpusErrors(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t) {
		_, err := c.parse()
		if err == nil {
			continue
		}
		var e *hogql.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Message, c.ID)
		require.NotContains(t, e.Message, "\n", c.ID)
		require.NotContains(t, e.Message, "%!", c.ID)
		require.LessOrEqual(t, 0, int(e.Span.Start), c.ID)
		require.LessOrEqual(t, int(e.Span.Start), int(e.Span.End), c.ID)
		require.LessOrEqual(t, int(e.Span.End), len(c.Text), c.ID)
		require.LessOrEqual(t, e.Column, len([]rune(e.Source))+1, c.ID)
		require.GreaterOrEqual(t, e.Line, 1, c.ID)
	}
}
