package tools

import (
	"maps"

	"posthog-mcp/internal/hogql"
)

// warnings returns what is likely to mislead in a query that runs, as far as its text alone shows it.
func warnings(q hogql.Query) []Note {
	var notes []Note
	if s := unbounded(q, false, nil); s != nil {
		add := "WHERE"
		if s.Where != nil {
			add = "AND"
		}
		notes = append(notes, Note{true, "no time filter on events: all history was read. Add: " + add + " timestamp >= now() - INTERVAL 30 DAY"})
	}
	for _, text := range dropped(q) {
		notes = append(notes, Note{true, text})
	}
	return notes
}

// unbounded returns the first SELECT that reads events without a condition on their time, or nil. Such a
// condition may stand in the SELECT itself, or around it where it is a table of a SELECT that has one.
// names are the common table expressions in sight, which may hide the table events.
func unbounded(n hogql.Node, bounded bool, names map[string]bool) *hogql.Select {
	var found *hogql.Select
	for s := range outermost(n) {
		inner := bounded || hasTime(s)
		sight := maps.Clone(names)
		if sight == nil {
			sight = map[string]bool{}
		}
		for _, c := range s.With {
			sight[c.Name.Name] = true
		}
		if !inner && readsEvents(s, sight) {
			return s
		}
		tables := tableQueries(s)
		for sub := range outermost(children(s)...) {
			if found = unbounded(sub, inner && tables[sub], sight); found != nil {
				return found
			}
		}
	}
	return found
}

// children returns the parts of a SELECT in which other queries may stand.
func children(s *hogql.Select) []hogql.Node {
	var nodes []hogql.Node
	hogql.Walk(s, func(n hogql.Node) bool {
		if n == hogql.Node(s) {
			return true
		}
		nodes = append(nodes, n)
		return false
	})
	return nodes
}

// outermost yields the SELECTs in nodes that stand in no other SELECT of them.
func outermost(nodes ...hogql.Node) func(func(*hogql.Select) bool) {
	return func(yield func(*hogql.Select) bool) {
		done := false
		for _, root := range nodes {
			hogql.Walk(root, func(n hogql.Node) bool {
				if s, ok := n.(*hogql.Select); ok && !done {
					done = !yield(s)
					return false
				}
				return !done
			})
		}
	}
}

// tableQueries returns the SELECTs that s reads as tables: in FROM and as common table expressions.
func tableQueries(s *hogql.Select) map[*hogql.Select]bool {
	set := map[*hogql.Select]bool{}
	for _, j := range s.From {
		if sub, ok := j.Table.(*hogql.Subquery); ok {
			for inner := range outermost(sub) {
				set[inner] = true
			}
		}
	}
	for _, c := range s.With {
		if c.Query != nil {
			for inner := range outermost(c.Query) {
				set[inner] = true
			}
		}
	}
	return set
}

func readsEvents(s *hogql.Select, names map[string]bool) bool {
	for _, j := range s.From {
		if t, ok := j.Table.(*hogql.TableName); ok && len(t.Chain) == 1 && t.Chain[0].Name == "events" && !names["events"] {
			return true
		}
	}
	return false
}

// hasTime tells whether a condition of s is on the time: it names timestamp, an alias of something made
// of it, or {filters}.
func hasTime(s *hogql.Select) bool {
	aliases := map[string]bool{}
	for _, x := range s.Columns {
		if a, ok := x.(*hogql.Alias); ok && namesTime(a.X, nil) {
			aliases[a.Name.Name] = true
		}
	}
	conditions := []hogql.Expr{s.Where, s.Prewhere}
	for _, j := range s.From {
		conditions = append(conditions, j.On)
	}
	for _, x := range conditions {
		if x != nil && namesTime(x, aliases) {
			return true
		}
	}
	return false
}

func namesTime(x hogql.Expr, aliases map[string]bool) bool {
	found := false
	hogql.Walk(x, func(n hogql.Node) bool {
		switch n := n.(type) {
		case *hogql.Subquery:
			return false
		case *hogql.Field:
			last := n.Chain[len(n.Chain)-1].Name
			found = found || last == "timestamp" || len(n.Chain) == 1 && aliases[last]
		case *hogql.Placeholder:
			if f, ok := n.X.(*hogql.Field); ok && f.Chain[0].Name == "filters" {
				found = true
			}
		}
		return !found
	})
	return found
}

// dropped names what PostHog reads and leaves out without a word, each once.
func dropped(q hogql.Query) []string {
	var texts []string
	add := func(here bool, text string) {
		for _, t := range texts {
			here = here && t != text
		}
		if here {
			texts = append(texts, text)
		}
	}
	hogql.Walk(q, func(n hogql.Node) bool {
		switch n := n.(type) {
		case *hogql.Select:
			add(len(n.TailOrder) > 0, "PostHog drops ORDER BY behind LIMIT: the rows are in no order. Write ORDER BY before LIMIT")
			add(n.Totals, "PostHog drops WITH TOTALS")
			add(n.GroupBy != nil && n.GroupBy.With != "", "PostHog drops WITH ROLLUP and WITH CUBE behind GROUP BY. Write GROUP BY ROLLUP(…) or CUBE(…)")
			for _, o := range n.OrderBy {
				add(o.Nulls != "", "PostHog drops NULLS FIRST and NULLS LAST: sort by x IS NULL first")
				add(o.Collate != "", "PostHog drops COLLATE: sort by lower(x)")
			}
			for _, j := range n.From {
				add(j.Natural, "PostHog drops NATURAL: write the join's condition after ON")
			}
		case *hogql.Set:
			add(len(n.OrderBy) > 0, "PostHog drops ORDER BY behind UNION, INTERSECT and EXCEPT: the rows are in no order. Write SELECT * FROM (…) ORDER BY …")
		}
		return true
	})
	return texts
}
