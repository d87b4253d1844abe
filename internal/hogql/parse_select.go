package hogql

// selectStmt reads [WITH …] SELECT … .
func (p *parser) selectStmt() Query {
	start := p.tok.start
	s := p.slabs.selects.one()
	p.count()
	if p.accept(kwWith) {
		s.Recursive = p.recursive()
		s.With = p.cteList()
		if p.tok.kind == kLParen && !p.failed {
			return p.withParen(s, start)
		}
	}
	if !p.is(kwSelect) {
		p.failWant("SELECT")
		return nil
	}
	p.next()
	p.selectHead(s)
	p.selectList(s)
	p.clauses(s)
	if p.is(kwSettings) && isName(p.peek()) {
		p.failAt(p.tok, failSettings, "")
	}
	if p.failed {
		return nil
	}
	s.Span = p.span(start)
	return s
}

// clauses reads what follows the columns.
func (p *parser) clauses(s *Select) {
	if p.is(kwFrom) && !p.failed {
		p.next()
		s.From = p.joinTree()
	}
	p.filters(s)
	p.grouping(s)
	p.ordering(s)
	p.limits(s)
}

// recursive reads RECURSIVE, which is a name where AS or a parenthesis follows.
func (p *parser) recursive() bool {
	if !p.is(kwRecursive) || !p.operandAt(p.peek()) || p.namedQueryAt() {
		return false
	}
	p.next()
	return true
}

// withParen reads the query in parentheses behind WITH; its first SELECT gets the CTEs.
func (p *parser) withParen(with *Select, start int32) Query {
	q := p.queryMember()
	if p.failed {
		return nil
	}
	first := q
	for {
		set, ok := first.(*Set)
		if !ok {
			break
		}
		first = set.First
	}
	if s, ok := first.(*Select); ok {
		s.With = append(s.With, with.With...) // in PostHog's order
		s.Recursive = s.Recursive || with.Recursive
	}
	switch q := q.(type) {
	case *Select:
		q.Span = p.span(start)
	case *Set:
		q.Span = p.span(start)
	}
	return q
}

// cteList reads the members of WITH.
func (p *parser) cteList() []*CTE {
	var list []*CTE
	for !p.failed {
		list = append(list, p.cte())
		if !p.acceptKind(kComma) || p.is(kwSelect) && !p.namedQueryAt() {
			break
		}
	}
	return list
}

// cte reads name AS (query) or expr AS name.
func (p *parser) cte() *CTE {
	start := p.tok.start
	p.count()
	c := &CTE{}
	if p.namedQueryAt() {
		p.namedQuery(c)
		c.Span = p.span(start)
		return c
	}
	x := p.freeExpr()
	if p.failed {
		return c
	}
	inner, name := splitAlias(x)
	if inner == nil || p.src[name.Start] == '\'' {
		p.fail(failure{tok: p.tok, code: failCTE, open: start})
		return c
	}
	c.Expr, c.Name = inner, name
	c.Span = p.span(start)
	return c
}

// namedQueryAt reports whether name [(columns)] [USING KEY (…)] AS [[NOT] MATERIALIZED] (query) begins
// here.
func (p *parser) namedQueryAt() bool {
	if !isName(p.tok) {
		return false
	}
	t := p.peek()
	if t.kind == kLParen {
		if t = p.skipNames(t); t.kind == kEOF {
			return false
		}
	}
	if t.kw == kwUsing {
		return true
	}
	if t.kw != kwAs {
		return false
	}
	t = p.after(t)
	switch {
	case t.kind == kLParen, t.kw == kwMaterialized:
		return true
	case t.kw == kwNot:
		return p.after(t).kw == kwMaterialized
	}
	return false
}

// skipNames returns the token behind the list of names in parentheses at t, the end of input where there
// is none.
func (p *parser) skipNames(t token) token {
	for {
		t = p.after(t)
		if !isName(t) {
			return token{}
		}
		t = p.after(t)
		if t.kind == kRParen {
			return p.after(t)
		}
		if t.kind != kComma {
			return token{}
		}
	}
}

func (p *parser) namedQuery(c *CTE) {
	c.Name = p.name("a name")
	if p.tok.kind == kLParen {
		c.Columns = p.names("a column", false)
	}
	if p.accept(kwUsing) {
		p.expectWord(kwKey)
		if p.tok.kind != kLParen {
			p.failWant(`"(" and the key's columns`)
			return
		}
		c.UsingKey = p.names("a column", false)
	}
	p.expectWord(kwAs)
	if p.is(kwMaterialized) || p.is(kwNot) {
		yes := !p.accept(kwNot)
		p.expectWord(kwMaterialized)
		c.Materialized = &yes
	}
	open := p.tok.start
	p.expect(kLParen, `"(" and a query`)
	if p.tok.kind == kTagOpen || p.tok.kind == kLess {
		p.failWant("SELECT or a query in parentheses")
	}
	if p.tok.kind == kLBrace {
		c.Query = p.setTail(p.queryMember())
	} else {
		c.Query = p.querySet()
	}
	p.close(kRParen, open)
}

