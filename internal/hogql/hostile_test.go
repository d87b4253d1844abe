package hogql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
)

// attack is a text of any size that is meant to cost more than it should.
type attack struct {
	name               string
	head, repeat, tail string
	close              string // once for each repeat
}

func (h attack) text(size int) string {
	n := max(1, (size-len(h.head)-len(h.tail))/(len(h.repeat)+len(h.close)))
	return h.head + strings.Repeat(h.repeat, n) + h.tail + strings.Repeat(h.close, n)
}

var attacks = []attack{
	// nesting, closed and unclosed
	{name: "parentheses", head: "select ", repeat: "(", tail: "1", close: ")"},
	{name: "open parentheses", head: "select ", repeat: "("},
	{name: "brackets", head: "select ", repeat: "[", tail: "1", close: "]"},
	{name: "open brackets", head: "select ", repeat: "["},
	{name: "braces", head: "select ", repeat: "{", tail: "a", close: "}"},
	{name: "open braces", head: "select ", repeat: "{"},
	{name: "calls", head: "select ", repeat: "f(", tail: "1", close: ")"},
	{name: "open calls", head: "select ", repeat: "f("},
	{name: "queries", head: "select ", repeat: "(select ", tail: "1", close: ")"},
	{name: "open queries", repeat: "(select "},
	{name: "tables", head: "select 1 from ", repeat: "(select 1 from ", tail: "t", close: ")"},
	{name: "join trees", head: "select 1 from ", repeat: "(a join ", tail: "b", close: ")"},
	{name: "open join trees", head: "select 1 from ", repeat: "("},
	{name: "not", head: "select ", repeat: "not ", tail: "1"},
	{name: "not query", head: "select ", repeat: "not (select ", tail: "1", close: ")"},
	{name: "minus", head: "select ", repeat: "- ", tail: "a"},
	{name: "case", head: "select ", repeat: "case when ", tail: "1", close: " then 2 end"},
	{name: "open case", head: "select ", repeat: "case "},
	{name: "ternary", head: "select ", repeat: "a ? ", tail: "1", close: ": 2"},
	{name: "else", head: "select ", repeat: "a ? 1 : ", tail: "2"},
	{name: "lambda", head: "select ", repeat: "x -> ", tail: "1"},
	{name: "bound", head: "select a ", repeat: "between ", tail: "1"},
	{name: "low bounds", head: "select a ", repeat: "between a "},
	{name: "lambda bound", head: "select a between ", repeat: "x -> "},
	{name: "cast", head: "select ", repeat: "cast(", tail: "1", close: " as Int)"},
	{name: "types", head: "select cast(1 as ", repeat: "T(", tail: "Int", close: ")"},
	{name: "ctes", repeat: "with a as (", tail: "select 1", close: ")"},
	{name: "and in parentheses", head: "select ", repeat: "a and (", tail: "1", close: ")"},
	{name: "parentheses and", head: "select ", repeat: "(", tail: "1", close: " and a)"},
	{name: "templates", head: "select ", repeat: "f'{", tail: "1", close: "}'"},
	{name: "tags", repeat: "<a>", close: "</a>"},
	{name: "open tags", head: "select ", repeat: "<a "},
	{name: "blocks", head: "select x -> ", repeat: "{ if (1) "},
	{name: "joins", head: "select 1 from a", repeat: " join b on 1"},
	// chains
	{name: "plus", head: "select 1", repeat: "+1"},
	{name: "and", head: "select 1", repeat: " and 1"},
	{name: "and or", head: "select 1", repeat: " and 1 or 1"},
	{name: "compare", head: "select 1", repeat: "=1"},
	{name: "coalesce", head: "select 1", repeat: " ?? 1"},
	{name: "is null", head: "select 1", repeat: " is null"},
	{name: "bounds", head: "select 1", repeat: " between 1 and 2"},
	{name: "names", head: "select a", repeat: ".a"},
	{name: "indexes", head: "select a", repeat: "[1]"},
	{name: "slices", head: "select a", repeat: "[1:2]"},
	{name: "members", head: "select f()", repeat: ".a"},
	{name: "tuple members", head: "select a", repeat: ".1"},
	{name: "applications", head: "select a", repeat: "(1)"},
	{name: "colon casts", head: "select a", repeat: "::Int"},
	{name: "aliases", head: "select a", repeat: " as b"},
	{name: "aliases and", head: "select a", repeat: " as b and c"},
	{name: "array types", head: "select cast(1 as Int", repeat: "[]", tail: ")"},
	{name: "columns", head: "select 1", repeat: ",1"},
	{name: "arguments", head: "select f(a", repeat: ",a", tail: ")"},
	{name: "parameters", head: "select (a", repeat: ",a"},
	{name: "unions", head: "select 1", repeat: " union all select 1"},
	{name: "semicolons", head: "select 1", repeat: ";"},
	// long tokens
	{name: "word", head: "select ", repeat: "a"},
	{name: "digits", head: "select ", repeat: "1"},
	{name: "string", head: "select '", repeat: "a", tail: "'"},
	{name: "open string", head: "select '", repeat: "a"},
	{name: "quotes", head: "select '", repeat: "''"},
	{name: "escapes", head: "select '", repeat: `\\`},
	{name: "open name", head: "select `", repeat: "a"},
	{name: "open template", head: "select f'", repeat: "a"},
	{name: "blanks", head: "select 1", repeat: " "},
	{name: "line comment", head: "select 1 --", repeat: "-"},
	{name: "comments", head: "select 1 ", repeat: "/**/"},
	{name: "open comment", head: "select 1 /*", repeat: "a"},
	{name: "open comments", head: "select 1", repeat: " /*"},
	{name: "tag heads", head: "select 1", repeat: " <a "},
	{name: "tag heads and comments", head: "select 1", repeat: " <a /*"},
	{name: "tag body", head: "<a>", repeat: "x"},
	{name: "commas", head: "select ", repeat: ","},
	{name: "clause words", head: "select a", repeat: ", from b"},
}

