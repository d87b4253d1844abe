package compile

import (
	"strconv"

	"posthog-mcp/internal/hogql"
)

// PostHog's bounds for queries that come by its API.
const (
	defaultLimit = 100
	maxLimit     = 50000
)

// limitTop returns the query with the LIMIT that PostHog runs it with. A single SELECT without LIMIT
// runs with one row more than the default, which tells whether there are more; branches of a set
// operation without LIMIT get the default; literal limits above the maximum are lowered, computed ones
// are bounded. LIMIT n% stays.
func limitTop(q hogql.Query, out *Compiled) hogql.Query {
	switch q := q.(type) {
	case *hogql.Select:
		s := *q
		if q.Limit == nil || q.Limit.N == nil {
			out.Probe, out.Limit = true, defaultLimit
			l := hogql.Limit{N: number(defaultLimit + 1), Offset: number(0)}
			if q.Limit != nil && q.Limit.Offset != nil {
				l.Span, l.Offset = q.Limit.Span, q.Limit.Offset
				if n, ok := q.Limit.Offset.(*hogql.Number); ok {
					out.Offset, _ = strconv.ParseInt(n.Text, 10, 64)
				}
			}
			s.Limit = &l
			return &s
		}
		s.Limit = capped(q.Limit)
		return &s
	case *hogql.Set:
		return limitBranches(q)
	}
	return q
}

func limitBranches(q hogql.Query) hogql.Query {
	switch q := q.(type) {
	case *hogql.Select:
		s := *q
		if q.Limit == nil || q.Limit.N == nil {
			l := hogql.Limit{N: number(defaultLimit)}
			if q.Limit != nil {
				l.Offset = q.Limit.Offset
			}
			s.Limit = &l
			return &s
		}
		s.Limit = capped(q.Limit)
		return &s
	case *hogql.Set:
		s := *q
		s.First = limitBranches(q.First)
		s.Rest = make([]hogql.SetMember, len(q.Rest))
		for i, m := range q.Rest {
			m.Query = limitBranches(m.Query)
			s.Rest[i] = m
		}
		if q.Limit != nil {
			s.Limit = capped(q.Limit)
		}
		return &s
	}
	return q
}

func capped(l *hogql.Limit) *hogql.Limit {
	if l.N == nil || l.Percent {
		return l
	}
	out := *l
	if n, ok := l.N.(*hogql.Number); ok {
		if f, err := strconv.ParseFloat(n.Text, 64); err == nil && f > maxLimit {
			out.N = number(maxLimit)
		}
		return &out
	}
	out.N = &hogql.Call{Name: hogql.Ident{Name: "min2"}, Args: []hogql.Expr{number(maxLimit), l.N}}
	return &out
}

func number(n int64) *hogql.Number { return &hogql.Number{Text: strconv.FormatInt(n, 10)} }

// refuseOffset finds an OFFSET anywhere in the query.
func (c *compiler) refuseOffset(q hogql.Query) {
	check := func(e hogql.Expr) {
		if e != nil {
			c.fail(e.Pos(), "OFFSET is not supported for personal API keys. Page by a column instead, such as `timestamp`: "+
				"add WHERE timestamp < the last one you have, with ORDER BY timestamp DESC, or use batch exports.")
		}
	}
	hogql.Walk(q, func(n hogql.Node) bool {
		switch n := n.(type) {
		case *hogql.Select:
			if n.Limit != nil {
				check(n.Limit.Offset)
			}
			if n.LimitBy != nil {
				check(n.LimitBy.Offset)
			}
		case *hogql.Set:
			if n.Limit != nil {
				check(n.Limit.Offset)
			}
		}
		return true
	})
}
