package main

// statement writes a whole query.
func (g *grammar) statement() {
	g.query()
	if g.one(20) {
		g.put(";")
	}
}

// query writes a SELECT or a set of them, with what may stand behind it.
func (g *grammar) query() {
	g.member()
	for g.one(9) {
		switch g.IntN(5) {
		case 0, 1:
			g.put("UNION", "ALL")
		case 2:
			g.put("UNION")
			g.maybe(2, "DISTINCT")
		case 3:
			g.put("INTERSECT")
			g.maybe(3, g.pick("ALL", "DISTINCT"))
		default:
			g.put("EXCEPT")
			g.maybe(3, "ALL")
		}
		if g.one(12) {
			g.put("BY", "NAME")
		}
		g.member()
	}
	if g.one(16) {
		g.orderBy()
	}
	if g.one(16) {
		g.limit()
	}
}

func (g *grammar) member() {
	switch {
	case g.one(14):
		g.parens(g.query)
	case g.one(25):
		g.placeholder()
	default:
		g.selectStmt()
	}
}

func (g *grammar) selectStmt() {
	if g.one(6) {
		g.with()
	}
	g.put(g.pick("SELECT", "select"))
	g.maybe(8, "DISTINCT")
	g.list(1, 4, g.column)
	if g.one(30) {
		g.put(",")
	}
	if !g.one(5) {
		g.put("FROM")
		g.joins()
		if g.one(14) {
			g.maybe(2, g.pick("LEFT", "INNER"))
			g.put("ARRAY", "JOIN")
			g.list(1, 2, func() { g.operand(); g.put("AS", g.name()) })
		}
	}
	if g.one(20) {
		g.put("PREWHERE")
		g.expr()
	}
	if g.one(2) {
		g.put("WHERE")
		g.expr()
	}
	g.grouping()
	if g.one(4) {
		g.orderBy()
	}
	if g.one(14) {
		g.put("LIMIT")
		g.expr()
		if g.one(3) {
			g.put(g.pick("OFFSET", ","))
			g.expr()
		}
		g.put("BY")
		g.list(1, 2, g.expr)
	}
	if g.one(4) {
		g.limit()
	}
}

func (g *grammar) with() {
	g.put("WITH")
	g.maybe(10, "RECURSIVE")
	g.list(1, 2, func() {
		if g.one(3) {
			g.expr()
			g.put("AS", g.name())
			return
		}
		g.put(g.name())
		if g.one(6) {
			g.parens(func() { g.list(1, 2, func() { g.put(g.name()) }) })
		}
		if g.one(15) {
			g.put("USING", "KEY")
			g.parens(func() { g.put(g.name()) })
		}
		g.put("AS")
		if g.one(10) {
			g.maybe(2, "NOT")
			g.put("MATERIALIZED")
		}
		g.parens(g.query)
	})
}

// column writes one item of a select list.
func (g *grammar) column() {
	switch g.IntN(9) {
	case 0:
		g.put("*")
		if g.one(3) {
			g.put("EXCLUDE")
			g.parens(func() { g.list(1, 2, func() { g.put(g.name()) }) })
		}
	case 1, 2:
		g.expr()
		g.put("AS", g.name())
	case 3:
		g.expr()
		g.put(g.pick("a", "total", "n", "`my col`", "value", "date"))
	case 4:
		if g.one(4) {
			g.put(g.name(), ":")
		}
		g.expr()
	default:
		g.expr()
	}
}

func (g *grammar) joins() {
	g.table()
	for g.one(4) {
		if g.one(5) {
			g.put(",")
			g.table()
			continue
		}
		g.maybe(25, "NATURAL")
		switch g.IntN(7) {
		case 0:
			g.put("CROSS", "JOIN")
			g.table()
			continue
		case 1:
			g.maybe(2, g.pick("ANY", "ALL", "ASOF", "SEMI", "ANTI"))
		case 2:
			g.put(g.pick("LEFT", "RIGHT", "FULL"))
			g.maybe(3, "OUTER")
			g.maybe(4, g.pick("ANY", "ALL", "ASOF", "SEMI", "ANTI"))
		case 3:
			g.put("INNER")
		case 4:
			g.put("LEFT")
		case 5:
			g.maybe(6, "POSITIONAL")
		}
		g.put("JOIN")
		g.table()
		switch g.IntN(6) {
		case 0:
		case 1:
			g.put("USING")
			if g.one(2) {
				g.parens(func() { g.list(1, 2, g.field) })
			} else {
				g.field()
			}
		default:
			g.put("ON")
			g.expr()
		}
	}
}

