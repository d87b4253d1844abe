package compile

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// expr translates a value.
func (s *scope) expr(e hogql.Expr) value {
	if s.c.err != nil {
		return value{sql: "NULL"}
	}
	switch e := e.(type) {
	case *hogql.Field:
		return s.field(e)
	case *hogql.Number:
		if strings.Trim(strings.ToLower(e.Text), "0123456789abcdefinxp.+-_") != "" {
			return s.c.fail(e.Span, "%q is not a number", e.Text)
		}
		return numberLiteral(e)
	case *hogql.String:
		return value{sql: quote(e.Value), kind: schema.String, constant: true, text: &e.Value}
	case *hogql.Bool:
		return value{sql: strconv.FormatBool(e.Value), kind: schema.Boolean, constant: true}
	case *hogql.Null:
		return value{sql: "NULL", null: true, constant: true, isNull: true}
	case *hogql.Binary:
		return s.binary(e)
	case *hogql.Logical:
		return s.logical(e)
	case *hogql.Call:
		return s.call(e)
	case *hogql.Alias:
		return s.inlineAlias(e)
	case *hogql.Subquery:
		return s.subquery(e)
	case *hogql.Placeholder:
		return s.c.placeholder(e)
	}
	return s.compound(e)
}

// compound translates the rarer forms.
func (s *scope) compound(e hogql.Expr) value {
	switch e := e.(type) {
	case *hogql.Not:
		v := s.expr(e.X)
		return value{sql: "not(" + v.sql + ")", kind: schema.Boolean, null: v.null}
	case *hogql.Neg:
		v := s.expr(e.X)
		return value{sql: "negate(" + v.sql + ")", kind: v.kind, null: v.null}
	case *hogql.IsNull:
		name := map[bool]string{true: "isNotNull(", false: "isNull("}[e.Not]
		return value{sql: name + s.expr(e.X).instant() + ")", kind: schema.Boolean}
	case *hogql.Between:
		return s.between(e)
	case *hogql.Ternary:
		return s.ifElse(s.expr(e.Cond), s.expr(e.Then), s.expr(e.Else))
	case *hogql.Case:
		return s.caseOf(e)
	case *hogql.Cast:
		return s.cast(e)
	case *hogql.Interval:
		return s.interval(e)
	case *hogql.Trim:
		name := map[string]string{"LEADING": "trimLeft", "TRAILING": "trimRight"}[e.Side]
		if name == "" {
			name = "trim"
		}
		x, chars := s.expr(e.X), s.expr(e.Chars)
		return value{sql: name + "(" + x.sql + ", " + chars.sql + ")", kind: schema.String, null: x.null}
	case *hogql.Array:
		return value{sql: "[" + s.items(e.Elems) + "]", kind: schema.Array, constant: constants(e.Elems)}
	case *hogql.Tuple:
		return value{sql: "tuple(" + s.items(e.Elems) + ")", kind: "tuple", constant: constants(e.Elems)}
	case *hogql.Index:
		return s.index(e)
	case *hogql.TupleIndex:
		return s.tupleIndex(e)
	case *hogql.Slice:
		return s.slice(e)
	case *hogql.Template:
		return s.template(e)
	case *hogql.Lambda:
		return s.lambda(e)
	case *hogql.IgnoreNulls:
		return s.expr(e.X)
	case *hogql.Positional:
		return s.positional(e)
	case *hogql.Tag:
		return s.tag(e)
	}
	return s.refuse(e)
}

// refuse answers what parses but means nothing in SQL.
func (s *scope) refuse(e hogql.Expr) value {
	at := e.Pos()
	switch e := e.(type) {
	case *hogql.Star:
		return s.c.fail(at, "Cannot use '*' here: it stands for columns in a SELECT list or in count(*)")
	case *hogql.Columns, *hogql.Spread:
		return s.c.fail(at, "COLUMNS can be used in a SELECT list and as arguments of a function only")
	case *hogql.Dict:
		return s.c.fail(at, "Dicts are not supported in SQL: use map('key', value) or tuple(…)")
	case *hogql.Block:
		return s.c.fail(at, "You can not use placeholders here")
	case *hogql.CallExpr:
		return s.c.fail(at, "You can only call simple functions in HogQL, not expressions")
	case *hogql.NamedArg:
		return s.c.fail(at, "Named arguments are not supported here: %s", e.Name.Name)
	}
	return s.c.fail(at, "This expression is not supported in SQL")
}

