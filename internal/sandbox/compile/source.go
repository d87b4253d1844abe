package compile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// source is one table that a SELECT reads. It is of one of three forms: a stored table, with the joins
// that its fields made; a table seen through a subselect (inner), which returns only what is needed;
// or a list of columns, of a subquery, a CTE or a table function.
type source struct {
	names []string // that reach it in HogQL
	alias string   // its SQL name

	table *schema.Table
	group int // of a joined groups table: the index of its type, else -1
	joins []*lazyJoin

	inner   *source
	exports []export
	where   string // of inner: a condition on its rows

	columns []column
	sql     string // of columns: what stands in FROM
}

// column is an output of a query.
type column struct {
	name  string // in HogQL; what others read it by
	alias string // in SQL
	value value
}

type export struct{ sql, alias string }

// lazyJoin is a join that a field of the table needs.
type lazyJoin struct {
	name   string
	source *source
	on     string
}

// stored returns the source of a stored table.
func (c *compiler) stored(t schema.Table, base string) *source {
	return &source{table: &t, alias: c.unique(base), group: -1}
}

// through returns a source that reads a stored table in a subselect, those rows that belong to the table.
func (c *compiler) through(t schema.Table, base string) *source {
	inner := c.stored(t, base+"__rows")
	s := &source{inner: inner, alias: c.unique(base), group: -1}
	if len(t.Only) == 2 {
		s.where = fmt.Sprintf("equals(%s.%s, %s)", inner.alias, schema.Ident(t.Only[0]), quote(t.Only[1]))
	}
	return s
}

// export makes a value of the inner source one of the outer. It keeps what is known of the value.
func (s *source) export(v value, name string) value {
	sql := v.sql
	if v.raw != "" {
		sql = v.raw
	}
	alias := ""
	taken := map[string]bool{}
	for _, e := range s.exports {
		taken[e.alias] = true
		if e.sql == sql {
			alias = e.alias
		}
	}
	if alias == "" {
		alias = name
		for n := 2; taken[alias]; n++ {
			alias = name + "_" + strconv.Itoa(n)
		}
		s.exports = append(s.exports, export{sql, alias})
	}
	out := value{sql: s.alias + "." + schema.Ident(alias), kind: v.kind, null: v.null}
	if v.json != nil {
		out.from = &exported{source: s, inner: v, name: name}
		out.json = v.json
	}
	if v.uncast != "" {
		out.uncast = "" // the text stays inside; access reads it again where it is wanted
	}
	return out
}

// has tells whether the source has a field of this name.
func (c *compiler) has(s *source, name string) bool {
	switch {
	case s.inner != nil:
		return c.has(s.inner, name)
	case s.table != nil:
		_, ok := c.field(s, name)
		return ok
	}
	return slices.ContainsFunc(s.columns, func(col column) bool { return col.name == name })
}

// field finds a field of a stored table; the project's group types are fields of events.
func (c *compiler) field(s *source, name string) (schema.Field, bool) {
	if f, ok := s.table.Field(name); ok {
		return f, true
	}
	if s.table.Name == "events" {
		if i := slices.Index(c.project.GroupTypes, name); i >= 0 {
			return s.table.Field("group_" + strconv.Itoa(i))
		}
	}
	return schema.Field{}, false
}

// resolve reads a path of names from a source. whole is the path as the user wrote it.
func (c *compiler) resolve(s *source, chain, whole []hogql.Ident) value {
	switch {
	case s.inner != nil:
		v := c.resolve(s.inner, chain, whole)
		if c.err != nil || v.table {
			return v
		}
		out := s.export(v, path(chain))
		if v.raw != "" {
			out = c.zoned(out)
		}
		return out
	case s.table != nil:
		return c.tableField(s, chain, whole)
	}
	for _, col := range s.columns {
		if col.name == chain[0].Name {
			v := col.value
			out := value{sql: s.alias + "." + schema.Ident(col.alias), kind: v.kind, null: v.null}
			if v.kind == schema.JSON {
				out.json = &property{column: out.sql}
			}
			return c.descend(out, chain[1:], whole)
		}
	}
	return c.unresolved(s, chain[0])
}

