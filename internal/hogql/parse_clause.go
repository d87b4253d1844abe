package hogql

import "strings"

// filters reads ARRAY JOIN, PREWHERE and WHERE.
func (p *parser) filters(s *Select) {
	if p.is(kwArray) && p.peek().kw == kwJoin || (p.is(kwLeft) || p.is(kwInner)) && p.peek().kw == kwArray {
		s.ArrayJoin = p.arrayJoin(len(s.From) > 0)
	}
	if p.accept(kwPrewhere) {
		s.Prewhere = p.expr()
	}
	if p.accept(kwWhere) {
		s.Where = p.expr()
	}
}

func (p *parser) arrayJoin(hasFrom bool) *ArrayJoin {
	first := p.tok
	a := &ArrayJoin{Kind: "ARRAY JOIN"}
	if !p.is(kwArray) {
		a.Kind = strings.ToUpper(p.text(p.tok)) + " ARRAY JOIN"
		p.next()
	}
	p.next()
	p.expectWord(kwJoin)
	if !hasFrom {
		p.failAt(first, failArrayJoinFrom, "")
	}
	for !p.failed {
		start := p.tok
		x := p.expr()
		if _, ok := x.(*Alias); !ok {
			p.failAt(token{kind: start.kind, start: start.start, end: p.prevEnd}, failArrayJoinAlias, "")
		}
		a.Exprs = append(a.Exprs, x)
		if !p.acceptKind(kComma) || p.listEnds() {
			break
		}
	}
	a.Span = p.span(first.start)
	return a
}

// grouping reads GROUP BY with its suffixes, HAVING, QUALIFY and WINDOW.
func (p *parser) grouping(s *Select) {
	if p.is(kwGroup) {
		s.GroupBy = p.groupBy()
	}
	if p.is(kwWith) {
		if k := p.peek().kw; k == kwRollup || k == kwCube {
			p.next()
			if s.GroupBy == nil {
				s.GroupBy = &GroupBy{Span: Span{p.tok.start, p.tok.end}}
			}
			s.GroupBy.With = strings.ToUpper(p.text(p.tok))
			p.next()
		}
	}
	if p.isPair(kwWith, kwTotals) {
		p.next()
		p.next()
		s.Totals = true
	}
	if p.accept(kwHaving) {
		s.Having = p.expr()
	}
	if p.accept(kwQualify) {
		s.Qualify = p.expr()
	}
	if p.is(kwWindow) {
		p.next()
		for !p.failed {
			w := &NamedWindow{Name: p.name("a window's name")}
			p.expectWord(kwAs)
			if p.tok.kind != kLParen {
				p.failWant(`"(" and the window's specification`)
				return
			}
			w.Spec = p.windowSpec()
			s.Windows = append(s.Windows, w)
			if !p.acceptKind(kComma) {
				break
			}
		}
	}
}

// groupBy reads GROUP BY.
func (p *parser) groupBy() *GroupBy {
	g := &GroupBy{}
	start := p.tok.start
	p.next()
	p.expectWord(kwBy)
	switch {
	case p.is(kwAll) && p.groupEndsAt(p.peek()):
		p.next()
		g.Mode = "all"
	case p.isPair(kwGrouping, kwSets) && p.after(p.peek()).kind == kLParen:
		g.Mode = "grouping_sets"
		p.next()
		p.next()
		open := p.tok.start
		p.next()
		for !p.failed {
			inner := p.tok.start
			p.expect(kLParen, `"(" and the columns of a grouping set`)
			g.Sets = append(g.Sets, p.exprList(kRParen))
			p.close(kRParen, inner)
			if !p.acceptKind(kComma) {
				break
			}
		}
		p.close(kRParen, open)
	case (p.is(kwRollup) || p.is(kwCube)) && p.peek().kind == kLParen:
		m, mode := p.mark(), strings.ToLower(p.text(p.tok))
		p.next()
		open := p.tok.start
		p.next()
		list := p.exprList(kRParen)
		p.close(kRParen, open)
		if !p.failed && p.groupEndsAt(p.tok) && len(list) > 0 {
			g.Mode, g.Exprs = mode, list
		} else if p.failed || p.reset(m) {
			g.Exprs = p.clauseList()
		}
	default:
		g.Exprs = p.clauseList()
	}
	g.Span = p.span(start)
	return g
}

// groupEndsAt reports whether GROUP BY is over at t.
func (p *parser) groupEndsAt(t token) bool {
	switch t.kind {
	case kEOF, kRParen, kSemi:
		return true
	case kIdent:
		return !isInfixWord(t) && t.kw != kwNot && t.kw != kwOver && t.kw != kwFilter
	}
	return false
}

// clauseList reads expressions; the last comma may stand alone.
func (p *parser) clauseList() []Expr {
	var buf [listBuf]Expr
	list := buf[:0]
	for !p.failed {
		list = append(list, p.expr())
		if !p.acceptKind(kComma) || p.listEnds() {
			break
		}
	}
	return p.slabs.exprs.keep(list)
}

// ordering reads ORDER BY and INTERPOLATE.
func (p *parser) ordering(s *Select) {
	if !p.is(kwOrder) || p.failed {
		return
	}
	p.next()
	p.expectWord(kwBy)
	s.OrderBy = p.orderList()
	s.Interpol = p.interpolate()
}

