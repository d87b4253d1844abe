package hogql

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Severity tells whether a finding stops a query.
type Severity uint8

// The severities.
const (
	Warning Severity = iota // the query runs, but may not do what was meant; or only PostHog can know
	Problem                 // PostHog refuses the query
)

// String returns "warning" or "error".
func (s Severity) String() string {
	if s == Problem {
		return "error"
	}
	return "warning"
}

// Edit replaces the bytes Span of the source by Text. A Span of no length inserts.
type Edit struct {
	Span Span
	Text string
}

// Finding is one thing that is wrong, or likely wrong, with a query that parses.
type Finding struct {
	Severity Severity
	Code     string // stable name of the rule: "unknown-column", "no-time-filter", …
	Message  string // what is wrong, one line, without its place
	Hint     string // what to write instead; may be empty
	Span     Span   // bytes of the source that it is about
	Line     int    // from 1; 0 where the source was not given
	Column   int    // from 1, in characters
	Fix      *Edit  // what repairs it; nil where no edit is safe
	Nearest  []string
}

// Err returns the finding as an Error about src, with line, column and caret.
func (f Finding) Err(src string) *Error {
	e := NewError(src, f.Span, f.Message)
	if !strings.Contains(f.Message, f.Hint) {
		e.Hint = f.Hint
	}
	return e
}

// Findings are the findings of one query in the order of the source.
type Findings []Finding

// Problem returns the first finding that PostHog would refuse the query for, and whether there is one.
func (list Findings) Problem() (Finding, bool) {
	i := slices.IndexFunc(list, func(f Finding) bool { return f.Severity == Problem })
	if i < 0 {
		return Finding{}, false
	}
	return list[i], true
}

// Apply returns src with the fixes of the findings made, from the last to the first; of two that touch the
// same bytes the earlier one is made.
func (list Findings) Apply(src string) string {
	var edits []Edit
	for _, f := range list {
		if f.Fix != nil {
			edits = append(edits, *f.Fix)
		}
	}
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.Span.Start, b.Span.Start) })
	var b strings.Builder
	at := int32(0)
	for _, e := range edits {
		if e.Span.Start < at || int(e.Span.End) > len(src) {
			continue
		}
		b.WriteString(src[at:e.Span.Start])
		b.WriteString(e.Text)
		at = e.Span.End
	}
	return b.String() + src[at:]
}

// locate sorts the findings by place, drops repeated ones and fills in line and column.
func (list Findings) locate(src string) Findings {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(b.Severity, a.Severity))
	})
	list = slices.CompactFunc(list, func(a, b Finding) bool {
		return a.Span == b.Span && a.Code == b.Code && a.Message == b.Message
	})
	if src == "" {
		return list
	}
	line, begin, at := 1, 0, 0
	for i := range list {
		start := min(max(int(list[i].Span.Start), 0), len(src))
		for ; at < start; at++ {
			if src[at] == '\n' {
				line, begin = line+1, at+1
			}
		}
		list[i].Line, list[i].Column = line, 1+utf8.RuneCountInString(src[begin:start])
	}
	return list
}

// ident writes a name as HogQL needs it: between backticks where it is no plain word.
func ident(name string) string { return Print(&Field{Chain: []Ident{{Name: name}}}) }

// closest is Nearest for names of more than two letters: shorter ones are all alike.
func (c *checker) closest(name string, candidates iter.Seq[string], limit int) []string {
	if c.full() || utf8.RuneCountInString(name) < 3 {
		return nil
	}
	return Nearest(name, candidates, limit)
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