// unresolved is PostHog's answer to a field that is not there.
func (c *compiler) unresolved(s *source, id hogql.Ident) value {
	if near := nearest(id.Name, c.fieldNames(s)); len(near) > 0 {
		return c.fail(id.Span, "Unable to resolve field: %s. Did you mean: %s?", id.Name, strings.Join(near, ", "))
	}
	return c.fail(id.Span, "Unable to resolve field: %s", id.Name)
}

func (c *compiler) fieldNames(s *source) []string {
	var names []string
	switch {
	case s == nil:
	case s.inner != nil:
		return c.fieldNames(s.inner)
	case s.table != nil:
		for _, f := range s.table.Fields {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		}
	}
	if s != nil {
		for _, col := range s.columns {
			names = append(names, col.name)
		}
	}
	return names
}

func (c *compiler) tableField(s *source, chain, whole []hogql.Ident) value {
	f, ok := c.field(s, chain[0].Name)
	if !ok {
		return c.unresolved(s, chain[0])
	}
	rest := chain[1:]
	switch f.Type {
	case schema.LazyTable:
		if len(rest) == 0 {
			return c.tableAsColumn(whole)
		}
		joined := c.join(s, f)
		if joined == nil {
			return value{}
		}
		if !c.has(joined, rest[0].Name) {
			return c.fail(rest[0].Span, "Field not found: %s", rest[0].Name)
		}
		return c.resolve(joined, rest, whole)
	case schema.VirtualTable:
		if len(rest) == 0 {
			return c.tableAsColumn(whole)
		}
		child, ok := f.Field(rest[0].Name)
		if !ok {
			return c.fail(rest[0].Span, "Field not found: %s", rest[0].Name)
		}
		return c.tableField(s, append(idents(child.Chain), rest[1:]...), whole)
	case schema.FieldTraverser:
		return c.tableField(s, append(idents(f.Chain), rest...), whole)
	}
	return c.descend(c.column(s, f), rest, whole)
}

func (c *compiler) tableAsColumn(whole []hogql.Ident) value {
	at := hogql.Span{Start: whole[0].Start, End: whole[len(whole)-1].End}
	v := c.fail(at, "Can't select a table when a column is expected: %s", path(whole))
	v.table = true
	return v
}

func idents(names []string) []hogql.Ident {
	out := make([]hogql.Ident, len(names))
	for i, n := range names {
		out[i].Name = n
	}
	return out
}

// column reads a stored or computed column of a stored table.
func (c *compiler) column(s *source, f schema.Field) value {
	v := value{kind: f.Type, null: f.Nullable || strings.HasPrefix(f.ClickHouse, "Nullable(")}
	if f.Type == schema.Expression {
		v.kind = expressionKind(f.ClickHouse)
	}
	if f.Expr != "" {
		v.sql = c.expand(s, f.Expr)
	} else {
		v.sql = s.alias + "." + schema.Ident(f.Column)
	}
	switch v.kind {
	case schema.DateTime:
		return c.zoned(v)
	case schema.JSON:
		v.json = &property{column: v.sql, entity: entity(s, f.Name)}
	}
	return v
}

// expressionKind is the kind of a field that PostHog calls an expression.
func expressionKind(clickHouse string) schema.Type {
	switch {
	case strings.Contains(clickHouse, "Int"):
		return schema.Integer
	case strings.Contains(clickHouse, "Bool"):
		return schema.Boolean
	}
	return schema.String
}

var reference = regexp.MustCompile(`\{([^{}]+)\}`)

// expand replaces the references in a field's expression.
func (c *compiler) expand(s *source, expr string) string {
	return reference.ReplaceAllStringFunc(expr, func(m string) string {
		name := m[1 : len(m)-1]
		if name == "project" {
			return "toInt64(" + strconv.FormatInt(c.project.ID, 10) + ")"
		}
		chain := idents(strings.Split(name, "."))
		return c.tableField(s, chain, chain).instant()
	})
}