// unlimited switches every limit off.
var unlimited = hogql.Options{MaxBytes: -1, MaxDepth: -1, MaxNodes: -1}

// best returns the shortest of three runs.
func best(run func()) time.Duration {
	least := time.Hour
	for range 3 {
		start := time.Now()
		run()
		least = min(least, time.Since(start))
	}
	return least
}

// TestHostileTextIsAnsweredSoon reads each within the default limits: one text that is as long as they allow,
// and one that is longer and must be refused.
func TestHostileTextIsAnsweredSoon(t *testing.T) {
	for _, a := range attacks {
		for _, size := range []int{60_000, 1 << 20} {
			text := a.text(size)
			took := best(func() {
				q, err := hogql.Parse(text)
				if err != nil {
					require.NotEmpty(t, err.Error(), a.name)
					return
				}
				require.LessOrEqual(t, len(text), hogql.DefaultMaxBytes, a.name)
				require.True(t, hogql.Equal(q, q), a.name)
				require.NotEmpty(t, hogql.Print(q), a.name)
			})
			require.Less(t, took, 2*time.Second, "%s of %d bytes", a.name, size) // 100 ms on a machine of its own
		}
	}
}

// TestLongChainsTakeLinearTime reads chains and long tokens without limits, walks, prints and compares them.
func TestLongChainsTakeLinearTime(t *testing.T) {
	chains := false
	for _, a := range attacks {
		chains = chains || a.name == "plus"
		if !chains || a.name == "clause words" {
			continue
		}
		cost := func(size int) time.Duration {
			text := a.text(size)
			return best(func() {
				q, err := unlimited.Parse(text)
				if err != nil {
					require.NotEmpty(t, err.Error(), a.name)
					return
				}
				nodes := 0
				hogql.Walk(q, func(hogql.Node) bool { nodes++; return true })
				require.Positive(t, nodes, a.name)
				require.NotEmpty(t, hogql.Print(q), a.name)
				require.True(t, hogql.Equal(q, q), a.name)
			})
		}
		small, large := cost(1<<16), cost(1<<18)
		require.Less(t, large, 10*small+200*time.Millisecond, a.name)
	}
}

// TestDepthIsLimited checks that what nests is refused at the limit and not by the stack.
func TestDepthIsLimited(t *testing.T) {
	for _, a := range attacks[:3] {
		_, err := hogql.Options{MaxBytes: -1, MaxNodes: -1, MaxDepth: 5000}.Parse(a.text(1 << 16))
		require.ErrorContains(t, err, "at most 5000 levels", a.name)
	}
}
