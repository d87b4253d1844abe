package hogql

// tablePrimary reads a table; the members of a join tree in parentheses it appends to list instead.
func (p *parser) tablePrimary(list []*Join) (Table, []*Join) {
	t := p.tok
	switch {
	case t.kind == kLParen:
		return p.tableParen(list)
	case t.kind == kLBrace:
		if x, ok := p.brace().(*Placeholder); ok {
			return x, list
		}
		p.failAt(t, failExpectedAt, "a table")
	case t.kind == kTagOpen, t.kind == kLess:
		if tag, ok := p.tag().(*Tag); ok {
			return tag, list
		}
	case isName(t):
		return p.tableName(), list
	case t.kind == kIdent:
		p.failAt(t, failNever, "a table")
	default:
		p.failWant("a table")
	}
	return nil, nil
}

// tableName reads a.b.c or name(args).
func (p *parser) tableName() Table {
	start := p.tok.start
	first := p.name("a table")
	if p.tok.kind == kLParen {
		open := p.tok.start
		p.next()
		args := p.exprList(kRParen)
		p.close(kRParen, open)
		return &TableCall{Span: p.span(start), Name: first, Args: args}
	}
	n := p.slabs.tables.one()
	parts := append(p.slabs.idents.room(), first)
	for p.tok.kind == kDot && !p.failed {
		p.next()
		parts = append(parts, p.name("a name"))
	}
	n.Span, n.Chain = p.span(start), p.slabs.idents.take(parts)
	return n
}

// tableParen reads a query, VALUES, or a join tree in parentheses.
func (p *parser) tableParen(list []*Join) (Table, []*Join) {
	paren, open, base := p.tok.start, len(p.openJoins), len(list)
	p.next()
	t := p.tok
	switch {
	case (t.kw == kwSelect || t.kw == kwWith) && !p.isTableWord():
		q := p.querySet()
		p.close(kRParen, paren)
		return &Subquery{Span: p.span(paren), Query: q}, list
	case t.kw == kwValues && p.peek().kind == kLParen:
		if v, ok := p.values(paren); ok {
			return v, list
		}
	}
	if !p.enter() {
		return nil, nil
	}
	defer p.leave()
	if t.kind != kLParen && t.kind != kLBrace {
		list = p.joinItem(list)
	} else {
		var table Table
		table, list = p.tablePrimary(list)
		if p.failed {
			return nil, nil
		}
		q := tableQuery(table)
		if q != nil && p.continuesQuery() {
			q = p.setTail(q)
			p.close(kRParen, paren)
			if x, ok := q.(*Placeholder); ok {
				return x, list
			}
			return &Subquery{Span: p.span(paren), Query: q}, list
		}
		if q != nil && p.tok.kind == kRParen {
			p.next()
			return table, list
		}
		if table != nil {
			list = append(list, p.joinRest(table, t.start))
		}
	}
	list = p.joinChain(list, base, open)
	p.close(kRParen, paren)
	return nil, list
}

// tableQuery returns the query that a table is, nil where it is none.
func tableQuery(t Table) Query {
	switch x := t.(type) {
	case *Subquery:
		return x.Query
	case *Placeholder:
		return x
	}
	return nil
}

// isTableWord reports whether the word here is the name of a table: nothing of a query follows.
func (p *parser) isTableWord() bool {
	t := p.peek()
	return t.kind == kRParen || t.kind == kComma || t.kind == kDot && p.nameAfter(t)
}

// joinRest reads what belongs to a table that has been read.
func (p *parser) joinRest(table Table, start int32) *Join {
	j := p.slabs.joins.one()
	j.Table = table
	p.tableAliases(j)
	j.Final = p.accept(kwFinal)
	if p.is(kwSample) {
		j.Sample = p.sample()
	}
	j.Span = p.span(start)
	return j
}

// values reads VALUES (a, b), (c, d) up to the closing parenthesis of the one at open.
func (p *parser) values(open int32) (Table, bool) {
	m := p.mark()
	start := p.tok.start
	p.next()
	v := &Values{}
	for !p.failed {
		inner := p.tok.start
		p.expect(kLParen, `"(" and the values of a row`)
		var row []Expr
		for p.tok.kind != kRParen && !p.failed {
			row = append(row, p.expr())
			if !p.acceptKind(kComma) {
				break
			}
		}
		if len(row) == 0 && !p.failed { // a table function named values
			p.reset(m)
			return nil, false
		}
		p.close(kRParen, inner)
		v.Rows = append(v.Rows, row)
		if !p.acceptKind(kComma) {
			break
		}
	}
	if !p.failed && p.tok.kind != kRParen { // a table function named values
		p.reset(m)
		return nil, false
	}
	v.Span = p.span(start)
	p.close(kRParen, open)
	return &Subquery{Span: p.span(open), Query: v}, true
}

// sample reads SAMPLE ratio [OFFSET ratio].
func (p *parser) sample() *Sample {
	start := p.tok.start
	p.next()
	s := &Sample{Ratio: p.ratio()}
	if next := p.peek(); p.is(kwOffset) && (isNumber(next) || next.kind == kLBrace || next.kind == kMinus || next.kind == kPlus || next.kind == kDot) {
		p.next()
		s.Offset = p.ratio()
	}
	s.Span = p.span(start)
	return s
}

// ratio reads number, number/number or a placeholder; a percent sign behind it is dropped, as PostHog
// does.
func (p *parser) ratio() Expr {
	var x Expr
	switch p.tok.kind {
	case kLBrace:
		x = p.brace()
		if _, ok := x.(*Placeholder); !ok {
			p.failWant("a ratio")
		}
	default:
		n := p.plainNumber()
		if n == nil {
			return nil
		}
		x = n
		if p.tok.kind == kSlash {
			pos := Span{p.tok.start, p.tok.end}
			p.next()
			d := p.plainNumber()
			if d == nil {
				return nil
			}
			x = &Binary{Span: p.span(n.Start), Op: OpDiv, OpPos: pos, X: n, Y: d}
		}
	}
	p.acceptKind(kPercent)
	return x
}

// plainNumber reads a number, which may have a sign.
func (p *parser) plainNumber() *Number {
	switch p.tok.kind {
	case kMinus, kPlus:
		if n, ok := p.signedNumber(); ok {
			return n
		}
	default:
		if isNumber(p.tok) || p.tok.kind == kDot && isNumber(p.peek()) {
			return p.number(p.tok.start)
		}
	}
	p.failWant("a number, like 0.1 or 1/10")
	return nil
}