func constants(list []hogql.Expr) bool {
	return !slices.ContainsFunc(list, func(e hogql.Expr) bool {
		switch e.(type) {
		case *hogql.Number, *hogql.String, *hogql.Bool, *hogql.Null:
			return false
		}
		return true
	})
}

func numberLiteral(n *hogql.Number) value {
	text := strings.ToLower(n.Text)
	v := value{sql: text, kind: schema.Integer, constant: true}
	sign := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		sign, text = "-", rest
	}
	text = strings.TrimPrefix(text, "+")
	if strings.HasPrefix(text, ".") {
		text = "0" + text
	}
	if !strings.HasPrefix(text, "0x") && strings.ContainsAny(text, ".eni") {
		v.kind = schema.Float
		if f, err := strconv.ParseFloat(text, 64); err != nil && math.IsInf(f, 0) {
			text = "inf" // the engine cannot read what it cannot hold
		}
	}
	v.sql = sign + text
	return v
}

// field resolves a chain of names: a parameter, a table's field, an alias, a member of WITH.
func (s *scope) field(f *hogql.Field) value {
	name := f.Chain[0]
	for i := len(s.params) - 1; i >= 0; i-- {
		if s.params[i].name == name.Name {
			return s.c.descend(value{sql: s.params[i].sql, null: true}, f.Chain[1:], f.Chain)
		}
	}
	if strings.Contains(path(f.Chain), "%") {
		for _, id := range f.Chain {
			if strings.Contains(id.Name, "%") {
				return s.c.fail(id.Span, "The HogQL identifier \"%s\" is not permitted as it contains the \"%%\" character", id.Name)
			}
		}
	}
	for n := min(len(f.Chain)-1, 3); n >= 1; n-- {
		for _, src := range s.sources {
			if slices.Contains(src.names, path(f.Chain[:n])) {
				return s.c.resolve(src, f.Chain[n:], f.Chain)
			}
		}
	}
	if v, ok := s.aliases[name.Name]; ok {
		return s.c.descend(v, f.Chain[1:], f.Chain)
	}
	var found *source
	for _, src := range s.sources {
		if !s.c.has(src, name.Name) {
			continue
		}
		if found != nil && !s.using[name.Name] {
			return s.c.fail(name.Span, "Ambiguous query. Found multiple sources for field: %s", name.Name)
		}
		if found == nil {
			found = src
		}
	}
	if found != nil {
		return s.c.resolve(found, f.Chain, f.Chain)
	}
	return s.elsewhere(f)
}

// elsewhere resolves a name that no table has: a table itself, an expression of WITH, or nothing.
func (s *scope) elsewhere(f *hogql.Field) value {
	name := f.Chain[0]
	for _, src := range s.sources {
		if slices.Contains(src.names, name.Name) {
			return s.c.tableAsColumn(f.Chain)
		}
	}
	w := s.ctes.find(name.Name)
	switch {
	case w == nil:
		var last *source
		if len(s.sources) > 0 {
			last = s.sources[0]
		}
		return s.c.unresolved(last, name)
	case len(f.Chain) > 1:
		return s.c.fail(name.Span, "Cannot access fields on CTE %s yet", name.Name)
	case w.expr == nil:
		return s.c.tableAsColumn(f.Chain)
	}
	outer := s.ctes
	s.ctes = w.parent
	v := s.expr(w.expr)
	s.ctes = outer
	v.sql = "(" + v.sql + ")"
	return v
}

