package hogql

import "strings"

// leftOperand returns the operand that x prints first, and how tight it must bind to stand there without
// parentheses; nil where x begins with something else. Chains over it may be as long as the text, so
// nothing recurses on it.
func leftOperand(x Expr) (Expr, int) {
	switch x := x.(type) {
	case *Binary:
		return x.X, int(operators[x.Op].prec)
	case *Logical:
		if len(x.Exprs) > 0 {
			return x.Exprs[0], int(operators[x.Op].prec) + 1
		}
	case *IsNull:
		return x.X, precCompare
	case *Between:
		return x.X, precBetween
	case *Ternary:
		return x.Cond, precTernary + 1
	case *Alias:
		return x.X, precAlias
	case *Index:
		return x.X, precPostfix
	case *Slice:
		return x.X, precPostfix
	case *IgnoreNulls:
		return x.X, precCompare
	case *Cast:
		if x.Kind == CastColons {
			return x.X, precPostfix
		}
	case *TupleIndex:
		if !x.Nullish && isDigits(x.X) { // the point would be the number's own
			return x.X, precPostfix + 1
		}
		return x.X, precPostfix
	case *CallExpr:
		if isCallee(x.Fn) {
			return x.Fn, precPostfix + 1
		}
		return x.Fn, precPostfix
	}
	return nil, 0
}

// isDigits reports whether x is a number of digits only.
func isDigits(x Expr) bool {
	n, ok := x.(*Number)
	return ok && strings.Trim(n.Text, "0123456789") == ""
}

// isCallee reports whether x is a plain name or call, with which a call would be of another shape.
func isCallee(x Expr) bool {
	switch x := x.(type) {
	case *Field:
		return len(x.Chain) == 1
	case *Call:
		return !x.HasParam && x.Over == nil && x.Filter == nil && x.Within == nil && !x.Distinct && x.OrderBy == nil
	}
	return false
}

// link is one operation of a chain that is being printed.
type link struct {
	x      Expr
	parens bool
}

// expr prints x as an operand of an operation that wants at least floor, in parentheses if x binds less.
func (p *printer) expr(x Expr, floor int) {
	var buf [8]link
	chain := buf[:0]
	for x != nil {
		l := link{x, p.needsParens(x, floor)}
		if l.parens {
			p.s("(")
		}
		chain = append(chain, l)
		left, need := leftOperand(x)
		if left == nil {
			break
		}
		x, floor = left, need
	}
	for i := len(chain) - 1; i >= 0; i-- {
		p.rest(chain[i].x)
		if chain[i].parens {
			p.s(")")
		}
	}
}

// needsParens reports whether x needs parentheses here, as an operand of what wants at least floor.
func (p *printer) needsParens(x Expr, floor int) bool {
	return precedence(x) < floor && (!isSuffix(x) || len(p.buf) != p.edge)
}

// isSuffix reports whether x is an operand with words behind it, which a tighter operator takes whole.
func isSuffix(x Expr) bool {
	switch x.(type) {
	case *IsNull, *IgnoreNulls:
		return true
	}
	return false
}

// rest prints x without its left operand.
func (p *printer) rest(x Expr) {
	switch x := x.(type) {
	case *Binary:
		p.s(" ")
		p.s(x.Op.String())
		p.s(" ")
		p.expr(x.Y, int(operators[x.Op].prec)+1)
	case *Logical:
		for i := 1; i < len(x.Exprs); i++ {
			p.s(" ")
			p.s(x.Op.String())
			p.s(" ")
			p.expr(x.Exprs[i], int(operators[x.Op].prec)+1)
		}
	case *IsNull:
		p.s(" IS ")
		if x.Not {
			p.s("NOT ")
		}
		p.s("NULL")
	case *Between:
		if x.Not {
			p.s(" NOT")
		}
		p.s(" BETWEEN ")
		p.expr(x.Low, precBetween+1)
		p.s(" AND ")
		p.expr(x.High, precBetween+1)
	case *Ternary:
		p.s(" ? ")
		p.expr(x.Then, precLowest)
		p.s(" : ")
		p.expr(x.Else, precTernary)
	case *Alias:
		p.s(" AS ")
		p.name(x.Name, nameAlias)
	default:
		p.suffix(x)
	}
}

// suffix is rest for what binds tightest.
func (p *printer) suffix(x Expr) {
	switch x := x.(type) {
	case *Index:
		p.s(nullish(x.Nullish) + "[")
		p.expr(x.Index, precLowest)
		p.s("]")
	case *TupleIndex:
		if x.Nullish {
			p.s("?")
		}
		p.s("." + x.Index)
	case *Slice:
		p.s("[")
		p.expr(x.Low, precLowest)
		p.s(":")
		p.expr(x.High, precLowest)
		p.s("]")
	case *CallExpr:
		p.s("(")
		p.exprs(x.Args)
		p.s(")")
	case *IgnoreNulls:
		p.s(" IGNORE NULLS")
	case *Cast:
		if x.Kind == CastColons {
			p.s("::")
			p.colonType(x.Type.Text)
			return
		}
		p.bare(x)
	default:
		p.bare(x)
	}
}