// table writes one table with what belongs to it.
func (g *grammar) table() {
	switch {
	case g.spent() || !g.one(3):
		g.put(g.pick("events", "persons", "e", "sessions", "t", "system", "`my table`"))
		if g.one(5) {
			g.put(".", g.pick("insights", "a", "query_log"))
		}
	case g.one(8):
		g.placeholder()
	case g.one(6):
		g.put(g.pick("numbers", "generateSeries"))
		g.parens(func() { g.list(0, 2, g.expr) })
	case g.one(14):
		g.parens(func() {
			g.put("VALUES")
			g.list(1, 2, func() { g.parens(func() { g.list(1, 3, g.expr) }) })
		})
	case g.one(9):
		g.parens(g.joins)
		return
	default:
		g.parens(g.query)
	}
	if g.one(2) {
		g.maybe(2, "AS")
		g.put(g.pick("a", "b", "e", "t2", "p", "`al`", "first", "key"))
		if g.one(12) {
			g.parens(func() { g.list(1, 2, func() { g.put(g.name()) }) })
		}
	}
	if g.one(40) {
		g.pivot()
	}
	g.maybe(12, "FINAL")
	if g.one(16) {
		g.put("SAMPLE", g.pick("0.1", "10", "1/10", "{s}"))
		if g.one(4) {
			g.put("OFFSET", g.pick("0.5", "1/2"))
		}
	}
}

func (g *grammar) pivot() {
	in := func() {
		g.field()
		g.put("IN")
		g.parens(func() { g.list(1, 2, g.literal) })
	}
	if g.one(2) {
		g.put("PIVOT")
		g.parens(func() { g.list(1, 2, g.call); g.put("FOR"); in() })
		return
	}
	g.put("UNPIVOT")
	g.parens(func() { g.field(); g.put("FOR"); in() })
}

func (g *grammar) grouping() {
	if g.one(4) {
		g.put("GROUP", "BY")
		switch g.IntN(9) {
		case 0:
			g.put("ALL")
		case 1:
			g.put(g.pick("ROLLUP", "CUBE"))
			g.parens(func() { g.list(1, 2, g.expr) })
		case 2:
			g.put("GROUPING", "SETS")
			g.parens(func() { g.list(1, 3, func() { g.parens(func() { g.list(0, 2, g.expr) }) }) })
		default:
			g.list(1, 3, g.expr)
		}
	}
	if g.one(25) {
		g.put("WITH", g.pick("TOTALS", "ROLLUP", "CUBE"))
	}
	if g.one(8) {
		g.put("HAVING")
		g.expr()
	}
	if g.one(20) {
		g.put("QUALIFY")
		g.expr()
	}
	if g.one(20) {
		g.put("WINDOW")
		g.list(1, 2, func() { g.put(g.name(), "AS"); g.parens(g.window) })
	}
}

func (g *grammar) orderBy() {
	g.put("ORDER", "BY")
	g.list(1, 3, g.order)
	if g.one(40) {
		g.put("INTERPOLATE")
	}
}

func (g *grammar) order() {
	g.expr()
	g.maybe(2, g.pick("ASC", "DESC", "desc", "ASCENDING", "DESCENDING"))
	if g.one(10) {
		g.put("NULLS", g.pick("FIRST", "LAST"))
	}
	if g.one(25) {
		g.put("COLLATE", "'en'")
	}
	if g.one(20) {
		g.put("WITH", "FILL")
		for _, word := range []string{"FROM", "TO", "STEP"} {
			if g.one(2) {
				g.put(word)
				g.expr()
			}
		}
	}
}

func (g *grammar) limit() {
	number := func() {
		if g.one(5) {
			g.expr()
		} else {
			g.put(g.pick("10", "100", "1", "{n}"))
		}
	}
	switch g.IntN(6) {
	case 0:
		g.put("OFFSET")
		number()
		if g.one(3) {
			g.put("LIMIT")
			number()
		}
		return
	case 1:
		g.put("LIMIT")
		number()
		g.put(",")
		number()
		return
	}
	g.put("LIMIT")
	number()
	g.maybe(12, "%")
	if g.one(12) {
		g.put("WITH", "TIES")
	}
	if g.one(3) {
		g.put("OFFSET")
		number()
	}
}
