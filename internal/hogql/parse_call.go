package hogql

import "strings"

// call reads the argument lists of the function name, and what may follow them.
func (p *parser) call(name Ident) Expr { return p.callAt(name) }

// callAt is call with the opening parenthesis as current token.
func (p *parser) callAt(name Ident) Expr {
	open := p.tok.start
	p.next()
	c := p.slabs.calls.one()
	c.Name = name
	p.callHead(c)
	if p.tok.kind != kRParen && !p.isPair(kwOrder, kwBy) && !p.failed {
		if c.Distinct {
			c.Args = p.exprList(kRParen)
		} else {
			c.Args = p.callArgs(open)
			if len(c.Args) == 1 && !p.failed && isBareQuery(c.Args[0]) {
				p.close(kRParen, open)
				c.Span = p.span(c.Name.Start)
				return c
			}
		}
	}
	return p.callTail(c, open)
}

// callWith is callAt where the first argument has been read.
func (p *parser) callWith(name Ident, open int32, first Expr) Expr {
	c := p.slabs.calls.one()
	c.Name = name
	if p.acceptKind(kComma) {
		c.Args = p.exprListFrom(first, kRParen)
	} else {
		c.Args = p.slabs.exprs.keep([]Expr{first})
	}
	return p.callTail(c, open)
}

// callHead reads DISTINCT, which is a name where no argument follows it.
func (p *parser) callHead(c *Call) {
	if !p.is(kwDistinct) {
		return
	}
	next := p.peek()
	if next.kind == kRParen || next.kw == kwOrder || p.operandAt(next) {
		c.Distinct = true
		p.next()
	}
}

// callTail reads the end of the arguments, the second list of a parametric call and the suffixes.
func (p *parser) callTail(c *Call, open int32) Expr {
	if p.isPair(kwOrder, kwBy) {
		p.next()
		p.next()
		c.OrderBy = p.orderList()
	}
	if p.tok.kind != kRParen && p.failFrom(c) {
		return nil
	}
	p.close(kRParen, open)
	if p.tok.kind == kLParen && !c.Distinct && c.OrderBy == nil {
		open = p.tok.start
		end := p.prevEnd
		p.next()
		if p.is(kwSelect) || p.is(kwWith) {
			start := p.tok.start
			if q, ok := p.subquery(open); ok {
				c.Span = Span{c.Name.Start, end}
				args := []Expr{&Subquery{Span: p.span(start), Query: q}}
				p.close(kRParen, open)
				return &CallExpr{Span: p.span(c.Start), Fn: c, Args: args}
			}
		}
		c.Params, c.HasParam, c.Args = c.Args, true, nil
		p.callHead(c)
		if p.tok.kind != kRParen && !p.isPair(kwOrder, kwBy) {
			c.Args = p.exprList(kRParen)
		}
		if p.isPair(kwOrder, kwBy) {
			p.next()
			p.next()
			c.OrderBy = p.orderList()
		}
		p.close(kRParen, open)
	}
	p.callSuffix(c)
	c.Span = p.span(c.Name.Start)
	return c
}

// failFrom fails for EXTRACT(x FROM y), SUBSTRING(x FROM y) and their like.
func (p *parser) failFrom(c *Call) bool {
	if (p.is(kwFrom) || p.is(kwFor)) && len(c.Args) > 0 {
		switch strings.ToLower(c.Name.Name) {
		case "extract", "substring", "trim", "overlay":
			p.failAt(p.tok, failFromForm, c.Name.Name)
			return true
		}
	}
	return false
}

// callSuffix reads WITHIN GROUP, FILTER and OVER.
func (p *parser) callSuffix(c *Call) {
	if p.is(kwWithin) && p.peek().kw == kwGroup && !c.HasParam && c.OrderBy == nil {
		if c.Distinct {
			p.plainDistinct(c)
		}
		p.next()
		p.next()
		open := p.tok.start
		p.expect(kLParen, `"(" after WITHIN GROUP`)
		p.expectWord(kwOrder)
		p.expectWord(kwBy)
		c.Within = p.orderList()
		p.close(kRParen, open)
		return
	}
	if p.is(kwFilter) && p.peek().kind == kLParen {
		p.next()
		open := p.tok.start
		p.next()
		p.expectWord(kwWhere)
		c.Filter = p.expr()
		p.close(kRParen, open)
	}
	if p.is(kwOver) {
		if next := p.peek(); c.Distinct && !c.HasParam && c.OrderBy == nil && (next.kind == kLParen || isName(next)) {
			p.plainDistinct(c)
		}
		if next := p.peek(); (next.kind == kLParen || isName(next)) && (!c.Distinct || c.HasParam) && c.OrderBy == nil {
			p.over(c)
		}
	}
}

// plainDistinct reads the arguments of f(DISTINCT …) OVER or WITHIN GROUP again: DISTINCT cannot stand there, so
// the word is a name.
func (p *parser) plainDistinct(c *Call) {
	end := p.tok
	p.moveTo(scan(p.src, int(scan(p.src, int(c.Name.End)).end)))
	c.Distinct = false
	c.Args = p.exprList(kRParen)
	if !p.failed && p.tok.kind != kRParen {
		p.failWant(closers[kRParen])
	}
	if !p.failed {
		p.moveTo(end)
		p.prevEnd = end.start
	}
}