// inlineAlias names a value inside an expression.
func (s *scope) inlineAlias(a *hogql.Alias) value {
	v := s.expr(a.X)
	if !s.checkAlias(a.Name) || s.taken == nil {
		return v
	}
	alias := s.sqlAlias(a.Name.Name)
	s.aliases[a.Name.Name] = s.aliased(v, alias)
	v.sql = "(" + v.sql + " AS " + schema.Ident(alias) + ")"
	v.raw = ""
	return v
}

func (s *scope) subquery(e *hogql.Subquery) value {
	r := s.c.query(e.Query, s.ctes)
	v := value{sql: "(" + r.sql + ")", null: true}
	if len(r.columns) == 1 {
		v.kind = r.columns[0].value.kind
	}
	return v
}

// logical prints AND and OR.
func (s *scope) logical(e *hogql.Logical) value {
	name := "and("
	if e.Op == hogql.OpOr {
		name = "or("
	}
	parts := make([]string, len(e.Exprs))
	null := false
	for i, x := range e.Exprs {
		v := s.expr(x)
		parts[i], null = v.sql, null || v.null
	}
	return value{sql: name + strings.Join(parts, ", ") + ")", kind: schema.Boolean, null: null}
}

func (s *scope) ifElse(cond, then, other value) value {
	v := value{sql: "if(" + cond.sql + ", " + then.sql + ", " + other.sql + ")", null: then.null || other.null}
	if then.kind == other.kind || other.isNull {
		v.kind = then.kind
	}
	return v
}

func (s *scope) caseOf(e *hogql.Case) value {
	var args []string
	out := value{null: e.Else == nil}
	name := "multiIf"
	if e.Operand != nil {
		name, args = "caseWithExpression", append(args, s.expr(e.Operand).sql)
	}
	for i, w := range e.Whens {
		cond, then := s.expr(w.Cond), s.expr(w.Then)
		args = append(args, cond.sql, then.sql)
		out.null = out.null || then.null
		if i == 0 {
			out.kind = then.kind
		} else if out.kind != then.kind {
			out.kind = ""
		}
	}
	other := "NULL"
	if e.Else != nil {
		v := s.expr(e.Else)
		other, out.null = v.sql, out.null || v.null
		if v.kind != out.kind && !v.isNull {
			out.kind = ""
		}
	}
	out.sql = name + "(" + strings.Join(append(args, other), ", ") + ")"
	return out
}

func (s *scope) interval(e *hogql.Interval) value {
	n := strconv.FormatInt(e.Count, 10)
	if e.X != nil {
		n = s.expr(e.X).sql
		if t, ok := e.X.(*hogql.String); ok {
			n = "accurateCast(" + quote(t.Value) + ", 'Int64')"
		}
	}
	unit := intervalUnit(e.Unit)
	if unit == "" {
		return s.c.fail(e.Span, "Unsupported interval unit: %s", e.Unit)
	}
	return value{sql: "toInterval" + unit + "(" + n + ")", kind: interval}
}

