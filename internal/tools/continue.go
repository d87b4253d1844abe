package tools

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
)

// uniqueKey returns the columns that together name one row of a table of PostHog's; nil where none are known to.
func uniqueKey(table string) []string {
	switch table {
	case "events", "logs":
		return []string{"uuid"}
	case "persons":
		return []string{"id"}
	case "sessions", "session_replay_events":
		return []string{"session_id"}
	case "groups":
		return []string{"index", "key"}
	}
	return nil
}

// continueLength is the longest query that is given for more rows.
const continueLength = 4000

// orderKey is one expression of ORDER BY that is a plain column of the table.
type orderKey struct {
	field *hogql.Field
	name  string
	desc  bool
	value hogql.Expr // of the last row
}

// keyset is what a query for more rows is made from.
type keyset struct {
	sel   *hogql.Select
	table string
	alias string // the table's name in the query
	time  string // the column to bound; "" where the table has none
	keys  []orderKey
}

// continuation returns the query for the rows after those of r, or why none is sure to give them. r has the last row
// that was given.
func (p *plan) continuation(r *Rows) (query, reason string) {
	k, reason := newKeyset(p.tree)
	if reason != "" {
		return "", reason
	}
	if reason := k.order(); reason != "" {
		return "", reason
	}
	if reason := k.last(r); reason != "" {
		return "", reason
	}
	next := *k.sel
	next.Where = k.where()
	next.Limit = nil
	if own := p.limited.Own; own > 0 {
		next.Limit = &hogql.Limit{N: hogql.Int(own - int64(len(r.Rows)))}
	}
	query = hogql.Print(&next)
	if len(query) > continueLength {
		return "", "the query is too long to be repeated"
	}
	if visible(query) != query { // written out, they would mean something else
		return "", "the query holds characters that cannot be seen"
	}
	return query, ""
}

// newKeyset takes a query apart that reads rows of one table as they are.
func newKeyset(q hogql.Query) (*keyset, string) {
	sel, ok := q.(*hogql.Select)
	if !ok || len(sel.From) != 1 || sel.Distinct || sel.GroupBy != nil || sel.ArrayJoin != nil || sel.LimitBy != nil ||
		sel.Qualify != nil || sel.Interpol != nil || len(sel.With) > 0 || computes(sel) {
		return nil, "only of plain rows of one table; raise limit, or narrow the query"
	}
	j := sel.From[0]
	name, ok := j.Table.(*hogql.TableName)
	if !ok {
		return nil, "only of plain rows of one table; raise limit, or narrow the query"
	}
	k := &keyset{sel: sel}
	for i, part := range name.Chain {
		if part.Name != "posthog" || i > 0 {
			k.table += part.Name
		}
	}
	k.alias = name.Chain[len(name.Chain)-1].Name
	if j.Alias != nil {
		k.alias = j.Alias.Name
	}
	if uniqueKey(k.table) == nil {
		return nil, "no column is known to name one row of " + label(k.table) + "; raise limit, or narrow the query"
	}
	if t := hogql.BuiltIn().Tables[k.table]; t != nil {
		k.time = t.Time
	}
	return k, ""
}

// computes tells whether a SELECT has aggregates or window functions, whose values change with the rows that are read.
func computes(sel *hogql.Select) bool {
	found := false
	hogql.Walk(sel, func(n hogql.Node) bool {
		switch n := n.(type) {
		case *hogql.Subquery:
			return false
		case *hogql.Columns, *hogql.Spread:
			found = true
		case *hogql.Call:
			fn, known := hogql.LookupFunction(n.Name.Name)
			found = found || n.Over != nil || known && fn.Aggregate
		}
		return !found
	})
	return found
}

// column returns the table's column that an expression is; "" for anything else.
func (k *keyset) column(x hogql.Expr) string {
	f, ok := x.(*hogql.Field)
	switch {
	case !ok:
		return ""
	case len(f.Chain) == 1:
		return f.Chain[0].Name
	case len(f.Chain) == 2 && f.Chain[0].Name == k.alias:
		return f.Chain[1].Name
	}
	return ""
}