// over reads OVER name or OVER (specification).
func (p *parser) over(c *Call) {
	start := p.tok.start
	p.next()
	o := &Over{}
	if p.tok.kind == kLParen {
		o.Spec = p.windowSpec()
	} else {
		name := p.name("a window's name")
		o.Name = &name
	}
	o.Span = p.span(start)
	c.Over = o
	p.count()
}

// windowSpec reads ([PARTITION BY …] [ORDER BY …] [ROWS|RANGE …]).
func (p *parser) windowSpec() *Window {
	start := p.tok.start
	p.next()
	w := &Window{}
	if p.isPair(kwPartition, kwBy) {
		p.next()
		p.next()
		w.PartitionBy = p.clauseList()
	}
	if p.isPair(kwOrder, kwBy) {
		p.next()
		p.next()
		w.OrderBy = p.orderList()
	}
	if p.is(kwRows) || p.is(kwRange) {
		w.Frame = strings.ToUpper(p.text(p.tok))
		p.next()
		if next := p.peek().kw; p.is(kwBetween) && next != kwPreceding && next != kwFollowing {
			p.next()
			w.Start = p.frameBound()
			p.expectWord(kwAnd)
			w.End = p.frameBound()
		} else {
			w.Start = p.frameBound()
		}
	}
	p.close(kRParen, start)
	w.Span = p.span(start)
	return w
}

func (p *parser) frameBound() *Bound {
	start := p.tok.start
	b := &Bound{}
	switch {
	case p.isPair(kwCurrent, kwRow):
		p.next()
		p.next()
		b.Kind = "CURRENT ROW"
		b.Span = p.span(start)
		return b
	case p.is(kwUnbounded) && (p.peek().kw == kwPreceding || p.peek().kw == kwFollowing):
		p.next()
	default:
		b.Value = p.expr()
	}
	switch p.tok.kw {
	case kwPreceding:
		b.Kind = "PRECEDING"
	case kwFollowing:
		b.Kind = "FOLLOWING"
	default:
		p.failWant("PRECEDING or FOLLOWING")
	}
	p.next()
	b.Span = p.span(start)
	return b
}

// lambdaAt reports whether lambda parameters and an arrow begin at t: x ->, x, y ->, (x, y) ->, () ->.
func (p *parser) lambdaAt(t token) bool {
	paren := t.kind == kLParen
	if !paren && t.start < p.notNames {
		return false
	}
	next := t
	if paren {
		next = p.after(t)
	}
	for isName(next) {
		if next.start == p.loneParam && !paren && next.start > t.start {
			return false
		}
		next = p.after(next)
		if next.kind != kComma {
			break
		}
		next = p.after(next)
	}
	if paren {
		if next.kind != kRParen {
			return false
		}
		next = p.after(next)
	}
	if next.kind == kArrow {
		return true
	}
	if !paren {
		p.notNames = next.start
	}
	return false
}

// bareLambda reads x -> body and x, y -> body.
func (p *parser) bareLambda() Expr {
	start := p.tok.start
	l := &Lambda{}
	for isName(p.tok) {
		l.Params = append(l.Params, p.name("a parameter"))
		if !p.acceptKind(kComma) {
			break
		}
	}
	p.next() // the arrow
	return p.lambdaBody(l, start)
}

// lastLambda returns the innermost lambda that x ends with whose several parameters stand without
// parentheses, nil where there is none.
func lastLambda(x Expr) (last *Lambda) {
	for {
		if l, ok := x.(*Lambda); ok && len(l.Params) > 1 && l.Start == l.Params[0].Start {
			last = l
		}
		edge, _ := rightEdge(x)
		if edge == nil || isNil(*edge) {
			return last
		}
		x = *edge
	}
}

// parenLambda reads (x, y) -> body and () -> body.
func (p *parser) parenLambda() Expr {
	start := p.tok.start
	p.next()
	l := &Lambda{}
	for isName(p.tok) {
		l.Params = append(l.Params, p.name("a parameter"))
		if !p.acceptKind(kComma) {
			break
		}
	}
	p.next() // the parenthesis
	p.next() // the arrow
	return p.lambdaBody(l, start)
}

// lambdaWordAt reports whether "x, y:" begins at t.
func (p *parser) lambdaWordAt(t token) bool {
	for isName(t) {
		t = p.after(t)
		if t.kind != kComma {
			break
		}
		t = p.after(t)
	}
	return t.kind == kColon
}

// wordLambda reads lambda x, y: body.
func (p *parser) wordLambda() Expr {
	start := p.tok.start
	p.next()
	l := &Lambda{}
	for isName(p.tok) {
		l.Params = append(l.Params, p.name("a parameter"))
		if !p.acceptKind(kComma) {
			break
		}
	}
	p.next() // the colon
	return p.lambdaBody(l, start)
}

func (p *parser) lambdaBody(l *Lambda, start int32) Expr {
	if p.tok.kind == kLBrace && p.blockAt() {
		l.Body = p.block()
	} else if p.lowBound { // the AND of BETWEEN is not the body's
		if p.enter() {
			l.Body = p.binary(precAnd + 1)
			p.leave()
		}
	} else {
		l.Body = p.expr()
	}
	l.Span = p.span(start)
	return l
}

// namedArg reads name := value.
func (p *parser) namedArg() Expr {
	start := p.tok.start
	n := &NamedArg{Name: p.name("a name")}
	p.next()
	n.Value = p.expr()
	n.Span = p.span(start)
	return n
}
