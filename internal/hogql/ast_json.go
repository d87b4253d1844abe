package hogql

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// AppendJSON appends n in the form that PostHog's own parser (@posthog/hogql-parser) answers with, without
// positions: one object for each node, the keys in alphabetical order, numbers and strings written as there.
// What PostHog drops without a word (NULLS FIRST, WITH TOTALS, an ORDER BY behind LIMIT, …) is left out, and
// what it rewrites while it reads (CASE, ??, INTERVAL, …) is written in its rewritten form. A nil n is null.
func AppendJSON(b []byte, n Node) []byte {
	w := jsonWriter{b}
	w.node(n)
	return w.b
}

// jsonWriter writes objects: an opening, keys with their values, a closing.
type jsonWriter struct{ b []byte }

func (w *jsonWriter) open() { w.b = append(w.b, '{') }

func (w *jsonWriter) close() { w.b = append(w.b, '}') }

func (w *jsonWriter) key(name string) {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
	w.str(name)
	w.b = append(w.b, ':')
}

// text writes a key with a string.
func (w *jsonWriter) text(key, value string) {
	w.key(key)
	w.str(value)
}

// raw writes a key with a value that is JSON already: null, true, a number.
func (w *jsonWriter) raw(key, value string) {
	w.key(key)
	w.b = append(w.b, value...)
}

// flag writes a key with true or false.
func (w *jsonWriter) flag(key string, value bool) {
	w.key(key)
	w.b = strconv.AppendBool(w.b, value)
}

// child writes a key with a node, or null.
func (w *jsonWriter) child(key string, n Node) {
	w.key(key)
	w.node(n)
}

// list writes a key with a list of expressions.
func (w *jsonWriter) list(key string, list []Expr) {
	w.key(key)
	w.exprs(list)
}

// listOrNull is list where an empty list is null.
func (w *jsonWriter) listOrNull(key string, list []Expr) {
	if len(list) == 0 {
		w.raw(key, "null")
		return
	}
	w.list(key, list)
}

func (w *jsonWriter) exprs(list []Expr) {
	w.b = append(w.b, '[')
	for i, x := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.node(x)
	}
	w.b = append(w.b, ']')
}

// names writes a key with a list of names.
func (w *jsonWriter) names(key string, list []Ident) {
	w.key(key)
	w.chain(list, "")
}

// chain writes a list of names, and more at its end unless it is empty.
func (w *jsonWriter) chain(list []Ident, more string) {
	w.b = append(w.b, '[')
	for i, id := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.str(id.Name)
	}
	if more != "" {
		if len(list) > 0 {
			w.b = append(w.b, ',')
		}
		w.str(more)
	}
	w.b = append(w.b, ']')
}

// str writes a string. Control characters are escaped as \b \t \n \f \r or \u00xx, nothing else but the
// quote and the backslash is.
func (w *jsonWriter) str(s string) {
	const hex = "0123456789abcdef"
	w.b = append(w.b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		case c >= ' ':
			w.b = append(w.b, c)
		case c >= '\b' && c <= '\r' && c != '\v':
			w.b = append(w.b, '\\', "btn.fr"[c-'\b'])
		default:
			w.b = append(w.b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	w.b = append(w.b, '"')
}

// constant writes a Constant whose value is JSON already.
func (w *jsonWriter) constant(value string) {
	w.open()
	w.text("node", "Constant")
	w.raw("value", value)
	w.close()
}

func (w *jsonWriter) strConstant(s string) {
	w.open()
	w.text("node", "Constant")
	w.text("value", s)
	w.close()
}

// field writes a Field of the names, with more behind them unless it is empty.
func (w *jsonWriter) field(chain []Ident, more string) {
	w.open()
	w.key("chain")
	w.chain(chain, more)
	w.text("node", "Field")
	w.close()
}

// made writes a call that the text did not hold as one.
func (w *jsonWriter) made(name string, args ...Expr) {
	w.open()
	w.list("args", args)
	w.text("name", name)
	w.text("node", "Call")
	w.close()
}

// number writes a number: a whole one as it is, one beyond 64 bits as a string of its digits, a float with
// 17 significant digits.
func (w *jsonWriter) number(text string) {
	value, kind := numberJSON(text)
	w.open()
	w.text("node", "Constant")
	w.raw("value", value)
	if kind {
		w.text("value_type", "number")
	}
	w.close()
}

// numberJSON returns the JSON of a number's value. When it is true, JSON has no such number and the value is a
// string.
func numberJSON(text string) (string, bool) {
	sign, digits := "", text
	if text[0] == '-' || text[0] == '+' {
		sign, digits = strings.TrimPrefix(text[:1], "+"), text[1:]
	}
	lower := strings.ToLower(digits)
	based := len(lower) > 2 && lower[0] == '0' && (lower[1] == 'x' || lower[1] == 'b')
	whole := lower
	base := 10
	if based {
		whole, base = lower[2:], map[byte]int{'x': 16, 'b': 2}[lower[1]]
	}
	if n, ok := new(big.Int).SetString(whole, base); ok {
		if sign != "" {
			n.Neg(n)
		}
		switch {
		case n.IsInt64(), base == 2:
			return n.String(), false
		case base == 16:
			return `"` + sign + lower + `"`, true
		}
		return `"` + sign + digits + `"`, true
	}
	if lower == "nan" {
		return `"NaN"`, true
	}
	f, err := strconv.ParseFloat(sign+lower, 64)
	switch {
	case math.IsInf(f, 1):
		return `"Infinity"`, true
	case math.IsInf(f, -1):
		return `"-Infinity"`, true
	case err != nil: // the scanner lets nothing else through
		return "null", false
	}
	s := strconv.FormatFloat(f, 'g', 17, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s, false
}

// shown returns x without what the form does not show: IGNORE NULLS, and a template that is nothing but {x}.
func shown(x Expr) Expr {
	for {
		switch y := x.(type) {
		case *IgnoreNulls:
			x = y.X
			continue
		case *Template:
			if len(y.Parts) == 1 {
				x = y.Parts[0]
				continue
			}
		}
		return x
	}
}

// concatArgs returns what x adds to a concatenation: its own arguments where it is a call of concat.
func concatArgs(x Expr) []Expr {
	switch y := shown(x).(type) {
	case *Binary:
		if y.Op == OpConcat {
			return slices.Concat(concatArgs(y.X), concatArgs(y.Y))
		}
	case *Template:
		if len(y.Parts) > 1 {
			return y.Parts
		}
	case *Call:
		if y.Name.Name == "concat" && y.Over == nil {
			if len(y.Within) > 0 {
				return nil
			}
			return y.Args
		}
	}
	return []Expr{x}
}

// logicalArgs returns the operands of x where it is a Logical of op, else x alone.
func logicalArgs(x Expr, op Op) []Expr {
	l, ok := shown(x).(*Logical)
	if !ok || l.Op != op {
		return []Expr{x}
	}
	var list []Expr
	for _, y := range l.Exprs {
		list = append(list, logicalArgs(y, op)...)
	}
	return list
}
