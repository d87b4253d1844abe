package hogql

import (
	"strings"
)

// dropped warns about the parts of a SELECT that PostHog drops.
func (c *checker) dropped(q *Select) {
	if len(q.TailOrder) > 0 {
		what, instead := "LIMIT", "ORDER BY before LIMIT"
		if c.lastToken(q.Span, q.TailOrder[0].Start).kind == kRParen {
			what, instead = "a query in parentheses", "ORDER BY inside of them"
		}
		c.warn("dropped", q.TailOrder[0].Span, "PostHog drops ORDER BY behind %s: the rows are in no order. Write %s", what, instead)
	}
	if q.Totals {
		c.dropWords(q.Span, q.beforeTotals(), "WITH TOTALS", "compute the total in a query of its own, with UNION ALL", kwWith, kwTotals)
	}
	if g := q.GroupBy; g != nil && g.With != "" {
		word := map[string]keyword{"ROLLUP": kwRollup, "CUBE": kwCube}[g.With]
		c.dropWords(Span{g.Start, q.End}, g.End, "WITH "+g.With+" behind GROUP BY", "GROUP BY "+g.With+"(…)", kwWith, word)
	}
	for _, o := range q.OrderBy {
		if o.Nulls == "FIRST" { // nulls come last in any case
			c.warn("dropped", o.Span, "PostHog drops NULLS FIRST: nulls come last. Sort by %s IS NULL DESC first", clip(Print(o.X), 60))
		}
		if o.Collate != "" {
			c.warn("dropped", o.Span, "PostHog drops COLLATE: capitals come before all other letters. Sort by lower(%s)", clip(Print(o.X), 60))
		}
	}
	for i, j := range q.From {
		if j.Natural {
			c.warn("dropped", j.Span, "PostHog drops NATURAL, and the join has no condition then. Write it after ON or USING")
		}
		if j.On != nil && !equates(j.On) {
			c.warn("join-condition", j.On.Pos(), "ClickHouse joins on equal values: this condition has no = between the two tables. Write CROSS JOIN and put it into WHERE")
		}
		c.tableNames(j, i == len(q.From)-1)
	}
	if len(q.From) > 1 {
		for _, x := range q.Columns {
			if star, ok := x.(*Star); ok && len(star.Table) > 0 && len(star.Exclude) > 0 {
				c.warn("dropped", star.Span, "PostHog drops the table before * EXCLUDE: the columns of all tables come")
			}
		}
	}
	c.limits(q)
}

// dropWords warns about two words that stand in span behind the offset from.
func (c *checker) dropWords(span Span, from int32, what, instead string, first, second keyword) {
	at := span
	for t := range c.tokens(from, span.End) {
		next := scan(c.o.Source, int(t.end))
		if t.kw == first && next.kw == second {
			at = Span{t.start, next.end}
			break
		}
	}
	c.warn("dropped", at, "PostHog drops %s. Write instead: %s", what, instead)
}

// beforeTotals is where WITH TOTALS may begin: behind the last expression that can stand before it.
func (q *Select) beforeTotals() int32 {
	for _, n := range []Node{q.Where, q.Prewhere} {
		if !isNil(n) && q.GroupBy == nil {
			return n.Pos().End
		}
	}
	switch n := len(q.From); {
	case q.GroupBy != nil:
		return q.GroupBy.End
	case n > 0:
		return q.From[n-1].End
	}
	return q.Columns[len(q.Columns)-1].Pos().End
}

// tokens yields the tokens of the source from an offset up to another; none where the source is not known.
func (c *checker) tokens(from, to int32) func(yield func(token) bool) {
	return func(yield func(token) bool) {
		src := c.o.Source
		if from < 0 || from > to || int(to) > len(src) {
			return
		}
		for t := scan(src, int(from)); t.kind != kEOF && t.start < to; t = scan(src, max(int(t.end), int(t.start)+1)) {
			if !yield(t) {
				return
			}
		}
	}
}

// lastToken returns the last token before ORDER BY, whose first expression begins at the offset to.
func (c *checker) lastToken(span Span, to int32) token {
	src := c.o.Source
	if int(to) > len(src) || span.Start > to {
		return token{}
	}
	order := lastWord(src[span.Start:to], "ORDER")
	if order < 0 {
		return token{}
	}
	before := strings.TrimRight(src[span.Start:int(span.Start)+order], " \t\r\n")
	if before == "" {
		return token{}
	}
	return scan(before, len(before)-1)
}

// tableNames warns about a table with more than one alias, of which PostHog takes the last.
func (c *checker) tableNames(j *Join, last bool) {
	if j.Alias == nil || isNil(j.Table) {
		return
	}
	var first token
	depth := 0
	for t := range c.tokens(j.Table.Pos().End, j.Alias.Start) {
		switch {
		case t.kind == kLParen:
			depth++
		case t.kind == kRParen:
			depth--
		case depth == 0 && first.end == 0 && (t.kind == kIdent || t.kind == kQuoted) && t.kw != kwAs:
			first = t
		}
	}
	word := c.o.Source[first.start:first.end]
	if first.end == 0 || last && strings.EqualFold(word, "format") {
		return
	}
	c.warn("two-aliases", Span{first.start, first.end}, "a table has one alias, here are two: %s is dropped and %s counts. Is it a misspelt word of a clause?", quoted(word), quoted(j.Alias.Name))
}

