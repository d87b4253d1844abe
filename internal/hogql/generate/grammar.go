package main

import (
	"math/rand/v2"
	"strings"
)

// grammar writes tokens. It stops to nest when its budget is spent.
type grammar struct {
	*rand.Rand

	tokens []string
	budget int
	depth  int
}

// words are keywords and names that stand in a wrong place now and then.
var words = []string{ //nolint:gochecknoglobals // a table
	"select", "from", "where", "and", "or", "not", "in", "like", "between", "is", "null", "as", "by", "group", "order",
	"limit", "offset", "join", "left", "on", "using", "case", "when", "then", "else", "end", "interval", "day", "cast",
	"distinct", "over", "union", "with", "final", "sample", "array", "x", "a", "event", "1", "'s'", "(", ")", ",", ".",
	"*", "->", "?", ":", "::", "??", "{", "}", "[", "]", "let", "true", "id", "cohort", "first", "if", "all",
}

func (g *grammar) put(tokens ...string) {
	g.tokens = append(g.tokens, tokens...)
	g.budget -= len(tokens)
}

// one is true once in n times.
func (g *grammar) one(n int) bool { return g.IntN(n) == 0 }

// maybe writes the token once in n times.
func (g *grammar) maybe(n int, token string) {
	if g.one(n) {
		g.put(token)
	}
}

func (g *grammar) pick(from ...string) string { return from[g.IntN(len(from))] }

// spent reports whether the text is long or deep enough.
func (g *grammar) spent() bool { return g.budget <= 0 || g.depth > 7 }

func (g *grammar) parens(inner func()) { g.between("(", ")", inner) }

func (g *grammar) between(open, end string, inner func()) {
	g.depth++
	g.put(open)
	inner()
	g.put(end)
	g.depth--
}

// list writes low to high items with commas.
func (g *grammar) list(low, high int, item func()) {
	for i := range low + g.IntN(high-low+1) {
		if i > 0 {
			if g.spent() {
				return
			}
			g.put(",")
		}
		item()
	}
}

// name returns a name; now and then it is a keyword that may be one, or needs quotes.
func (g *grammar) name() string {
	switch {
	case g.one(20):
		return g.pick("date", "first", "key", "day", "id", "order", "group", "from", "limit", "left", "if", "interval",
			"cohort", "all", "end", "select", "window", "timestamp", "array", "with", "values", "top", "asc", "columns")
	case g.one(30):
		return g.pick("`a b`", "\"q\"", "`x.y`", "`select`", "`a``b`", "$x", "_")
	}
	return g.pick("a", "b", "x", "y", "event", "timestamp", "properties", "person", "distinct_id", "total", "d1", "n")
}

func (g *grammar) field() {
	g.put(g.name())
	for g.one(4) {
		g.put(".", g.name())
	}
}

func (g *grammar) placeholder() {
	g.between("{", "}", func() {
		if g.one(4) {
			g.expr()
			return
		}
		g.put(g.pick("filters", "p", "variables"))
		if g.one(3) {
			g.put(".", "x")
		}
	})
}

func (g *grammar) literal() {
	switch g.IntN(9) {
	case 0, 1:
		g.put(g.pick("0", "1", "2", "42", "10", "9223372036854775808", "-1", "007"))
	case 2:
		g.put(g.pick("1.5", ".5", "1e3", "0x1F", "0b101", "1.", "2.5e-3", "inf", "nan", "-inf", "0.1"))
	case 3, 4, 5:
		g.put(g.pick("'s'", "''", "'$pageview'", "'it''s'", `'a\'b'`, `'\\d+'`, "'%y%'", "'é'", `'\n'`, `'7 day'`, `'{x}'`))
	case 6:
		g.put(g.pick("true", "false", "NULL", "null", "TRUE"))
	case 7:
		g.put(g.pick("f'x'", "f''", "f'a{b}c'", "f'{x}'", "f'{1 + y} z'", "f'a\\{b'"))
	default:
		g.put(g.pick("'2024-01-01'", "100", "'a'"))
	}
}

