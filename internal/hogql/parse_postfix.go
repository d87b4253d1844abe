package hogql

// postfix reads what may follow an operand and binds tighter than every operator.
func (p *parser) postfix(x Expr) Expr {
	for !p.failed {
		switch p.tok.kind {
		case kDot:
			x = p.member(x, false)
		case kNullDot:
			x = p.member(x, true)
		case kLBracket:
			if _, ok := x.(*Lambda); ok && p.peek().kind == kRBracket { // of the type in CAST(x -> y AS Int[])
				return x
			}
			x = p.index(x, false)
		case kLParen:
			open := p.tok.start
			p.next()
			args := p.callArgs(open)
			p.close(kRParen, open)
			x = &CallExpr{Span: p.span(x.Pos().Start), Fn: x, Args: args}
		case kColons:
			x = p.castSuffix(x)
		default:
			return x
		}
		p.count()
	}
	return x
}

// member reads .name, .1 and, behind ?. , also [index].
func (p *parser) member(x Expr, nullish bool) Expr {
	p.next()
	switch t := p.tok; {
	case isName(t):
		p.next()
		id := p.ident(t)
		return &Index{Span: p.span(x.Pos().Start), X: x, Index: &String{Span: id.Span, Value: id.Name}, Nullish: nullish}
	case t.kind == kInt:
		p.next()
		if len(p.text(t)) > 18 {
			p.failAt(t, failNumber, "a position this large")
		}
		return &TupleIndex{Span: p.span(x.Pos().Start), X: x, Index: p.text(t), Nullish: nullish}
	case nullish && t.kind == kLBracket:
		return p.index(x, true)
	case t.kind == kIdent:
		p.failAt(t, failNever, "a name")
	default:
		p.failWant(`a name or a number after "."`)
	}
	return x
}

// index reads [i] or [low:high].
func (p *parser) index(x Expr, nullish bool) Expr {
	open := p.tok.start
	p.next()
	var low Expr
	if p.tok.kind != kColon {
		low = p.expr()
	}
	if p.tok.kind != kColon || nullish {
		p.close(kRBracket, open)
		return &Index{Span: p.span(x.Pos().Start), X: x, Index: low, Nullish: nullish}
	}
	return p.slice(x, open, low)
}

// slice reads the rest of [low:high] from the colon on.
func (p *parser) slice(x Expr, open int32, low Expr) Expr {
	p.next()
	var high Expr
	if p.tok.kind != kRBracket {
		high = p.expr()
	}
	p.close(kRBracket, open)
	return &Slice{Span: p.span(x.Pos().Start), X: x, Low: low, High: high}
}

// callArgs reads arguments: one query or set of queries without parentheses of its own, or expressions.
func (p *parser) callArgs(open int32) []Expr {
	if p.is(kwSelect) || p.is(kwWith) {
		start := p.tok.start
		if q, ok := p.subquery(open); ok {
			return []Expr{&Subquery{Span: p.span(start), Query: q}}
		}
	}
	list := p.exprList(kRParen)
	if len(list) == 1 && !p.failed && p.tok.kind == kIdent && !p.is(kwOrder) && p.continuesQuery() {
		if q := memberOf(list[0]); q != nil {
			if q = p.setTail(q); !p.failed {
				return []Expr{&Subquery{Span: q.Pos(), Query: q}}
			}
		}
	}
	return list
}

// exprList reads expressions up to the closing token; the last comma may stand alone.
func (p *parser) exprList(end kind) []Expr { return p.exprListFrom(nil, end) }

// exprListFrom is exprList where the first expression, unless it is nil, has been read with its comma.
func (p *parser) exprListFrom(first Expr, end kind) []Expr {
	var buf [listBuf]Expr
	list := buf[:0]
	if first != nil {
		list = append(list, first)
	}
	for p.tok.kind != end && !p.failed {
		list = append(list, p.expr())
		if !p.acceptKind(kComma) || p.isPair(kwOrder, kwBy) {
			break
		}
	}
	return p.slabs.exprs.keep(list)
}
