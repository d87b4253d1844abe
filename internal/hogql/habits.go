package hogql

import (
	"slices"
	"strings"
)

// Habits finds what a query has from other dialects (ClickHouse's own, Postgres, BigQuery, Snowflake, MySQL)
// that HogQL parses but PostHog does not know or reads in another way: STRING_AGG in capitals, DATEADD,
// CURRENT_DATE - 7, JSON_VALUE, texts in double quotes, LIMIT 10, 20. src is the text that q was parsed from.
// Only what has one certain meaning is found: the Fix of each finding repairs it, and its Hint is the whole
// text with everything repaired, of a long text the line. The findings are warnings, in no certain order.
func Habits(q Query, src string) Findings {
	list := findHabits(q, src)
	if len(list) == 0 {
		return nil
	}
	text := list.Apply(src)
	for range 8 { // a repair may stand inside of another
		again, err := Parse(text)
		if err != nil {
			return nil // never a hint that is no HogQL
		}
		more := findHabits(again, text)
		if len(more) == 0 {
			break
		}
		text = more.Apply(text)
	}
	if _, err := Parse(text); err != nil {
		return nil
	}
	for i, f := range list {
		list[i].Hint = text
		if len(text) > maxHintText {
			start := int(f.Fix.Span.Start)
			list[i].Hint = lineAround(Findings{f}.Apply(src), start, start+len(f.Fix.Text))
		}
	}
	return list.locate(src)
}

// habits collects the findings of one walk.
type habits struct {
	src     string
	list    Findings
	operand map[Expr]int    // what stands beside an operator, with how tight that binds
	aliases map[string]bool // names that the query itself gives
	skip    map[Node]bool   // parts of what is already repaired as a whole
}

func findHabits(q Query, src string) Findings {
	h := &habits{src: src, operand: map[Expr]int{}, aliases: map[string]bool{}, skip: map[Node]bool{}}
	Walk(q, h.note)
	Walk(q, h.visit)
	return h.list
}

// note remembers the names that the query gives and what stands beside operators.
func (h *habits) note(n Node) bool {
	switch n := n.(type) {
	case *Select:
		for _, c := range n.With {
			h.aliases[c.Name.Name] = true
		}
		for _, j := range n.From {
			if j.Alias != nil {
				h.aliases[j.Alias.Name] = true
			}
		}
	case *Alias:
		h.aliases[n.Name.Name] = true
	case *Binary:
		h.operands(int(operators[n.Op].prec), n.X, n.Y)
	case *Between:
		h.operands(precBetween, n.X, n.Low, n.High)
	case *IsNull:
		h.operands(precCompare, n.X)
	case *Neg:
		h.operands(precNeg, n.X)
	case *Not:
		h.operands(precNot, n.X)
	case *Cast:
		h.operands(precPostfix, n.X)
	case *Index:
		h.operands(precPostfix, n.X)
	}
	return true
}

func (h *habits) operands(prec int, list ...Expr) {
	for _, x := range list {
		h.operand[x] = prec
	}
}

func (h *habits) text(n Node) string { return h.src[n.Pos().Start:n.Pos().End] }

// add reports what is between the ends of span, and what to write for it.
func (h *habits) add(span Span, code, message, text string) {
	h.list = append(h.list, Finding{Severity: Warning, Code: code, Message: message, Span: span, Fix: &Edit{Span: span, Text: text}})
}

// mostRepair is the size in bytes of the largest expression that is written anew, and mostHabits how many findings
// there are at most: a text made of nothing else would take as long as both are many.
const (
	mostRepair = 2000
	mostHabits = 100
)

// replace reports a whole expression. An operation among operators gets parentheses.
func (h *habits) replace(x Expr, message, text string) {
	if y, err := ParseExpr(text); err == nil && precedence(y) <= h.operand[x] && precedence(y) < precPostfix {
		text = "(" + text + ")"
	}
	h.add(x.Pos(), "foreign-dialect", message, text)
}

func (h *habits) visit(n Node) bool {
	if h.skip[n] || len(h.list) >= mostHabits {
		return false
	}
	if at := n.Pos(); at.End-at.Start > mostRepair {
		if _, query := n.(Query); !query {
			return true
		}
	}
	switch n := n.(type) {
	case *Call:
		h.call(n)
	case *Field:
		h.field(n)
	case *Binary:
		h.binary(n)
	case *Index:
		h.index(n)
	case *CallExpr:
		h.typeArguments(n)
	case *Cast:
		h.cast(n)
	case *Alias:
		h.colonPath(n)
	case *Lambda:
		h.arrowPath(n)
	case *Placeholder:
		if inner, ok := n.X.(*Placeholder); ok {
			h.add(n.Span, "foreign-dialect", "a placeholder has one pair of braces", h.text(inner))
		}
	case *Select:
		h.query(n)
	}
	return true
}