// expr writes any expression.
func (g *grammar) expr() {
	if g.spent() {
		g.atom()
		return
	}
	g.depth++
	defer func() { g.depth-- }()
	switch g.IntN(14) {
	case 0:
		g.expr()
		g.put(g.pick("AND", "OR", "and", "or"))
		g.expr()
	case 1:
		g.put("NOT")
		g.expr()
	case 2:
		g.expr()
		g.maybe(3, "NOT")
		g.put("BETWEEN")
		g.operand()
		g.put("AND")
		g.operand()
	case 3:
		if g.one(3) {
			g.expr()
			g.put("?")
			g.expr()
			g.put(":")
			g.expr()
			return
		}
		g.compare()
	case 4:
		if g.one(5) {
			g.expr()
			g.put("AS", g.name())
			return
		}
		g.compare()
	case 5, 6, 7:
		g.compare()
	case 8, 9:
		g.operand()
		g.put(g.pick("+", "-", "*", "/", "%", "||"))
		g.expr()
	default:
		g.operand()
	}
}

func (g *grammar) compare() {
	g.operand()
	switch g.IntN(12) {
	case 0:
		g.put("IS")
		g.maybe(2, "NOT")
		g.put("NULL")
	case 1:
		g.put("IS")
		g.maybe(2, "NOT")
		g.put("DISTINCT", "FROM")
		g.operand()
	case 2, 3:
		g.maybe(3, "NOT")
		g.put("IN")
		switch g.IntN(4) {
		case 0:
			g.put("COHORT")
			g.operand()
		case 1:
			g.parens(g.query)
		default:
			g.parens(func() { g.list(1, 3, g.expr) })
		}
	case 4:
		g.maybe(3, "NOT")
		g.put(g.pick("LIKE", "ILIKE", "like"))
		g.operand()
	case 5:
		g.put(g.pick("??", "<=>", "=~", "!~", "=~*", "!~*", "~"))
		g.operand()
	default:
		g.put(g.pick("=", "==", "!=", "<>", "<", "<=", ">", ">="))
		g.operand()
	}
}

// operand writes an operand with what may stand right behind it.
func (g *grammar) operand() {
	if g.one(12) {
		g.put("-")
	}
	g.primary()
	for g.one(9) && !g.spent() {
		switch g.IntN(7) {
		case 0:
			g.between("[", "]", g.expr)
		case 1:
			g.between("[", "]", func() {
				if g.one(2) {
					g.expr()
				}
				g.put(":")
				if g.one(2) {
					g.expr()
				}
			})
		case 2:
			g.put(".", g.name())
		case 3:
			g.put(".", g.pick("1", "2"))
		case 4:
			g.put("?.", g.name())
		case 5:
			g.put("::", g.pick("Int", "String", "date", "Float64", "timestamp"))
		default:
			g.put("IGNORE", "NULLS")
		}
	}
}

// atom writes the smallest operand.
func (g *grammar) atom() {
	if g.one(2) {
		g.literal()
	} else {
		g.put(g.name())
	}
}

func (g *grammar) primary() {
	if g.spent() {
		g.atom()
		return
	}
	switch g.IntN(22) {
	case 0, 1, 2, 3:
		g.literal()
	case 4, 5, 6, 7, 8, 9:
		g.field()
	case 10, 11, 12:
		g.call()
	case 13:
		g.parens(g.expr)
	case 14:
		g.parens(g.query)
	case 15:
		g.between("[", "]", func() { g.list(0, 3, g.expr) })
	case 16:
		g.parens(func() { g.expr(); g.put(","); g.list(0, 2, g.expr) })
	case 17:
		g.caseExpr()
	case 18:
		g.special()
	case 19:
		g.lambda()
	case 20:
		g.rare()
	default:
		g.placeholder()
	}
}

func (g *grammar) caseExpr() {
	g.put("CASE")
	if g.one(3) {
		g.expr()
	}
	for range 1 + g.IntN(2) {
		g.put("WHEN")
		g.expr()
		g.put("THEN")
		g.expr()
	}
	if g.one(2) {
		g.put("ELSE")
		g.expr()
	}
	g.put("END")
}

