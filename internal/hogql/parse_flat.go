package hogql

// flatAtOnce is the length up to which the operands of an AND or OR in parentheses are copied into the one
// around it as soon as they have been read. Copying longer lists at every level would take quadratic time.
const flatAtOnce = 64

// operands appends x to the operands of op: its own operands where it is the same operation.
func (p *parser) operands(list []Expr, x Expr, op Op) []Expr {
	inner, ok := x.(*Logical)
	if !ok || inner.Op != op {
		return append(list, x)
	}
	if len(inner.Exprs) > flatAtOnce {
		p.nested = true
		return append(list, x)
	}
	return append(list, inner.Exprs...)
}

// flatten copies what operands left nested.
func (p *parser) flatten(n Node) {
	if !p.nested {
		return
	}
	for n := range All(n) {
		if l, ok := n.(*Logical); ok {
			l.Exprs = flat(l)
		}
	}
}

// flat returns the operands of l without nesting.
func flat(l *Logical) []Expr {
	var out []Expr
	for left := [][]Expr{l.Exprs}; len(left) > 0; {
		last := len(left) - 1
		if len(left[last]) == 0 {
			left = left[:last]
			continue
		}
		x := left[last][0]
		left[last] = left[last][1:]
		if inner, ok := x.(*Logical); ok && inner.Op == l.Op {
			left = append(left, inner.Exprs)
			continue
		}
		out = append(out, x)
	}
	return out
}