// clocks are the names of other dialects for the time of the query.
func clock(name string) string {
	switch strings.ToLower(name) {
	case "current_date", "curdate":
		return "today()"
	case "current_timestamp", "localtimestamp", "sysdate", "getdate", "getutcdate", "sysutcdatetime", "utc_timestamp", "sysdatetime":
		return "now()"
	}
	return ""
}

// field knows CURRENT_DATE and $1.
func (h *habits) field(x *Field) {
	name := x.Chain[0]
	if len(x.Chain) > 1 || name.Quoted() || h.aliases[name.Name] {
		return
	}
	if now := clock(name.Name); now != "" {
		h.replace(x, strings.ToUpper(name.Name)+" without parentheses is read as a column", now)
	}
	if len(name.Name) > 1 && name.Name[0] == '$' && strings.Trim(name.Name[1:], "0123456789") == "" {
		h.replace(x, "a value from outside is a placeholder in braces", "{p"+name.Name[1:]+"}")
	}
}

// isToday reports whether x is a date without time of day, by any of its names.
func isToday(x Expr) bool {
	switch x := x.(type) {
	case *Field:
		return len(x.Chain) == 1 && !x.Chain[0].Quoted() && clock(x.Chain[0].Name) == "today()"
	case *Call:
		return len(x.Args) == 0 && (x.Name.Name == "today" || clock(x.Name.Name) == "today()")
	}
	return false
}

func (h *habits) binary(x *Binary) {
	if n, ok := x.Y.(*Number); ok && (x.Op == OpSub || x.Op == OpAdd) && isToday(x.X) && strings.Trim(n.Text, "0123456789") == "" {
		h.skip[x.X] = true
		h.replace(x, "days are added and taken away as an INTERVAL", "today() "+x.Op.String()+" INTERVAL "+n.Text+" DAY")
		return
	}
	if !x.Op.compares() {
		return
	}
	if c, ok := x.Y.(*Call); ok && len(c.Args) > 0 && !c.HasParam {
		h.quantified(x, c)
	}
	h.quoted(x.Y)
	if t, ok := x.Y.(*Tuple); ok {
		for _, y := range t.Elems {
			h.quoted(y)
		}
	}
}

// quoted knows "text", which is a name in HogQL, where something is compared with it.
func (h *habits) quoted(x Expr) {
	f, ok := x.(*Field)
	if !ok || len(f.Chain) != 1 || !f.Chain[0].Quoted() || h.src[f.Start] != '"' || h.aliases[f.Chain[0].Name] || isEventColumn(f.Chain[0].Name) {
		return
	}
	h.replace(x, "double quotes are for names: this is read as a column, a text stands in single quotes", quoteString(f.Chain[0].Name))
}

// isEventColumn reports whether a name in double quotes is rather the column than a text.
func isEventColumn(name string) bool {
	switch name {
	case "event", "timestamp", "distinct_id", "person_id", "uuid", "properties", "created_at", "id", "$session_id", "session_id", "team_id", "elements_chain":
		return true
	}
	return false
}

// index knows properties["name"].
func (h *habits) index(x *Index) {
	h.offsetIndex(x)
	f, ok := x.Index.(*Field)
	if !ok || len(f.Chain) != 1 || !f.Chain[0].Quoted() || h.src[f.Start] != '"' || h.aliases[f.Chain[0].Name] {
		return
	}
	h.skip[f] = true
	h.replace(f, "double quotes are for names: this indexes by a column, a text stands in single quotes", quoteString(f.Chain[0].Name))
}

// quantified knows x LIKE ANY ('a', 'b') and x = ANY (…).
func (h *habits) quantified(x *Binary, c *Call) {
	name := strings.ToLower(c.Name.Name)
	if name != "any" && name != "all" && name != "some" {
		return
	}
	args := c.Args
	if a, ok := args[0].(*Array); ok && len(args) == 1 {
		args = a.Elems
	}
	if t, ok := args[0].(*Tuple); ok && len(args) == 1 {
		args = t.Elems
	}
	if len(args) == 0 || len(args)*len(h.text(x.X)) > maxHintText {
		return
	}
	message := x.Op.String() + " " + strings.ToUpper(name) + " is read as a call of a function"
	_, isQuery := args[0].(*Subquery)
	texts := make([]string, len(args))
	for i, a := range args {
		texts[i] = Print(a)
	}
	switch {
	case name != "all" && x.Op == OpEq && (isQuery || len(args) > 1):
		list := "(" + strings.Join(texts, ", ") + ")"
		if isQuery {
			list = Print(args[0])
		}
		h.replaceBoth(x, c, message, h.text(x.X)+" IN "+list)
	case isQuery:
	case x.Op == OpLike, x.Op == OpILike, x.Op == OpNotLike, x.Op == OpNotILike:
		joint := " OR "
		if name == "all" {
			joint = " AND "
		}
		for i := range texts {
			texts[i] = h.text(x.X) + " " + x.Op.String() + " " + texts[i]
		}
		text := strings.Join(texts, joint)
		if len(texts) > 1 {
			text = "(" + text + ")"
		}
		h.replaceBoth(x, c, message, text)
	}
}