// interpolate reads INTERPOLATE [(name AS expr, …)] if it is there.
func (p *parser) interpolate() *Interpolate {
	if !p.is(kwInterpolate) {
		return nil
	}
	in := &Interpolate{}
	start := p.tok.start
	p.next()
	if p.tok.kind == kLParen {
		open := p.tok.start
		p.next()
		for !p.failed {
			r := Replacement{Name: p.name("a column's name")}
			p.expectWord(kwAs)
			r.X = p.expr()
			in.Items = append(in.Items, r)
			if !p.acceptKind(kComma) {
				break
			}
		}
		p.close(kRParen, open)
	}
	in.Span = p.span(start)
	return in
}

// orderList reads the members of ORDER BY.
func (p *parser) orderList() []*Order {
	var buf [listBuf]*Order
	list := buf[:0]
	for !p.failed {
		list = append(list, p.order())
		if !p.acceptKind(kComma) {
			break
		}
		if p.listEnds() {
			p.failAt(token{kind: kComma, start: p.prevEnd - 1, end: p.prevEnd}, failOrderComma, "")
		}
	}
	return p.slabs.order.keep(list)
}

func (p *parser) order() *Order {
	start := p.tok.start
	o := p.slabs.orders.one()
	o.X = p.direction(p.expr())
	p.count()
	switch p.tok.kw {
	case kwDesc, kwDescending:
		o.Desc = true
		p.next()
	case kwAsc, kwAscending:
		p.next()
	}
	if p.is(kwNulls) {
		if k := p.peek().kw; k == kwFirst || k == kwLast {
			p.next()
			o.Nulls = strings.ToUpper(p.text(p.tok))
			p.next()
		}
	}
	if p.accept(kwCollate) {
		if p.tok.kind != kString {
			p.failWant("a collation in single quotes")
			return o
		}
		o.Collate = p.str().Value
	}
	if p.isPair(kwWith, kwFill) {
		p.next()
		p.next()
		o.Fill = &Fill{}
		if p.accept(kwFrom) {
			o.Fill.From = p.expr()
		}
		if p.accept(kwTo) {
			o.Fill.To = p.expr()
		}
		if p.accept(kwStep) {
			o.Fill.Step = p.expr()
		}
	}
	o.Span = p.span(start)
	return o
}

// direction takes DESC or ASC off the end of x, where it was read as a member of a number: 1.desc.
func (p *parser) direction(x Expr) Expr {
	at := &x
	for {
		if in, ok := (*at).(*Index); ok && !p.failed {
			n, isNumber := in.X.(*Number)
			s, isName := in.Index.(*String)
			if !isNumber || !isName {
				return x
			}
			switch lookupKeyword(p.src[s.Start:s.End]) {
			case kwDesc, kwDescending, kwAsc, kwAscending:
				p.moveTo(scan(p.src, int(s.Start)))
				*at = &Number{Span: Span{n.Start, s.Start}, Text: n.Text + "."}
			}
			return x
		}
		edge, _ := rightEdge(*at)
		if edge == nil || isNil(*edge) {
			return x
		}
		at = edge
	}
}

// limits reads LIMIT … BY and LIMIT or OFFSET.
func (p *parser) limits(s *Select) {
	if (!p.is(kwLimit) && !p.is(kwOffset)) || p.failed {
		return
	}
	start := p.tok.start
	l := p.limit()
	if !p.is(kwBy) || l.Percent || l.WithTies || l.N == nil {
		s.Limit = l
		return
	}
	p.next()
	by := &LimitBy{N: l.N, Offset: l.Offset}
	if l.Swapped { // here PostHog takes the first number as the offset
		by.N, by.Offset = l.Offset, l.N
	}
	by.Exprs = p.clauseList()
	by.Span = p.span(start)
	s.LimitBy = by
	if p.is(kwLimit) || p.is(kwOffset) {
		s.Limit = p.limit()
	}
}

// limit reads LIMIT n [%] [WITH TIES] [OFFSET m], LIMIT n, m or OFFSET m.
func (p *parser) limit() *Limit {
	l := &Limit{}
	start := p.tok.start
	if p.accept(kwOffset) {
		l.Offset = p.expr()
		l.Span = p.span(start)
		return l
	}
	p.next()
	p.countOf(l)
	switch {
	case p.tok.kind == kComma && !l.Percent && !l.WithTies:
		p.next()
		l.Swapped = true
		l.Offset = p.expr()
		if p.isPair(kwWith, kwTies) {
			p.next()
			p.next()
			l.WithTies = true
		}
	case p.is(kwOffset):
		p.next()
		l.Offset = p.expr()
	}
	l.Span = p.span(start)
	return l
}

// countOf reads n [%] [WITH TIES].
func (p *parser) countOf(l *Limit) {
	outer := p.limitCount
	p.limitCount = p.depth + 1
	l.N = p.expr()
	p.limitCount = outer
	if p.acceptKind(kPercent) {
		l.Percent = true
	}
	if p.isPair(kwWith, kwTies) {
		p.next()
		p.next()
		l.WithTies = true
	}
}