// entity tells whose properties a JSON column holds.
func entity(s *source, field string) PropertyKey {
	switch name := s.table.Physical; {
	case name == "events" && field == "properties":
		return PropertyKey{Entity: EntityEvent}
	case name == "events" && field == "person_properties", name == "persons" && field == "properties":
		return PropertyKey{Entity: EntityPerson}
	case name == "groups" && field == "properties" && s.group >= 0:
		return PropertyKey{Entity: EntityGroup, Group: s.group}
	case name == "events" && strings.HasPrefix(field, "group"):
		return PropertyKey{Entity: EntityGroup, Group: int(field[len("group")] - '0')}
	}
	return PropertyKey{}
}

// descend reads the rest of a path from a value.
func (c *compiler) descend(v value, rest, whole []hogql.Ident) value {
	for _, id := range rest {
		if c.err != nil {
			return v
		}
		switch {
		case v.json != nil:
			v = c.access(v, quote(id.Name), id.Name)
		case v.kind == schema.Map:
			v = value{sql: v.sql + "[" + quote(id.Name) + "]", kind: schema.String}
		case v.kind == "":
			v = value{sql: "tupleElement(" + v.sql + ", " + quote(id.Name) + ")", null: true}
		default:
			return c.fail(id.Span, "Can not access property %q on field %q.", id.Name, whole[0].Name)
		}
	}
	return v
}

// join returns the source that a join field leads to, and makes the join where it is not there yet.
func (c *compiler) join(s *source, f schema.Field) *source {
	for _, j := range s.joins {
		if j.name == f.Name {
			return j.source
		}
	}
	target, ok := schema.Lookup(f.Join.Table)
	if !ok {
		c.fail(hogql.Span{}, "Unknown table `%s`.", f.Join.Table)
		return nil
	}
	joined := c.through(target, strings.TrimPrefix(s.alias, "__")+"__"+f.Name)
	if w := f.Join.Where; len(w) == 2 {
		joined.inner.group, _ = strconv.Atoi(w[1])
		joined.where = fmt.Sprintf("equals(%s.%s, %s)", joined.inner.alias, schema.Ident(w[0]), w[1])
	}
	j := &lazyJoin{name: f.Name, source: joined}
	to := idents([]string{f.Join.To})
	from := idents(strings.Split(f.Join.From, "."))
	j.on = fmt.Sprintf("equals(%s, %s)", c.tableField(s, from, from).instant(), c.resolve(joined, to, to).instant())
	s.joins = append(s.joins, j)
	return joined
}

// from prints a source for FROM.
func (s *source) from() string {
	switch {
	case s.inner != nil:
		cols := make([]string, 0, len(s.exports))
		for _, e := range s.exports {
			cols = append(cols, e.sql+" AS "+schema.Ident(e.alias))
		}
		if len(cols) == 0 {
			cols = []string{"1 AS one"}
		}
		where := ""
		if s.where != "" {
			where = " WHERE " + s.where
		}
		return "(SELECT " + strings.Join(cols, ", ") + " FROM " + s.inner.from() + where + ") AS " + s.alias
	case s.table != nil:
		var b strings.Builder
		b.WriteString(schema.Ident(s.table.Physical) + " AS " + s.alias)
		for _, j := range s.joins {
			b.WriteString(" LEFT JOIN " + j.source.from() + " ON " + j.on)
		}
		return b.String()
	}
	return s.sql + " AS " + s.alias
}

// visible returns the columns that * stands for.
func (c *compiler) visible(s *source) []column {
	var out []column
	switch {
	case s.inner != nil:
		for _, col := range c.visible(s.inner) {
			id := idents([]string{col.name})
			out = append(out, column{name: col.name, value: c.resolve(s, id, id)})
		}
	case s.table != nil:
		for _, f := range s.table.Fields {
			if f.IsColumn() && !f.Hidden {
				out = append(out, column{name: f.Name, value: c.column(s, f)})
			}
		}
	default:
		for _, col := range s.columns {
			id := idents([]string{col.name})
			out = append(out, column{name: col.name, value: c.resolve(s, id, id)})
		}
	}
	return out
}