// aliased returns the expression that the SELECT gives a name to; nil where it gives none.
func (k *keyset) aliased(name string) hogql.Expr {
	for _, x := range k.sel.Columns {
		if a, ok := x.(*hogql.Alias); ok && a.Name.Name == name {
			return a.X
		}
	}
	return nil
}

// order reads ORDER BY up to where it is total.
func (k *keyset) order() (reason string) {
	missing := slices.Clone(uniqueKey(k.table))
	for _, o := range k.sel.OrderBy {
		field, ok := o.X.(*hogql.Field)
		if ok && len(field.Chain) == 1 {
			if x := k.aliased(field.Chain[0].Name); x != nil {
				field, ok = x.(*hogql.Field)
			}
		}
		if !ok || k.column(field) == "" || o.Collate != "" || o.Fill != nil {
			break
		}
		name := k.column(field)
		if x := k.aliased(name); x != nil && k.column(x) != name { // WHERE would read the alias
			break
		}
		k.keys = append(k.keys, orderKey{field: field, name: name, desc: o.Desc})
		missing = slices.DeleteFunc(missing, func(m string) bool { return m == name })
		if len(missing) == 0 {
			break
		}
	}
	if len(missing) > 0 || k.time != "" && k.keys[0].name != k.time {
		want := slices.Clone(uniqueKey(k.table))
		if k.time != "" {
			want = append([]string{k.time}, want...)
		}
		for i, name := range want {
			want[i] = hogql.Print(hogql.Ref(name)) + " DESC"
		}
		if len(missing) == 0 {
			return "ORDER BY does not begin with " + label(k.time) + ", by which the table is cut. Use ORDER BY " + strings.Join(want, ", ")
		}
		return "the order of the rows is not total. ORDER BY " + strings.Join(want, ", ") + " is"
	}
	return ""
}

// last reads the keys of the last row.
func (k *keyset) last(r *Rows) (reason string) {
	values := r.Rows[len(r.Rows)-1].Values()
	var absent []string
	for i := range k.keys {
		key := &k.keys[i]
		at := k.output(r, key.name)
		if at < 0 || at >= len(values) || at >= len(r.Types) {
			absent = append(absent, hogql.Print(hogql.Ref(key.name)))
			continue
		}
		if strings.HasPrefix(r.Types[at], "Nullable(") || values[at] == nil {
			return label(key.name) + " can be null, and ORDER BY needs keys that are not"
		}
		if key.value = keyLiteral(values[at], r.Types[at]); key.value == nil {
			return "the last row's " + label(key.name) + " cannot be written down safely"
		}
	}
	if len(absent) > 0 {
		return "select " + strings.Join(absent, ", ") + " too, by which the rows are ordered"
	}
	return ""
}

// output finds the column of the result that holds a column of the table.
func (k *keyset) output(r *Rows, column string) int {
	name := ""
	for _, x := range k.sel.Columns {
		switch x := x.(type) {
		case *hogql.Star:
			name = column
		case *hogql.Field:
			if k.column(x) == column {
				name = column
			}
		case *hogql.Alias:
			if k.column(x.X) == column {
				name = x.Name.Name
			}
		}
		if name != "" {
			break
		}
	}
	at := slices.Index(r.Columns, name)
	if at < 0 || slices.Contains(r.Columns[at+1:], name) {
		return -1
	}
	return at
}

// plainKey is text that a line of our own words may hold: it comes from the data.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9$_.:-]{1,64}$`)

