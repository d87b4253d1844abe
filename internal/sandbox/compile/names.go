package compile

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"posthog-mcp/internal/hogql"
)

// outputName is the alias, the last name of a path, or the HogQL text.
func outputName(e hogql.Expr) string {
	switch e := e.(type) {
	case *hogql.Alias:
		return e.Name.Name
	case *hogql.Field:
		return e.Chain[len(e.Chain)-1].Name
	}
	return hogql.Print(e)
}

// columnsOf tells whether an item stands for several columns, and which.
func (s *scope) columnsOf(e hogql.Expr) ([]column, bool) {
	switch e := e.(type) {
	case *hogql.Star:
		return s.star(e), true
	case *hogql.Spread:
		return s.columnsOf(e.X)
	case *hogql.Columns:
		switch {
		case e.Star != nil:
			return s.star(e.Star), true
		case e.Regex != nil:
			return s.matching(e), true
		}
		var out []column
		for _, x := range e.List {
			out = append(out, column{name: outputName(x), value: s.expr(x)})
		}
		return out, true
	}
	return nil, false
}

func (s *scope) star(e *hogql.Star) []column {
	if len(s.sources) == 0 {
		s.c.fail(e.Span, "Cannot use '*' when there are no tables in the query")
		return nil
	}
	var out []column
	found := len(e.Table) == 0
	for _, src := range s.sources {
		if !found && !slices.Contains(src.names, path(e.Table)) {
			continue
		}
		out = append(out, s.c.visible(src)...)
		if len(e.Table) > 0 {
			found = true
			break
		}
	}
	if !found {
		s.c.fail(e.Table[0].Span, "Unable to resolve field: %s", path(e.Table))
	}
	for _, x := range e.Exclude {
		if !slices.ContainsFunc(out, func(col column) bool { return col.name == x.Name }) {
			s.c.fail(x.Span, "Unable to resolve field: %s", x.Name)
		}
		out = slices.DeleteFunc(out, func(col column) bool { return col.name == x.Name })
	}
	for _, r := range e.Replace {
		i := slices.IndexFunc(out, func(col column) bool { return col.name == r.Name.Name })
		if i < 0 {
			s.c.fail(r.Name.Span, "Unable to resolve field: %s", r.Name.Name)
			continue
		}
		out[i].value = s.expr(r.X)
	}
	return out
}

func (s *scope) matching(e *hogql.Columns) []column {
	re, err := regexp.Compile(e.Regex.Value)
	if err != nil {
		s.c.fail(e.Regex.Span, "Invalid regular expression in COLUMNS: %s", e.Regex.Value)
		return nil
	}
	out := slices.DeleteFunc(s.star(&hogql.Star{Span: e.Span}), func(col column) bool { return !re.MatchString(col.name) })
	if len(out) == 0 {
		s.c.fail(e.Span, "No columns match %s", e.Regex.Value)
	}
	return out
}

// nearest returns up to three names like name, best first.
func nearest(name string, candidates []string) []string {
	type near struct {
		name  string
		score float64
	}
	var found []near
	for _, other := range candidates {
		a, b := strings.ToLower(name), strings.ToLower(other)
		longest := max(len(a), len(b))
		if longest == 0 || name == other {
			continue
		}
		if score := 1 - float64(distance(a, b))/float64(longest); score >= 0.7 {
			found = append(found, near{other, score})
		}
	}
	slices.SortStableFunc(found, func(x, y near) int {
		return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(x.name, y.name))
	})
	var out []string
	for _, n := range found[:min(3, len(found))] {
		out = append(out, n.name)
	}
	return out
}

// distance counts the bytes to insert, delete or replace to make b from a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