// intervalUnit is a unit of time as the engine's function names have it; "" for what is none.
func intervalUnit(word string) string {
	word = strings.TrimSuffix(strings.ToLower(word), "s")
	switch word {
	case "second", "minute", "hour", "day", "week", "month", "quarter", "year", "millisecond", "microsecond":
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return ""
}

// index reads x[i]: a key of JSON or of a map, or an element of an array.
func (s *scope) index(e *hogql.Index) value {
	v := s.expr(e.X)
	i := s.expr(e.Index)
	switch {
	case v.json != nil && i.text != nil:
		return s.c.access(v, i.sql, *i.text)
	case v.json != nil && i.constant && i.kind == schema.Integer && len(v.json.path) > 0:
		if i.sql == "0" {
			return s.c.fail(e.Index.Pos(), "SQL indexes start from one, not from zero. E.g: array.1")
		}
		return s.c.access(v, i.sql, i.sql)
	case v.json != nil && len(v.json.path) == 0:
		return value{sql: "JSONExtractRaw(" + v.sql + ", " + i.sql + ")", kind: schema.String, null: true}
	case v.kind == schema.Array && i.kind == schema.Integer && i.sql == "0":
		return s.c.fail(e.Index.Pos(), "SQL indexes start from one, not from zero. E.g: array.1")
	}
	out := value{sql: "arrayElement(" + v.sql + ", " + i.sql + ")", null: true}
	if e.Nullish {
		out.sql = "arrayElementOrNull(" + v.sql + ", " + i.sql + ")"
	}
	return out
}

func (s *scope) tupleIndex(e *hogql.TupleIndex) value {
	v := s.expr(e.X)
	if strings.Trim(e.Index, "0") == "" {
		return s.c.fail(e.Span, "SQL indexes start from one, not from zero. E.g: array.1")
	}
	if v.json != nil {
		return s.c.access(v, e.Index, e.Index)
	}
	if _, literal := e.X.(*hogql.Array); literal {
		return value{sql: "arrayElement(" + v.sql + ", " + e.Index + ")", null: true}
	}
	return value{sql: "tupleElement(" + v.sql + ", " + e.Index + ")", null: true}
}

// slice is x[low:high], both counted from one and included.
func (s *scope) slice(e *hogql.Slice) value {
	low, v := "1", s.expr(e.X)
	if e.Low != nil {
		low = s.expr(e.Low).sql
	}
	sql := "arraySlice(" + v.sql + ", " + low
	if e.High != nil {
		sql += ", plus(minus(" + s.expr(e.High).sql + ", " + low + "), 1)"
	}
	return value{sql: sql + ")", kind: v.kind, null: v.null}
}

// template is f'…': its parts as text, null as nothing.
func (s *scope) template(e *hogql.Template) value {
	parts := []string{}
	for _, p := range e.Parts {
		parts = append(parts, asText(s.expr(p)))
	}
	switch len(parts) {
	case 0:
		return value{sql: "''", kind: schema.String, constant: true}
	case 1:
		return value{sql: parts[0], kind: schema.String}
	}
	return value{sql: "concat(" + strings.Join(parts, ", ") + ")", kind: schema.String}
}

// asText is an argument of concat: PostHog makes text of everything and nothing of null.
func asText(v value) string {
	switch {
	case v.text != nil:
		return v.sql
	case v.null:
		return "ifNull(toString(" + v.sql + "), '')"
	}
	return "toString(" + v.sql + ")"
}

func (s *scope) lambda(e *hogql.Lambda) value {
	depth := len(s.params)
	names := make([]string, len(e.Params))
	for i, p := range e.Params {
		names[i] = schema.Ident(s.c.unique(p.Name))
		s.params = append(s.params, param{p.Name, names[i]})
	}
	body := s.expr(e.Body)
	s.params = s.params[:depth]
	if body.kind == "lambda" {
		body.sql = "(" + body.sql + ")"
	}
	return value{sql: "(" + strings.Join(names, ", ") + ") -> " + body.sql, kind: "lambda", null: body.null}
}

// positional is #1: the column of the SELECT list.
func (s *scope) positional(e *hogql.Positional) value {
	if e.Index < 1 || e.Index > len(s.outputs) {
		return s.c.fail(e.Span, "#%d is not a column of the SELECT list, which has %d", e.Index, len(s.outputs))
	}
	col := s.outputs[e.Index-1]
	return s.aliased(col.value, col.alias)
}

// tag is a HogQLX element: a tuple that PostHog's user interface draws.
func (s *scope) tag(e *hogql.Tag) value {
	parts := []string{"'__hx_tag'", quote(e.Name.Name)}
	for _, a := range e.Attrs {
		text := "true"
		if a.Value != nil {
			text = s.expr(a.Value).sql
		}
		parts = append(parts, quote(a.Name.Name), text)
	}
	if len(e.Children) > 0 {
		var children []string
		for _, child := range e.Children {
			children = append(children, s.expr(child).sql)
		}
		parts = append(parts, "'children'", "tuple("+strings.Join(children, ", ")+")")
	}
	return value{sql: "tuple(" + strings.Join(parts, ", ") + ")", kind: "tuple"}
}