// special writes the forms that look like calls or literals and have a grammar of their own.
func (g *grammar) special() {
	switch g.IntN(4) {
	case 0:
		g.put(g.pick("CAST", "TRY_CAST", "cast"))
		g.parens(func() {
			g.expr()
			g.put("AS")
			g.put(strings.Fields(g.pick("Int64", "String", "Array ( String )", "Nullable ( Int64 )", "DateTime64 ( 3 , 'UTC' )",
				"Decimal ( 10 , 2 )", "double precision", "Int [ ]", "Tuple ( a Int , b String )"))...)
		})
	case 1, 2:
		g.put("INTERVAL")
		if g.one(3) {
			g.put(g.pick("'7 days'", "'1 day'", "'3 month'"))
			return
		}
		g.operand()
		g.put(g.pick("DAY", "day", "HOUR", "MONTH", "week", "year"))
	default:
		g.put("TRIM")
		g.parens(func() {
			g.put(g.pick("BOTH", "LEADING", "TRAILING"), "'x'", "FROM")
			g.expr()
		})
	}
}

func (g *grammar) lambda() {
	switch g.IntN(4) {
	case 0:
		g.put("x", "->")
	case 1:
		g.parens(func() { g.list(0, 2, func() { g.put(g.pick("x", "y", "a")) }) })
		g.put("->")
	case 2:
		g.put("x", ",", "y", "->")
	default:
		g.put("lambda", "x", ":")
	}
	g.expr()
}

func (g *grammar) rare() {
	switch g.IntN(8) {
	case 0:
		g.put("*")
	case 1:
		g.put("#", "1")
	case 2:
		g.between("{", "}", func() { g.list(1, 2, func() { g.expr(); g.put(":"); g.expr() }) })
	case 3:
		g.put("COLUMNS")
		g.parens(func() { g.put(g.pick("'^a'", "*", "a")) })
	case 4:
		g.put(g.pick("<a/>", "<a b='c'/>", "<Foo x={1}>text</Foo>", "<a>{b}<c/></a>"))
	case 5:
		g.field()
		g.put(".", "*")
	case 6:
		g.put("x", ":=")
		g.expr()
	default:
		g.put("array")
		g.between("[", "]", func() { g.list(0, 2, g.expr) })
	}
}

func (g *grammar) call() {
	g.put(g.pick("count", "sum", "toDate", "if", "concat", "JSONExtractString", "now", "quantile", "arrayMap", "left", "date", "any", "max"))
	switch {
	case g.one(12):
		g.parens(func() { g.list(0, 2, g.expr) })
	case g.one(25):
		g.parens(g.selectStmt)
		return
	}
	g.parens(func() {
		g.maybe(10, "DISTINCT")
		g.list(0, 3, g.expr)
		if g.one(20) {
			g.orderBy()
		}
	})
	if g.one(15) {
		g.put("FILTER")
		g.parens(func() { g.put("WHERE"); g.expr() })
	}
	switch {
	case g.one(12):
		g.put("OVER")
		if g.one(3) {
			g.put("w")
		} else {
			g.parens(g.window)
		}
	case g.one(30):
		g.put("WITHIN", "GROUP")
		g.parens(func() { g.put("ORDER", "BY"); g.list(1, 2, g.order) })
	}
}

func (g *grammar) window() {
	if g.one(2) {
		g.put("PARTITION", "BY")
		g.list(1, 2, g.expr)
	}
	if g.one(2) {
		g.put("ORDER", "BY")
		g.list(1, 2, g.order)
	}
	if g.one(3) {
		g.put(g.pick("ROWS", "RANGE"))
		if g.one(2) {
			g.put("BETWEEN")
			g.bound()
			g.put("AND")
		}
		g.bound()
	}
}

func (g *grammar) bound() {
	switch g.IntN(4) {
	case 0:
		g.put("CURRENT", "ROW")
	case 1:
		g.put("UNBOUNDED", g.pick("PRECEDING", "FOLLOWING"))
	case 2:
		g.put(g.pick("1", "10"), g.pick("PRECEDING", "FOLLOWING"))
	default:
		g.operand()
		g.put(g.pick("PRECEDING", "FOLLOWING"))
	}
}
