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
	if order != nil || limit != nil {
		p.applyTail(q, order, limit, start)
	}
	return q
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

// selectStmt reads [WITH …] SELECT … .
func (p *parser) selectStmt() Query {
	start := p.tok.start
	s := &Select{}
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
		s.With = append(with.With, s.With...)
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
	t = scan(p.src, int(t.end))
	switch {
	case t.kind == kLParen, t.kw == kwMaterialized:
		return true
	case t.kw == kwNot:
		return scan(p.src, int(t.end)).kw == kwMaterialized
	}
	return false
}

// skipNames returns the token behind the list of names in parentheses at t, the end of input where there
// is none.
func (p *parser) skipNames(t token) token {
	for {
		t = scan(p.src, int(t.end))
		if !isName(t) {
			return token{}
		}
		t = scan(p.src, int(t.end))
		if t.kind == kRParen {
			return scan(p.src, int(t.end))
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
		after := scan(p.src, int(next.end))
		ends := isClauseWord(next.kw) && !p.operandAt(after) && after.kind != kComma || (next.kw == kwOrder || next.kw == kwGroup) && after.kw == kwBy
		if p.operandAt(next) && !ends {
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
	x := p.expr()
	a := p.tok
	if p.failed || a.kind != kQuoted && (a.kind != kIdent || a.kw != kwNone && keywords[a.kw].flags&kwColAlias == 0) {
		return x
	}
	if f, ok := x.(*Field); ok && len(f.Chain) == 1 && t.kw == kwFrom {
		p.failAt(t, failFromAlias, "")
		return x
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
		return isName(next) && scan(p.src, int(next.end)).kw == kwAs
	case kwUnion, kwIntersect, kwExcept:
		return true
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