// selectHead reads DISTINCT and refuses TOP n.
func (p *parser) selectHead(s *Select) {
	if p.is(kwTop) {
		if next := p.peek(); next.kind == kInt {
			p.failAt(p.tok, failTop, p.text(next))
		}
	}
	if p.is(kwDistinct) {
		next := p.peek()
		after := p.after(next)
		ends, alias := false, false
		switch {
		case next.kind == kStar && isName(after): // * with an alias
			last := p.after(after)
			alias = last.kind == kComma || p.endsSelect(last)
		case next.kw == kwOrder, next.kw == kwGroup:
			ends = after.kw == kwBy
		case next.kw == kwUnion:
			ends = after.kind == kIdent && after.kw != kwAs || after.kind == kLParen
		case isClauseWord(next.kw) && isClauseWord(after.kw): // a column of that name, and its clause
		case isClauseWord(next.kw) && isName(after): // FROM t may be a column with an alias, FROM t AS u may not
			last := p.after(after)
			ends = after.kw != kwAs && last.kind != kComma && !p.endsSelect(last)
		case isClauseWord(next.kw) && after.kind != kLParen:
			ends = p.operandAt(after)
		}
		if alias || p.operandAt(next) && !ends {
			s.Distinct = true
			p.next()
		} else if next.kind == kIdent && isInfixWord(next) && next.kw != kwAs {
			s.Distinct = true
			p.next()
		}
	}
}

func isClauseWord(k keyword) bool {
	switch k {
	case kwFrom, kwWhere, kwPrewhere, kwGroup, kwHaving, kwQualify, kwOrder, kwLimit, kwOffset, kwUnion, kwSettings, kwWindow, kwWith:
		return true
	}
	return false
}

// selectList reads the columns.
func (p *parser) selectList(s *Select) {
	var buf [listBuf]Expr
	list := buf[:0]
	for !p.failed {
		list = append(list, p.column())
		if !p.acceptKind(kComma) || p.listEnds() {
			break
		}
	}
	s.Columns = p.slabs.exprs.keep(list)
}

// column reads expr, expr alias, expr AS alias or alias : expr.
func (p *parser) column() Expr {
	t := p.tok
	if isName(t) && p.peek().kind == kColon {
		name := p.aliasName("a name")
		p.next()
		x := p.expr()
		return p.named(t.start, x, name)
	}
	m := p.mark()
	x := p.expr()
	a := p.tok
	if p.failed || a.kind != kQuoted && (a.kind != kIdent || a.kw != kwNone && keywords[a.kw].flags&kwColAlias == 0) {
		return x
	}
	if f, ok := x.(*Field); ok && len(f.Chain) == 1 && t.kw == kwFrom {
		p.failAt(t, failFromAlias, "")
		return x
	}
	if l := lastLambda(x); l != nil && scan(p.src, int(l.End)).start == a.start { // x, y -> z AS w is one lambda; x, y -> z w is the column x and y -> z
		p.loneParam = l.Params[len(l.Params)-1].Start
		if !p.reset(m) {
			return x
		}
		return p.column()
	}
	name := p.aliasName("a name")
	p.count()
	return p.named(t.start, x, name)
}

// listEnds reports, behind a comma, whether the comma was the list's last: a bracket, the end, or a
// clause word with its body follows.
func (p *parser) listEnds() bool {
	t := p.tok
	switch t.kind {
	case kEOF, kRParen, kRBracket, kSemi:
		return true
	case kIdent:
	default:
		return false
	}
	next := p.peek()
	switch t.kw {
	case kwFrom, kwWhere, kwPrewhere, kwHaving, kwQualify, kwLimit, kwOffset:
		return p.clausesAt(next)
	case kwGroup, kwOrder:
		return next.kw == kwBy
	case kwWith:
		return next.kw == kwTotals || next.kw == kwRollup || next.kw == kwCube
	case kwWindow:
		return isName(next) && p.after(next).kw == kwAs
	case kwUnion, kwIntersect, kwExcept:
		return symbolOps[next.kind] == 0 && next.kw != kwUnion
	case kwSettings:
		return isName(next)
	case kwArray:
		return next.kw == kwJoin
	case kwLeft, kwInner:
		return next.kw == kwArray
	}
	return false
}

// clausesAt reports whether the clause word here, with next behind it, begins the rest of a SELECT. It
// reads that rest to find out: limit FROM t is a column, limit 5 a clause.
func (p *parser) clausesAt(next token) bool {
	switch next.kind {
	case kComma, kDot, kRParen, kRBracket, kEOF:
		return false
	}
	m := p.mark()
	p.clauses(&Select{})
	ends := !p.failed && p.endsQuery() || p.failed && p.failure.tok.kind == kEOF
	return p.reset(m) && ends
}

// endsQuery reports whether a SELECT with all its clauses may be over here.
func (p *parser) endsQuery() bool {
	switch p.tok.kind {
	case kEOF, kRParen, kSemi:
		return true
	}
	return p.continuesQuery() || p.is(kwSettings)
}

// endsSelect reports whether a SELECT may be over before t, or its next clause begins there.
func (p *parser) endsSelect(t token) bool {
	switch t.kind {
	case kEOF, kRParen, kSemi:
		return true
	}
	return isClauseWord(t.kw) || t.kw == kwIntersect || t.kw == kwExcept
}
