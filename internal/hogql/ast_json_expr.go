package hogql

import (
	"strconv"
	"strings"
)

// node writes any node.
func (w *jsonWriter) node(n Node) {
	if isNil(n) {
		w.b = append(w.b, "null"...)
		return
	}
	switch x := n.(type) {
	case Query:
		w.query(x)
	case Table:
		w.table(x)
	case *Field:
		w.field(x.Chain, "")
	case *Star:
		w.star(x)
	case *Columns:
		w.columns(x)
	case *Number:
		w.number(x.Text)
	case *String:
		w.strConstant(x.Value)
	case *Bool:
		if x.Value {
			w.constant("true")
		} else {
			w.constant("false")
		}
	case *Null:
		w.constant("null")
	case *Template:
		w.template(x)
	case *Block:
		w.block(x.Stmts)
	case *IgnoreNulls:
		w.node(x.X)
	case *Call:
		w.call(x)
	case *Binary:
		w.binary(x)
	case *Case:
		w.caseExpr(x)
	case *Dict:
		w.dict(x)
	default:
		w.operation(n)
	}
}

// operation writes the nodes that are one object with a few keys.
func (w *jsonWriter) operation(n Node) {
	switch x := n.(type) {
	case *Neg:
		w.open()
		w.key("left")
		w.constant("0")
		w.text("node", "ArithmeticOperation")
		w.text("op", "-")
		w.child("right", x.X)
		w.close()
	case *IsNull:
		w.open()
		w.flag("is_null_comparison_style", true)
		w.child("left", x.X)
		w.text("node", "CompareOperation")
		w.text("op", map[bool]string{false: "==", true: "!="}[x.Not])
		w.key("right")
		w.constant("null")
		w.close()
	case *Logical:
		w.open()
		w.list("exprs", logicalArgs(x, x.Op))
		w.text("node", map[Op]string{OpAnd: "And", OpOr: "Or"}[x.Op])
		w.close()
	case *Between:
		w.open()
		w.child("expr", x.X)
		w.child("high", x.High)
		w.child("low", x.Low)
		w.flag("negated", x.Not)
		w.text("node", "BetweenExpr")
		w.close()
	case *Ternary:
		w.made("if", x.Cond, x.Then, x.Else)
	case *Interval:
		w.interval(x)
	case *Trim:
		w.made(map[string]string{"BOTH": "trim", "LEADING": "trimLeft", "TRAILING": "trimRight"}[x.Side], x.X, x.Chars)
	case *Cast:
		w.open()
		w.child("expr", x.X)
		w.text("node", map[CastKind]string{CastColons: "TypeCast", CastCall: "TypeCast", CastTry: "TryCast"}[x.Kind])
		w.text("type_name", x.Type.Text)
		w.close()
	case *Lambda:
		w.open()
		w.names("args", x.Params)
		w.child("expr", x.Body)
		w.text("node", "Lambda")
		w.close()
	case *NamedArg:
		w.open()
		w.text("name", x.Name.Name)
		w.text("node", "NamedArgument")
		w.child("value", x.Value)
		w.close()
	case *Alias:
		w.open()
		w.text("alias", x.Name.Name)
		w.child("expr", x.X)
		w.text("node", "Alias")
		w.close()
	default:
		w.access(n)
	}
}

// access writes members, slices, lists, and the nodes around one expression.
func (w *jsonWriter) access(n Node) {
	switch x := n.(type) {
	case *Not:
		w.wrap("Not", x.X)
	case *Spread:
		w.wrap("SpreadExpr", x.X)
	case *Array:
		w.elems("Array", x.Elems)
	case *Tuple:
		w.elems("Tuple", x.Elems)
	case *CallExpr:
		if s, ok := x.Fn.(*Star); ok && len(s.Table) == 0 && len(x.Args) == 1 && isBareQuery(x.Args[0]) {
			w.made("*", x.Args...)
			return
		}
		w.open()
		w.list("args", x.Args)
		w.child("expr", x.Fn)
		w.text("node", "ExprCall")
		w.close()
	case *Index:
		w.open()
		w.child("array", x.X)
		w.text("node", "ArrayAccess")
		if x.Nullish {
			w.flag("nullish", true)
		}
		w.child("property", x.Index)
		w.close()
	case *TupleIndex:
		w.open()
		w.raw("index", x.Index)
		w.text("node", "TupleAccess")
		if x.Nullish {
			w.flag("nullish", true)
		}
		w.child("tuple", x.X)
		w.close()
	case *Slice:
		w.open()
		w.child("array", x.X)
		if x.High != nil {
			w.child("end_expr", x.High)
		}
		w.text("node", "ArraySlice")
		if x.Low != nil {
			w.child("start_expr", x.Low)
		}
		w.close()
	case *Positional:
		w.open()
		w.key("index")
		w.b = strconv.AppendInt(w.b, int64(x.Index), 10)
		w.text("node", "PositionalRef")
		w.close()
	}
}

// wrap writes a node around one expression.
func (w *jsonWriter) wrap(node string, x Expr) {
	w.open()
	w.child("expr", x)
	w.text("node", node)
	w.close()
}

// elems writes a node that is a list.
func (w *jsonWriter) elems(node string, list []Expr) {
	w.open()
	w.list("exprs", list)
	w.text("node", node)
	w.close()
}

