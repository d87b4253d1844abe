package compile

import (
	"maps"
	"slices"
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// joined is a member of FROM.
type joined struct {
	kind   string
	source *source
	on     string
}

// tables reads FROM. All stored tables but the first are read through a subselect, so that the joins
// their fields need stand before the conditions that use them.
func (s *scope) tables(q *hogql.Select) []joined {
	var out []joined
	for i, j := range q.From {
		src := s.table(j, i == 0)
		if src == nil {
			return nil
		}
		if len(j.Columns) > 0 {
			src = s.renamed(src, j)
		}
		for _, other := range s.sources {
			for _, name := range src.names {
				if j.Alias != nil && len(other.names) > 0 && other.names[0] == name {
					s.c.fail(j.Alias.Span, "Already have joined a table called \"%s\". Can't redefine.", name)
				}
			}
		}
		s.sources = append(s.sources, src)
		m := joined{kind: s.joinKind(j, i), source: src}
		s.inJoin = true
		switch {
		case j.On != nil:
			m.on = " ON " + s.expr(j.On).sql
		case len(j.Using) > 0:
			m.on = " ON " + s.usingCondition(j, src)
		}
		s.inJoin = false
		out = append(out, m)
	}
	return out
}

// joinKind is the join for the engine. Without a condition only CROSS and POSITIONAL make sense.
func (s *scope) joinKind(j *hogql.Join, i int) string {
	kind := j.Kind
	switch {
	case i == 0:
		return ""
	case j.Comma || kind == "CROSS JOIN":
		return "CROSS JOIN"
	case kind == "POSITIONAL JOIN":
		return "PASTE JOIN"
	case j.On == nil && len(j.Using) == 0:
		s.c.fail(j.Span, "%s needs a condition: add ON or USING, or write CROSS JOIN", kind)
	case kind == "SEMI JOIN", kind == "ANTI JOIN":
		return "LEFT " + kind
	}
	return kind
}

// usingCondition makes USING a condition on the columns of the newest source and of an earlier one.
func (s *scope) usingCondition(j *hogql.Join, right *source) string {
	var parts []string
	for _, e := range j.Using {
		f, ok := e.(*hogql.Field)
		if !ok || len(f.Chain) != 1 {
			s.c.fail(e.Pos(), "USING takes names of columns")
			return ""
		}
		name := f.Chain[0]
		var left *source
		for _, src := range s.sources[:len(s.sources)-1] {
			if left == nil && s.c.has(src, name.Name) {
				left = src
			}
		}
		if left == nil || !s.c.has(right, name.Name) {
			s.c.fail(name.Span, "Unable to resolve field: %s", name.Name)
			return ""
		}
		s.using[name.Name] = true
		parts = append(parts, "equals("+s.c.resolve(left, f.Chain, f.Chain).instant()+", "+s.c.resolve(right, f.Chain, f.Chain).instant()+")")
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "and(" + strings.Join(parts, ", ") + ")"
}

func (s *scope) renamed(src *source, j *hogql.Join) *source {
	at := hogql.Ident{Span: j.Span, Name: src.alias}
	if src.columns == nil {
		cols := s.c.visible(src)
		c := compiledQuery{}
		var parts []string
		for _, col := range cols {
			parts = append(parts, col.value.sql+" AS "+schema.Ident(col.name))
			c.columns = append(c.columns, column{name: col.name, alias: col.name, value: col.value})
		}
		return &source{names: src.names, alias: s.c.unique("renamed"), sql: "(SELECT " + strings.Join(parts, ", ") + " FROM " + src.from() + ")", columns: s.c.rename(c.columns, j.Columns, at)}
	}
	src.columns = s.c.rename(src.columns, j.Columns, at)
	return src
}

// table makes the source of one member of FROM.
func (s *scope) table(j *hogql.Join, first bool) *source {
	var src *source
	switch t := j.Table.(type) {
	case *hogql.TableName:
		src = s.named(t, j, first)
	case *hogql.TableCall:
		src = s.generator(t)
	case *hogql.Subquery:
		r := s.c.query(t.Query, s.ctes)
		src = &source{alias: s.c.unique(aliasOr(j, "subquery")), columns: r.columns, sql: "(" + r.sql + ")"}
	case *hogql.Placeholder:
		s.c.placeholder(t)
	case *hogql.Tag:
		s.c.fail(t.Span, "A HogQLX tag cannot be used as a SELECT source")
	case *hogql.Pivot:
		s.c.fail(t.Span, "PIVOT is not supported")
	case *hogql.Unpivot:
		s.c.fail(t.Span, "UNPIVOT is not supported")
	}
	if src == nil || s.c.err != nil {
		return nil
	}
	if j.Alias != nil {
		if !s.checkAlias(*j.Alias) {
			return nil
		}
		src.names = []string{j.Alias.Name}
	}
	return src
}

func aliasOr(j *hogql.Join, name string) string {
	if j.Alias != nil {
		return j.Alias.Name
	}
	return name
}

// named makes the source of a table or of a query of WITH.
func (s *scope) named(t *hogql.TableName, j *hogql.Join, first bool) *source {
	name := path(t.Chain)
	last := t.Chain[len(t.Chain)-1].Name
	if len(t.Chain) == 1 {
		if w := s.ctes.find(name); w != nil && w.expr == nil {
			alias := s.c.unique(aliasOr(j, name) + "_rows")
			return &source{names: []string{name}, alias: alias, columns: w.columns, sql: schema.Ident(w.alias)}
		}
	}
	table, ok := s.c.lookup(name)
	if !ok {
		s.c.unknownTable(t.Span, name)
		return nil
	}
	if !s.c.allowed(table) {
		s.c.fail(t.Span, "You don't have access to table `%s`.", name)
		return nil
	}
	s.c.read(table.Name)
	names := []string{name}
	if last != name {
		names = append(names, last)
	}
	base := aliasOr(j, last)
	var src *source
	switch {
	case table.Kind == schema.InformationSchema:
		src = s.c.information(table, base)
	case table.Query != "":
		src = s.c.view(table, base)
	case first && len(table.Only) == 0:
		src = s.c.stored(table, base)
	default:
		src = s.c.through(table, base)
	}
	src.names = names
	return src
}

// lookup finds a table of PostHog or of the project.
func (c *compiler) lookup(name string) (schema.Table, bool) {
	if t, ok := schema.Lookup(name); ok {
		return t, true
	}
	i := slices.IndexFunc(c.project.Tables, func(t schema.Table) bool { return t.Name == name })
	if i < 0 {
		return schema.Table{}, false
	}
	return c.project.Tables[i], true
}

// view makes the source of a view: its query. The sandbox computes materialized views anew, too, which is the
// same as long as the data does not change.
func (c *compiler) view(t schema.Table, base string) *source {
	src := &source{alias: c.unique(base)}
	q, err := hogql.Parse(t.Query)
	if err != nil || slices.Contains(c.views, t.Name) {
		c.fail(hogql.Span{}, "The view `%s` cannot be read: its query is not valid", t.Name)
		return src
	}
	tables := c.tables // what a view reads is not what the query names
	c.views = append(c.views, t.Name)
	r := c.query(q, nil)
	c.views = c.views[:len(c.views)-1]
	c.tables = tables
	src.columns, src.sql = r.columns, "("+r.sql+")"
	return src
}

func (c *compiler) allowed(t schema.Table) bool {
	return t.Scope == "" || c.project.Scopes == nil || c.project.Scopes(t.Scope)
}

func (c *compiler) unknownTable(at hogql.Span, name string) {
	var names []string
	for _, t := range c.readable() {
		names = append(names, t.Name)
	}
	message := "Unknown table `" + name + "`."
	if near := nearest(name, names); len(near) > 0 {
		message += " Did you mean: " + strings.Join(near, ", ") + "?"
	}
	c.fail(at, "%s", message)
}

// generator makes the source of numbers(n), range(…) or generate_series(…): one column of integers.
func (s *scope) generator(t *hogql.TableCall) *source {
	name := t.Name.Name
	least, most := 1, 2
	switch name {
	case "numbers":
	case "range":
		most = 3
	case "generate_series":
		least, most = 2, 3
	default:
		s.c.unknownTable(t.Name.Span, name)
		return nil
	}
	s.c.arity(t.Name, "Function", "argument", len(t.Args), least, most)
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		args[i] = (&scope{c: s.c, ctes: s.ctes}).expr(a).sql
	}
	column1 := name
	sql := name + "(" + strings.Join(args, ", ") + ")"
	switch name {
	case "numbers":
		column1 = "number"
	case "range":
		sql = "(SELECT arrayJoin(" + sql + ") AS range)"
	}
	return &source{
		names: []string{name}, alias: s.c.unique(name), sql: sql,
		columns: []column{{name: column1, alias: column1, value: value{kind: schema.Integer}}},
	}
}

// arrayNames makes the names of ARRAY JOIN known to the SELECT list.
func (s *scope) arrayNames(a *hogql.ArrayJoin) []string {
	if a == nil {
		return nil
	}
	var names []string
	for _, e := range a.Exprs {
		alias, ok := e.(*hogql.Alias)
		if !ok {
			s.c.fail(e.Pos(), "ARRAY JOIN arrays must have an alias")
			return nil
		}
		if !s.checkAlias(alias.Name) {
			return nil
		}
		name := s.sqlAlias(alias.Name.Name)
		names = append(names, name)
		s.aliases[alias.Name.Name] = value{sql: schema.Ident(name), null: true}
	}
	return names
}

// arrayJoin prints ARRAY JOIN. Its arrays may be columns of the SELECT list, but not its own names.
func (s *scope) arrayJoin(a *hogql.ArrayJoin, names []string) string {
	if a == nil || s.c.err != nil {
		return ""
	}
	own := map[string]value{}
	for i, e := range a.Exprs {
		name := e.(*hogql.Alias).Name.Name
		if v := s.aliases[name]; v.sql == schema.Ident(names[i]) {
			own[name] = v
			delete(s.aliases, name)
		}
	}
	parts := make([]string, len(names))
	for i, e := range a.Exprs {
		parts[i] = s.expr(e.(*hogql.Alias).X).sql + " AS " + schema.Ident(names[i])
	}
	maps.Copy(s.aliases, own)
	return " " + strings.TrimPrefix(a.Kind, "INNER ") + " " + strings.Join(parts, ", ")
}
