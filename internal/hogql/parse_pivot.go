package hogql

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
		c := UnpivotColumn{Values: p.pivotOperand()}
		p.expectWord(kwFor)
		c.Names = p.pivotOperand()
		p.expectWord(kwIn)
		c.Columns = p.pivotList()
		v.Columns = append(v.Columns, c)
		if !p.acceptKind(kComma) {
			break
		}
	}
	p.close(kRParen, open)
	v.Span = p.span(start)
	j.Table, j.Alias, j.Columns = v, nil, nil
}

func (p *parser) pivotColumn() PivotColumn {
	x := p.binary(precCompare + 1)
	p.expectWord(kwIn)
	return PivotColumn{Column: x, Values: p.pivotList()}
}

// pivotOperand reads one expression; a list in parentheses is one *Tuple.
func (p *parser) pivotOperand() []Expr { return []Expr{p.binary(precCompare + 1)} }

func (p *parser) pivotList() []Expr {
	open := p.tok.start
	p.expect(kLParen, `"(" and a list`)
	if p.tok.kind == kRParen {
		p.failWant("a value")
	}
	list := p.exprList(kRParen)
	p.close(kRParen, open)
	return list
}