// binaryOps is PostHog's spelling of the operators that it spells otherwise than Print in lower case does.
var binaryOps = map[Op]string{OpEq: "==", OpIn: "in"}

func (w *jsonWriter) binary(x *Binary) {
	switch x.Op {
	case OpConcat:
		w.made("concat", concatArgs(x)...)
		return
	case OpCoalesce:
		w.made("ifNull", x.X, x.Y)
		return
	case OpDistinct, OpNotDistinct, OpSpaceship:
		w.open()
		w.child("left", x.X)
		w.flag("negated", x.Op != OpDistinct)
		w.text("node", "IsDistinctFrom")
		w.child("right", x.Y)
		w.close()
		return
	}
	node := "CompareOperation"
	if x.Op <= OpMod {
		node = "ArithmeticOperation"
	}
	op, ok := binaryOps[x.Op]
	if !ok {
		op = strings.ToLower(x.Op.String())
	}
	w.open()
	w.child("left", x.X)
	w.text("node", node)
	w.text("op", op)
	w.child("right", x.Y)
	w.close()
}

func (w *jsonWriter) caseExpr(x *Case) {
	var args []Expr
	name := "if"
	if len(x.Whens) > 1 {
		name = "multiIf"
	}
	if x.Operand != nil {
		name = "_caseWithExpression"
		args = append(args, x.Operand)
	}
	for _, when := range x.Whens {
		args = append(args, when.Cond, when.Then)
	}
	if x.Else == nil {
		w.made(name, append(args, &Null{})...)
		return
	}
	w.made(name, append(args, x.Else)...)
}

func (w *jsonWriter) interval(x *Interval) {
	name := "toInterval" + strings.ToUpper(x.Unit[:1]) + x.Unit[1:]
	if x.Text {
		w.made(name, Int(x.Count))
		return
	}
	w.made(name, x.X)
}

func (w *jsonWriter) dict(x *Dict) {
	w.open()
	w.key("items")
	w.b = append(w.b, '[')
	for i, item := range x.Items {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.exprs([]Expr{item.Key, item.Value})
	}
	w.b = append(w.b, ']')
	w.text("node", "Dict")
	w.close()
}

func (w *jsonWriter) template(x *Template) {
	switch len(x.Parts) {
	case 0:
		w.strConstant("")
	case 1:
		w.node(x.Parts[0])
	default:
		w.made("concat", x.Parts...)
	}
}

func (w *jsonWriter) star(x *Star) {
	if len(x.Exclude) == 0 && len(x.Replace) == 0 {
		w.field(x.Table, "*")
		return
	}
	w.open()
	w.flag("all_columns", true)
	if len(x.Exclude) > 0 {
		w.names("exclude", x.Exclude)
	}
	w.text("node", "ColumnsExpr")
	if len(x.Replace) > 0 {
		w.key("replace")
		w.open()
		byName := map[string]Node{}
		for _, r := range x.Replace {
			byName[r.Name.Name] = r.X
		}
		w.members(byName)
		w.close()
	}
	w.close()
}

func (w *jsonWriter) columns(x *Columns) {
	if x.Star != nil && len(x.Star.Replace) > 0 {
		w.star(x.Star)
		return
	}
	w.open()
	switch {
	case x.Star != nil:
		w.list("columns", []Expr{x.Star})
	case x.Regex == nil:
		w.list("columns", x.List)
	}
	w.text("node", "ColumnsExpr")
	if x.Regex != nil {
		w.text("regex", x.Regex.Value)
	}
	w.close()
}

func (w *jsonWriter) call(x *Call) {
	switch {
	case x.Over != nil:
		w.windowCall(x)
		return
	case len(x.Args) == 1 && !x.HasParam && isBareQuery(x.Args[0]):
		w.made(x.Name.Name, x.Args...)
		return
	}
	w.open()
	if len(x.Within) > 0 {
		w.list("args", nil)
		w.flag("distinct", x.Distinct)
		w.text("name", x.Name.Name)
		w.text("node", "Call")
		w.list("params", x.Args)
		w.key("within_group")
		w.orders(x.Within)
		w.close()
		return
	}
	w.list("args", x.Args)
	w.flag("distinct", x.Distinct)
	w.child("filter_expr", x.Filter)
	w.text("name", x.Name.Name)
	w.text("node", "Call")
	w.key("order_by")
	w.orders(x.OrderBy)
	if x.HasParam {
		w.list("params", x.Params)
	} else {
		w.raw("params", "null")
	}
	w.close()
}

// isBareQuery reports whether x was read as the query of f(SELECT …), without parentheses of its own.
func isBareQuery(x Expr) bool {
	s, ok := x.(*Subquery)
	return ok && s.Span != Span{} && s.Span == s.Query.Pos()
}

// windowCall writes a call with OVER, where PostHog drops FILTER.
func (w *jsonWriter) windowCall(x *Call) {
	exprs, args := x.Args, []Expr(nil)
	if x.HasParam {
		exprs, args = x.Params, x.Args
	}
	w.open()
	w.list("args", args)
	w.list("exprs", exprs)
	w.text("name", x.Name.Name)
	w.text("node", "WindowFunction")
	if x.Over.Name != nil {
		w.text("over_identifier", x.Over.Name.Name)
	} else {
		w.key("over_expr")
		w.window(x.Over.Spec)
	}
	w.close()
}