// replaceBoth replaces x, of which c is a part that needs no finding of its own.
func (h *habits) replaceBoth(x Expr, c *Call, message, text string) {
	h.skip[c] = true
	h.replace(x, message, text)
}

// colonPath knows SELECT properties:plan, which is read as a column named properties.
func (h *habits) colonPath(x *Alias) {
	if x.Name.End >= x.X.Pos().Start || x.Name.Name != "properties" || h.src[x.Name.End:x.X.Pos().Start] != ":" {
		return
	}
	first := x.X
	for {
		left, _ := leftOperand(first)
		if left == nil {
			break
		}
		first = left
	}
	if f, ok := first.(*Field); ok && f.Start == x.X.Pos().Start {
		h.add(Span{x.Name.End, f.End}, "foreign-dialect", `":" gives a name to a column here: a property is written with a point`, "."+h.text(f))
	}
}

// arrowPath knows properties->'plan' = 'pro', which is read as a lambda.
func (h *habits) arrowPath(x *Lambda) {
	if len(x.Params) != 1 || x.Params[0].Name != "properties" || h.src[x.Start] == '(' {
		return
	}
	arrow := scan(h.src, int(x.Params[0].End))
	key := scan(h.src, int(arrow.end))
	if arrow.kind != kArrow || key.kind != kString {
		return
	}
	name := unquote(h.src[key.start+1:key.end-1], '\'')
	if needsQuotes(name, nameMember) {
		name = quoteName(name)
	}
	h.add(Span{arrow.start, key.end}, "foreign-dialect", `"->" makes a lambda here: a property is written with a point`, "."+name)
}

// typeArguments knows x::varchar(255), which is a call of the cast.
func (h *habits) typeArguments(x *CallExpr) {
	c, ok := x.Fn.(*Cast)
	if !ok || c.Kind != CastColons {
		return
	}
	h.skip[c] = true
	args := h.src[c.End:x.End]
	text := ""
	switch c.Type.Text {
	case "varchar", "char", "nvarchar", "text", "string":
		text = "toString(" + h.text(c.X) + ")"
	case "nullable":
		text = h.text(c.X) + "::" + strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(args), "("), ")")
	default:
		text = "CAST(" + h.text(c.X) + " AS " + h.src[c.Type.Start:c.Type.End] + args + ")"
	}
	h.replace(x, "a type behind :: has no arguments: they are read as a call", text)
}

// cast knows types of other dialects.
func (h *habits) cast(x *Cast) {
	name, to := x.Type.Text, ""
	if x.Kind == CastTry {
		return
	}
	switch name {
	case "timestamptz", "timestamp with time zone", "timestamp_tz", "timestamp_ntz", "timestamp_ltz":
		to = "toDateTime"
	case "numeric", "number", "decimal", "float8", "double precision", "bignumeric":
		to = "toFloat"
	case "int8", "int4", "int64", "bigint", "signed", "unsigned":
		to = "toInt"
	case "varchar", "nvarchar", "char", "bpchar":
		to = "toString"
	default:
		return
	}
	h.replace(x, "the type "+name+" is of another dialect", to+"("+h.text(x.X)+")")
}

// habits adds what Habits finds. Where the checker has reported the same place already, that finding gets the
// repair instead.
func (c *checker) habits(q Query) {
	if c.o.Source == "" {
		return
	}
	for _, f := range Habits(q, c.o.Source) {
		known := false
		if f.Code == "foreign-dialect" { // it says more than that there is no such table function
			c.list = slices.DeleteFunc(c.list, func(g Finding) bool {
				return g.Code == "unknown-table" && g.Severity == Warning && g.Span.Start >= f.Span.Start && g.Span.End <= f.Span.End && strings.Contains(f.Message, "UNNEST")
			})
		}
		c.list = slices.DeleteFunc(c.list, func(g Finding) bool { // what the repair has no place for
			inside := g.Code == "unknown-column" && g.Span.Start >= f.Span.Start && g.Span.End <= f.Span.End && g.Span != f.Span && f.Code == "foreign-dialect"
			gone := inside && (isUnitWord(strings.ToLower(c.text(g.Span))) || strings.Contains(g.Message, "query around"))
			if gone {
				f.Severity = max(f.Severity, g.Severity)
			}
			return gone
		})
		for i, g := range c.list {
			if g.Span.Start >= f.Span.Start && g.Span.End <= f.Span.End && (g.Severity == Problem || (g.Code == f.Code || g.Code == "dropped") && g.Fix == nil) {
				if g.Code != "offset" { // the repair has an OFFSET, which is what is refused
					c.list[i].Fix, c.list[i].Hint, c.list[i].Nearest = f.Fix, f.Hint, nil
				}
				known = true
				break
			}
		}
		if !known {
			c.add(f)
		}
	}
}
