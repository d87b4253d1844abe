package hogql

import "strings"

// pivotAt reports whether PIVOT or UNPIVOT begins here.
func (p *parser) pivotAt() bool {
	switch p.tok.kw {
	case kwPivot:
		return p.peek().kind == kLParen
	case kwUnpivot:
		next := p.peek()
		return next.kind == kLParen || next.kw == kwInclude
	}
	return false
}

// pivot reads PIVOT (…) or UNPIVOT (…) behind the table of j and makes it j's table.
func (p *parser) pivot(j *Join, start int32) {
	if p.is(kwPivot) {
		p.next()
		open := p.tok.start
		p.next()
		v := &Pivot{Table: j.Table, Alias: j.Alias, Renamed: j.Columns}
		for !p.failed {
			v.Aggregates = append(v.Aggregates, p.column())
			if !p.acceptKind(kComma) || p.is(kwFor) {
				break
			}
		}
		p.expectWord(kwFor)
		for !p.failed {
			v.Columns = append(v.Columns, p.pivotColumn())
			if p.tok.kind == kRParen || p.is(kwGroup) {
				break
			}
		}
		if p.accept(kwGroup) {
			p.expectWord(kwBy)
			v.GroupBy = p.clauseList()
		}
		p.close(kRParen, open)
		v.Span = p.span(start)
		j.Table, j.Alias, j.Columns = v, nil, nil
		return
	}
	p.next()
	v := &Unpivot{Table: j.Table, Alias: j.Alias, Renamed: j.Columns}
	if p.accept(kwInclude) {
		p.expectWord(kwNulls)
		v.IncludeNulls = true
	}
	open := p.tok.start
	p.expect(kLParen, `"(" after UNPIVOT`)
	for !p.failed {
		c := UnpivotColumn{Values: []Expr{p.pivotOperand()}}
		p.expectWord(kwFor)
		names, columns := p.pivotIn()
		c.Names, c.Columns = []Expr{names}, columns
		v.Columns = append(v.Columns, c)
		if !p.acceptKind(kComma) || p.tok.kind == kRParen {
			break
		}
	}
	p.close(kRParen, open)
	v.Span = p.span(start)
	j.Table, j.Alias, j.Columns = v, nil, nil
}

func (p *parser) pivotColumn() PivotColumn {
	x, values := p.pivotIn()
	return PivotColumn{Column: x, Values: values}
}

// pivotOperand reads one expression; what stands in parentheses is a *Tuple, also of one.
func (p *parser) pivotOperand() Expr {
	t := p.tok
	x := p.binary(precTernary)
	if p.failed || t.kind != kLParen {
		return x
	}
	return p.tupleOf(x, t.start, p.prevEnd)
}

// tupleOf makes a *Tuple of x where x is all that the parentheses src[start:end] hold.
func (p *parser) tupleOf(x Expr, start, end int32) Expr {
	switch x.(type) {
	case *Tuple, *Subquery, *Lambda:
		return x
	}
	inner := scan(p.src, int(start)+1)
	if x.Pos().Start != inner.start || p.src[end-1] != ')' || x.Pos().End >= end {
		return x
	}
	return &Tuple{Span: Span{start, end}, Elems: []Expr{x}}
}

// pivotIn reads x IN (list), where x may hold an IN of its own.
func (p *parser) pivotIn() (Expr, []Expr) {
	t := p.tok
	x := p.binary(precTernary)
	if p.failed {
		return x, nil
	}
	in, at := lastIn(&x)
	if in == nil || scan(p.src, int(in.OpPos.End)).kind != kLParen {
		p.failWant("IN and a list")
		return x, nil
	}
	list := []Expr{in.Y}
	switch y := in.Y.(type) {
	case *Tuple: // of the list's own parentheses
		if y.Start == scan(p.src, int(in.OpPos.End)).start {
			list = y.Elems
		}
	case *Subquery:
		p.failAt(scan(p.src, int(in.OpPos.End)), failExpectedAt, "a list of values")
	}
	*at = in.X
	if t.kind == kLParen {
		// the operator stands right behind the parenthesis that closes a tuple of one
		x = p.tupleOf(x, t.start, int32(len(strings.TrimRight(p.src[:in.OpPos.Start], " \t\r\n"))))
	}
	return x, list
}

// lastIn returns the IN that the expression at ends with, and where it stands.
func lastIn(at *Expr) (*Binary, *Expr) {
	for {
		if b, ok := (*at).(*Binary); ok && b.Op == OpIn {
			return b, at
		}
		edge, _ := rightEdge(*at)
		if edge == nil || isNil(*edge) {
			return nil, nil
		}
		at = edge
	}
}
