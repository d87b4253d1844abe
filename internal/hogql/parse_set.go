package hogql

// querySet reads queries joined by set operators, and the ORDER BY and LIMIT of the whole.
func (p *parser) querySet() Query {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	if p.tok.kind == kTagOpen || p.tok.kind == kLess {
		tag, _ := p.tag().(*Tag)
		return tag
	}
	q := p.queryMember()
	if p.failed {
		return nil
	}
	return p.setTail(q)
}

// queryMember reads a SELECT, a placeholder or a query in parentheses.
func (p *parser) queryMember() Query {
	t := p.tok
	switch {
	case t.kind == kLParen:
		p.next()
		q := p.querySet()
		p.close(kRParen, t.start)
		return q
	case t.kind == kLBrace:
		if x, ok := p.brace().(*Placeholder); ok {
			return x
		}
		p.failAt(t, failExpectedAt, "a query")
		return nil
	case t.kw == kwSelect, t.kw == kwWith:
		return p.selectStmt()
	case t.kw == kwFrom:
		p.failAt(t, failFromFirst, "")
		return nil
	}
	p.failWant("SELECT, WITH or a query in parentheses")
	return nil
}

// continuesQuery reports whether a set operator or a set's ORDER BY or LIMIT begins here.
func (p *parser) continuesQuery() bool {
	switch p.tok.kw {
	case kwUnion, kwIntersect, kwExcept:
		return true
	case kwOrder:
		return p.peek().kw == kwBy
	case kwLimit, kwOffset:
		return p.operandAt(p.peek())
	}
	return false
}

// setTail reads what follows the first member q.
func (p *parser) setTail(q Query) Query {
	start := p.tok.start
	if q != nil {
		start = q.Pos().Start
	}
	var set *Set
	for p.is(kwUnion) || p.is(kwIntersect) || p.is(kwExcept) {
		if set == nil {
			set = &Set{First: q}
		}
		m := SetMember{Op: p.setOperator()}
		if p.isPair(kwBy, kwName) {
			p.next()
			p.next()
			m.ByName = true
		}
		m.Query = p.queryMember()
		if p.failed {
			return nil
		}
		set.Rest = append(set.Rest, m)
		p.count()
	}
	if set != nil {
		set.Span = p.span(start)
		q = set
	}
	var order []*Order
	if p.isPair(kwOrder, kwBy) {
		p.next()
		p.next()
		order = p.orderList()
		p.interpolate()
	}
	var limit *Limit
	if p.is(kwLimit) || p.is(kwOffset) {
		limit = p.limit()
	}
	if set != nil && order == nil && limit == nil {
		limit = p.splitLimit(set.Rest[len(set.Rest)-1].Query)
	}
	if order != nil || limit != nil {
		p.applyTail(q, order, limit, start)
	}
	return q
}

// splitLimit takes the OFFSET off LIMIT n OFFSET m at the end of the last member q of a set: PostHog gives it to
// the set.
func (p *parser) splitLimit(q Query) *Limit {
	s, ok := q.(*Select)
	if !ok || p.failed || s.TailOrder != nil || s.Limit == nil || s.Limit.End != p.prevEnd || s.Limit.N == nil || s.Limit.Offset == nil || s.Limit.Swapped {
		return nil
	}
	l := *s.Limit
	l.Offset, l.End = nil, l.N.Pos().End
	limit := &Limit{Span: Span{l.End, s.Limit.End}, Offset: s.Limit.Offset}
	s.Limit = &l
	return limit
}

// setOperator reads a set operator.
func (p *parser) setOperator() string {
	word := p.tok.kw
	p.next()
	all := p.is(kwAll)
	distinct := p.is(kwDistinct)
	switch word {
	case kwUnion:
		if all || distinct {
			p.next()
		}
		if all {
			return "UNION ALL"
		}
		return "UNION DISTINCT"
	case kwIntersect:
		switch {
		case all:
			p.next()
			return "INTERSECT ALL"
		case distinct:
			p.next()
			return "INTERSECT DISTINCT"
		}
		return "INTERSECT"
	}
	if all {
		p.next()
		return "EXCEPT ALL"
	}
	return "EXCEPT"
}

// applyTail gives q the ORDER BY and LIMIT behind it. PostHog drops that ORDER BY; that LIMIT and OFFSET
// each replace what q had of its own.
func (p *parser) applyTail(q Query, order []*Order, limit *Limit, start int32) {
	switch q := q.(type) {
	case *Set:
		if order != nil {
			q.OrderBy = order
		}
		q.Limit = mergeLimit(q.Limit, limit)
		q.Span = p.span(start)
	case *Select:
		if order != nil {
			q.TailOrder = order
		}
		if limit != nil { // PostHog reads only the two numbers here
			limit.Percent, limit.WithTies = false, false
		}
		q.Limit = mergeLimit(q.Limit, limit)
		q.Span = p.span(start)
	}
}

func mergeLimit(old, tail *Limit) *Limit {
	if old == nil || tail == nil {
		if tail == nil {
			return old
		}
		return tail
	}
	merged := *tail
	merged.Percent, merged.WithTies = old.Percent, old.WithTies
	if merged.N == nil {
		merged.N = old.N
	}
	if merged.Offset == nil {
		merged.Offset = old.Offset
	}
	return &merged
}
