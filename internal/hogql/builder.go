package hogql

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Str returns a string literal. Whatever s holds, it prints as one literal.
func Str(s string) *String { return &String{Value: s} }

// Int returns a number literal.
func Int(i int64) *Number { return &Number{Text: strconv.FormatInt(i, 10)} }

// Float returns a number literal that reads back as a float: with a point, an exponent, inf or nan.
func Float(f float64) *Number {
	switch {
	case math.IsNaN(f):
		return &Number{Text: "nan"}
	case math.IsInf(f, 1):
		return &Number{Text: "inf"}
	case math.IsInf(f, -1):
		return &Number{Text: "-inf"}
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return &Number{Text: text}
}

// Ref returns the chain of names: Ref("properties", "$browser") prints as properties.$browser. It needs
// at least one name.
func Ref(chain ...string) *Field {
	f := &Field{Chain: make([]Ident, len(chain))}
	for i, name := range chain {
		f.Chain[i].Name = name
	}
	return f
}

// Fn returns the call of a function.
func Fn(name string, args ...Expr) *Call { return &Call{Name: Ident{Name: name}, Args: args} }

// Op2 returns the operation op on two operands. And and Or make OpAnd and OpOr.
func Op2(op Op, x, y Expr) *Binary { return &Binary{Op: op, X: x, Y: y} }

// Eq returns x = y.
func Eq(x, y Expr) *Binary { return Op2(OpEq, x, y) }

// NotEq returns x != y.
func NotEq(x, y Expr) *Binary { return Op2(OpNotEq, x, y) }

// Less returns x < y.
func Less(x, y Expr) *Binary { return Op2(OpLess, x, y) }

// LessEq returns x <= y.
func LessEq(x, y Expr) *Binary { return Op2(OpLessEq, x, y) }

// Greater returns x > y.
func Greater(x, y Expr) *Binary { return Op2(OpGreater, x, y) }

// GreaterEq returns x >= y.
func GreaterEq(x, y Expr) *Binary { return Op2(OpGreaterEq, x, y) }

// In returns x IN (list).
func In(x Expr, list ...Expr) *Binary { return Op2(OpIn, x, &Tuple{Elems: list}) }

// As returns x AS name.
func As(x Expr, name string) *Alias { return &Alias{X: x, Name: Ident{Name: name}} }

// Negate returns not(x), the function, which is how HogQL reads NOT (x).
func Negate(x Expr) *Call { return Fn("not", x) }

// And returns the conjunction of the conditions that are not nil: nil for none, the condition itself for
// one. Nested conjunctions become one.
func And(conditions ...Expr) Expr { return logical(OpAnd, conditions) }

// Or returns the disjunction of the conditions that are not nil, like And.
func Or(conditions ...Expr) Expr { return logical(OpOr, conditions) }

func logical(op Op, conditions []Expr) Expr {
	l := &Logical{Op: op}
	for _, c := range conditions {
		switch x := c.(type) {
		case nil:
		case *Logical:
			if x.Op == op {
				l.Exprs = append(l.Exprs, x.Exprs...)
				continue
			}
			l.Exprs = append(l.Exprs, x)
		default:
			l.Exprs = append(l.Exprs, x)
		}
	}
	switch len(l.Exprs) {
	case 0:
		return nil
	case 1:
		return l.Exprs[0]
	}
	return l
}

// Literal returns the literal for a value as JSON has it: nil, string, bool, json.Number, int, int64,
// float64, and []any of these, which becomes an array. The error names a type or number that is none.
func Literal(v any) (Expr, error) {
	switch v := v.(type) {
	case nil:
		return &Null{}, nil
	case string:
		return Str(v), nil
	case bool:
		return &Bool{Value: v}, nil
	case int:
		return Int(int64(v)), nil
	case int64:
		return Int(v), nil
	case float64:
		return Float(v), nil
	case json.Number:
		x, err := ParseExpr(string(v))
		if n, ok := x.(*Number); ok && err == nil {
			return &Number{Text: n.Text}, nil
		}
		return nil, fmt.Errorf("%q is not a number", clip(string(v), 40))
	case []any:
		a := &Array{Elems: make([]Expr, len(v))}
		for i, elem := range v {
			x, err := Literal(elem)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i+1, err)
			}
			a.Elems[i] = x
		}
		return a, nil
	}
	return nil, fmt.Errorf("a value of type %T cannot be a literal: use text, numbers, true, false, null or a list of them", v)
}