// keyLiteral writes a value of a row so that it means the same in every zone; nil where that is not sure.
func keyLiteral(v any, kind string) hogql.Expr {
	switch {
	case strings.HasPrefix(kind, "DateTime"):
		text, _ := v.(string)
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || t.Nanosecond()%1000 != 0 {
			return nil
		}
		return hogql.Fn("toDateTime64", hogql.Str(t.UTC().Format("2006-01-02 15:04:05.000000")), hogql.Int(6), hogql.Str("UTC"))
	case strings.HasPrefix(kind, "Int"), strings.HasPrefix(kind, "UInt"):
		text := fmt.Sprint(v)
		if strings.Trim(text, "0123456789-") != "" {
			return nil
		}
		return &hogql.Number{Text: text}
	case kind == "UUID", kind == "String", strings.HasPrefix(kind, "LowCardinality(String"):
		text, _ := v.(string)
		if !plainKey.MatchString(text) {
			return nil
		}
		return hogql.Str(text)
	}
	return nil
}

// where is the query's own condition with that for the rows after the last one. Conditions of the same form, from
// the continuation before, are replaced: the last row fulfilled them.
func (k *keyset) where() hogql.Expr {
	var bound, after hogql.Expr
	if k.time != "" && len(k.keys) > 1 {
		bound = &hogql.Binary{Op: k.keys[0].op(true), X: k.keys[0].field, Y: k.keys[0].value}
	}
	same := true
	fields, values := make([]hogql.Expr, len(k.keys)), make([]hogql.Expr, len(k.keys))
	for i, key := range k.keys {
		fields[i], values[i] = key.field, key.value
		same = same && key.desc == k.keys[0].desc
	}
	switch {
	case len(k.keys) == 1:
		after = hogql.Op2(k.keys[0].op(false), fields[0], values[0])
	case same:
		after = hogql.Op2(k.keys[0].op(false), &hogql.Tuple{Elems: fields}, &hogql.Tuple{Elems: values})
	default: // a later, or the same a and b later, …
		var ways []hogql.Expr
		for i, key := range k.keys {
			var way []hogql.Expr
			for _, equal := range k.keys[:i] {
				way = append(way, hogql.Eq(equal.field, equal.value))
			}
			ways = append(ways, hogql.And(append(way, hogql.Op2(key.op(false), key.field, key.value))...))
		}
		after = hogql.Or(ways...)
	}
	var all []hogql.Expr
	own := []hogql.Expr{k.sel.Where}
	if l, ok := k.sel.Where.(*hogql.Logical); ok && l.Op == hogql.OpAnd {
		own = l.Exprs
	}
	for _, x := range own {
		if x != nil && !sameForm(x, bound) && !sameForm(x, after) {
			all = append(all, x)
		}
	}
	for _, x := range []hogql.Expr{bound, after} {
		if x != nil {
			all = append(all, x)
		}
	}
	return hogql.And(all...)
}

func (o orderKey) op(orEqual bool) hogql.Op {
	switch {
	case o.desc && orEqual:
		return hogql.OpLessEq
	case o.desc:
		return hogql.OpLess
	case orEqual:
		return hogql.OpGreaterEq
	}
	return hogql.OpGreater
}

// literals are the constants in printed HogQL.
var literals = regexp.MustCompile(`'(?:[^'\\]|\\.)*'|\b\d+\b`)

// sameForm tells whether x is such a condition as ours for another row: it differs in nothing but constants, and has the
// same one where ours has.
func sameForm(x, ours hogql.Expr) bool {
	if ours == nil {
		return false
	}
	a, b := hogql.Print(x), hogql.Print(ours)
	if literals.ReplaceAllString(a, "?") != literals.ReplaceAllString(b, "?") {
		return false
	}
	theirs := literals.FindAllString(a, -1)
	for i, v := range literals.FindAllString(b, -1) {
		if first := slices.Index(literals.FindAllString(b, -1), v); theirs[first] != theirs[i] {
			return false
		}
	}
	return true
}

// more settles how the rows after those of r are got, where there are more.
func (p *plan) more(r *Rows) {
	if r.HasMore == nil || !*r.HasMore || len(r.Rows) == 0 {
		return
	}
	query, reason := p.continuation(r)
	if r.Continue = query; query == "" {
		r.Notes = append(r.Notes, Note{false, "no query for the rows after these: " + reason})
	}
}