// limits warns about a second LIMIT, which replaces the first.
func (c *checker) limits(q *Select) {
	if q.Limit == nil || q.Limit.N == nil {
		return
	}
	number := q.Limit.N.Pos().Start
	depth, apart := 0, false
	var first token
	for t := range c.tokens(q.beforeLimit(), number) {
		switch t.kind {
		case kLParen, kLBracket, kLBrace:
			depth++
		case kRParen, kRBracket, kRBrace:
			depth--
		}
		apart = apart || first.end > 0 && (depth < 0 || t.kw == kwOffset)
		if depth > 0 || t.kw != kwLimit {
			continue
		}
		if first.end == 0 {
			first = t
			continue
		}
		n := scan(c.o.Source, int(first.end))
		if had, ok := smallInt(c.o.Source[n.start:n.end]); apart && ok {
			if has, ok := smallInt(c.text(q.Limit.N.Pos())); ok && has <= had {
				return // the first rows of the first rows
			}
		}
		f := Finding{
			Severity: Warning, Code: "limit-twice", Span: Span{first.start, n.end},
			Message: clip(c.text(Span{first.start, n.end}), 40) + " does not count: PostHog takes the last LIMIT, " + clip(c.text(q.Limit.N.Pos()), 30),
		}
		if !apart {
			f.Fix = c.edit(Span{first.start, t.start}, "")
		}
		c.add(f)
		return
	}
}

// beforeLimit is the end of the last clause before LIMIT, in the order in which clauses stand.
func (q *Select) beforeLimit() int32 {
	if q.LimitBy != nil {
		return q.LimitBy.End
	}
	if n := len(q.OrderBy); n > 0 {
		return q.OrderBy[n-1].End
	}
	if n := len(q.Windows); n > 0 && q.Windows[n-1].Spec != nil {
		return q.Windows[n-1].Spec.Span.End
	}
	for _, x := range []Expr{q.Qualify, q.Having} {
		if !isNil(x) {
			return x.Pos().End
		}
	}
	if q.GroupBy != nil {
		return q.GroupBy.End
	}
	if !isNil(q.Where) {
		return q.Where.Pos().End
	}
	return q.beforeTotals()
}

// setTail warns about ORDER BY and LIMIT behind the last member of a set, which are that member's alone.
func (c *checker) setTail(q *Set) {
	last, ok := q.Rest[len(q.Rest)-1].Query.(*Select)
	if !ok || len(last.OrderBy) == 0 && last.Limit == nil || q.Limit != nil || c.text(Span{last.End - 1, last.End}) == "" {
		return
	}
	if c.inParens(last.Span) {
		return
	}
	members := []Query{q.First}
	for _, m := range q.Rest[:len(q.Rest)-1] {
		members = append(members, m.Query)
	}
	for _, m := range members {
		if s, ok := m.(*Select); !ok || len(s.OrderBy) > 0 || s.Limit != nil || c.inParens(s.Span) {
			return // who bounds one member alone knows it
		}
	}
	span, word := last.Span, "LIMIT"
	switch {
	case len(last.OrderBy) > 0:
		span, word = last.OrderBy[0].Span, "ORDER BY"
	case last.Limit != nil:
		span = last.Limit.Span
	}
	c.warn("set-tail", span, "%s here is of the last SELECT alone, not of the whole %s. Write SELECT * FROM (…) %s …", word, q.Rest[len(q.Rest)-1].Op, word)
}

// inParens tells whether parentheses stand right around a span.
func (c *checker) inParens(s Span) bool {
	src := c.o.Source
	if int(s.End) > len(src) {
		return false
	}
	return strings.HasSuffix(strings.TrimRight(src[:s.Start], " \t\r\n"), "(") && scan(src, int(s.End)).kind == kRParen
}

// isLiteral tells a value that is written in the query.
func isLiteral(x Expr) bool {
	switch x.(type) {
	case *String, *Number, *Bool, *Null:
		return true
	}
	return false
}

// equates tells whether a condition of a join holds an equation, or something that is not plain.
func equates(x Expr) bool {
	switch x.(type) {
	case *Number, *Bool:
		return true // every row with every row, as it is meant
	}
	found := false
	Walk(x, func(n Node) bool {
		switch n := n.(type) {
		case *Binary:
			switch n.Op {
			case OpLess, OpLessEq, OpGreater, OpGreaterEq, OpNotEq:
			case OpEq:
				found = isLiteral(n.X) == isLiteral(n.Y) // with one literal it is a condition on one table
			default:
				found = true
			}
		case *Logical, *Field, *Not, *Number, *String, *Interval, *Between:
		case *Call:
			found = found || n.Name.Name == "equals" || n.Name.Name == "and"
		default:
			found = true
		}
		return !found
	})
	return found
}
