package hogql

import "iter"

// Walk visits n and every node below it in source order, each once and before its children. Where visit
// returns false the children are left out. Parts that are no expression, query or table (Join, Order,
// CTE, …) are not visited themselves, but what they hold is.
func Walk(n Node, visit func(Node) bool) {
	(&walker{visit: func(n Node) (children, more bool) { return visit(n), true }}).node(n)
}

// All yields n and every node below it in the order of Walk.
func All(n Node) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		(&walker{visit: func(n Node) (children, more bool) {
			more = yield(n)
			return more, more
		}}).node(n)
	}
}

// walker visits nodes until visit says that it wants no more.
type walker struct {
	visit func(Node) (children, more bool)
	done  bool
}

// node visits n and what is below it. It does not recurse on the operand that an operation begins with,
// because chains of them may be as long as the text.
func (w *walker) node(n Node) {
	var buf [8]Node
	chain := buf[:0]
	for !w.done && !isNil(n) {
		children, more := w.visit(n)
		w.done = !more
		if !children || !more {
			break
		}
		x, _ := n.(Expr)
		left, _ := leftOperand(x)
		if left == nil {
			w.children(n)
			break
		}
		chain = append(chain, n)
		n = left
	}
	for i := len(chain) - 1; i >= 0 && !w.done; i-- {
		w.rest(chain[i])
	}
}

// rest visits the children of n but for its left operand.
func (w *walker) rest(n Node) {
	switch n := n.(type) {
	case *Binary:
		w.node(n.Y)
	case *Logical:
		w.exprs(n.Exprs[1:])
	case *Between:
		w.node(n.Low)
		w.node(n.High)
	case *Ternary:
		w.node(n.Then)
		w.node(n.Else)
	case *Index:
		w.node(n.Index)
	case *Slice:
		w.node(n.Low)
		w.node(n.High)
	case *CallExpr:
		w.exprs(n.Args)
	}
}

// isNil reports whether n is nil or a nil pointer, which optional fields of a concrete type hold.
func isNil(n Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *String:
		return n == nil
	case *Star:
		return n == nil
	}
	return false
}

// children visits the children of n.
func (w *walker) children(n Node) {
	x, _ := n.(Expr)
	if left, _ := leftOperand(x); left != nil {
		w.node(left)
		w.rest(n)
		return
	}
	switch n := n.(type) {
	case *Field, *Number, *String, *Bool, *Null, *Positional, *TableName:
	case *Star:
		w.replacements(n.Replace)
	case *Columns:
		w.node(n.Regex)
		w.exprs(n.List)
		w.node(n.Star)
	case *Spread:
		w.node(n.X)
	case *Template:
		w.exprs(n.Parts)
	case *Array:
		w.exprs(n.Elems)
	case *Tuple:
		w.exprs(n.Elems)
	case *Dict:
		for _, item := range n.Items {
			w.node(item.Key)
			w.node(item.Value)
		}
	case *Placeholder:
		w.node(n.X)
	case *Tag:
		for _, a := range n.Attrs {
			w.node(a.Value)
		}
		w.exprs(n.Children)
	case *TableCall:
		w.exprs(n.Args)
	case *JoinTree:
		for _, j := range n.Joins {
			w.join(j)
		}
	case *Pivot:
		w.node(n.Table)
		w.exprs(n.Aggregates)
		for _, c := range n.Columns {
			w.node(c.Column)
			w.exprs(c.Values)
		}
		w.exprs(n.GroupBy)
	case *Unpivot:
		w.node(n.Table)
		for _, c := range n.Columns {
			w.exprs(c.Values)
			w.exprs(c.Names)
			w.exprs(c.Columns)
		}
	case *Select, *Set, *Values:
		w.query(n)
	default:
		w.operation(n)
	}
}

// operation visits the children of the expressions that work on others.
func (w *walker) operation(n Node) {
	switch n := n.(type) {
	case *Not:
		w.node(n.X)
	case *Neg:
		w.node(n.X)
	case *Case:
		w.node(n.Operand)
		for _, when := range n.Whens {
			w.node(when.Cond)
			w.node(when.Then)
		}
		w.node(n.Else)
	case *Cast:
		w.node(n.X)
	case *Interval:
		w.node(n.X)
	case *Trim:
		w.exprs([]Expr{n.Chars, n.X})
	case *Call:
		w.call(n)
	case *Lambda:
		w.node(n.Body)
	case *Block:
		w.stmts(n.Stmts)
	case *NamedArg:
		w.node(n.Value)
	case *Subquery:
		w.node(n.Query)
	}
}

func (w *walker) call(n *Call) {
	w.exprs(n.Params)
	w.exprs(n.Args)
	w.orders(n.OrderBy)
	w.orders(n.Within)
	w.node(n.Filter)
	if n.Over != nil {
		w.window(n.Over.Spec)
	}
}

func (w *walker) query(n Node) {
	switch n := n.(type) {
	case *Set:
		w.node(n.First)
		for _, m := range n.Rest {
			w.node(m.Query)
		}
		w.orders(n.OrderBy)
		w.limit(n.Limit)
	case *Values:
		for _, row := range n.Rows {
			w.exprs(row)
		}
	case *Select:
		for _, c := range n.With {
			w.node(c.Query)
			w.node(c.Expr)
		}
		w.exprs(n.Columns)
		for _, j := range n.From {
			w.join(j)
		}
		if n.ArrayJoin != nil {
			w.exprs(n.ArrayJoin.Exprs)
		}
		w.node(n.Prewhere)
		w.node(n.Where)
		if n.GroupBy != nil {
			w.exprs(n.GroupBy.Exprs)
			for _, set := range n.GroupBy.Sets {
				w.exprs(set)
			}
		}
		w.node(n.Having)
		w.node(n.Qualify)
		for _, named := range n.Windows {
			w.window(named.Spec)
		}
		w.orders(n.OrderBy)
		if n.Interpol != nil {
			w.replacements(n.Interpol.Items)
		}
		if n.LimitBy != nil {
			w.exprs([]Expr{n.LimitBy.N, n.LimitBy.Offset})
			w.exprs(n.LimitBy.Exprs)
		}
		w.limit(n.Limit)
		w.orders(n.TailOrder)
	}
}

func (w *walker) join(j *Join) {
	w.node(j.Table)
	if j.Sample != nil {
		w.exprs([]Expr{j.Sample.Ratio, j.Sample.Offset})
	}
	w.node(j.On)
	w.exprs(j.Using)
}

func (w *walker) exprs(list []Expr) {
	for _, x := range list {
		w.node(x)
	}
}

func (w *walker) replacements(list []Replacement) {
	for _, r := range list {
		w.node(r.X)
	}
}

func (w *walker) orders(list []*Order) {
	for _, o := range list {
		w.node(o.X)
		if o.Fill != nil {
			w.exprs([]Expr{o.Fill.From, o.Fill.To, o.Fill.Step})
		}
	}
}

func (w *walker) window(n *Window) {
	if n == nil {
		return
	}
	w.exprs(n.PartitionBy)
	w.orders(n.OrderBy)
	for _, b := range []*Bound{n.Start, n.End} {
		if b != nil {
			w.node(b.Value)
		}
	}
}

func (w *walker) limit(l *Limit) {
	if l != nil {
		w.exprs([]Expr{l.N, l.Offset})
	}
}

func (w *walker) stmts(list []*Stmt) {
	for _, s := range list {
		if s == nil {
			continue
		}
		w.node(s.X)
		w.node(s.Value)
		w.stmts(s.Body)
		for _, c := range s.Catches {
			w.stmts([]*Stmt{c.Body})
		}
		w.stmts([]*Stmt{s.Finally})
	}
}
