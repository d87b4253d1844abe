package hogql

import (
	"slices"
	"strings"
)

// value is what is known of an expression.
type value struct {
	known    bool
	typ      string // a CatalogueColumn's type; "" where not known
	table    string // of a stored column
	column   string
	property string // of a property: its name; entity tells whose
	entity   string
}

// quiet returns what is known of an expression without reporting anything.
func (s *scope) quiet(x Expr) value {
	switch x := x.(type) {
	case *Alias:
		return s.quiet(x.X)
	case *Field:
		keep := s.c.list
		v := s.field(x)
		s.c.list = keep
		return v
	case *Index:
		name, ok := x.Index.(*String)
		if _, deeper := x.X.(*Index); deeper { // in a property: of a long chain only the beginning is known
			return value{}
		}
		if v := s.quiet(x.X); ok && v.typ == "json" && v.property == "" {
			return s.c.property(v, name.Value)
		}
		return value{}
	}
	return s.computed(x)
}

// field resolves a chain of names.
func (s *scope) field(f *Field) value {
	first := f.Chain[0].Name
	for _, id := range f.Chain {
		s.c.percent(id)
	}
	if s.isParam(first) {
		return value{}
	}
	if v, ok := s.qualified(f); ok {
		return v
	}
	if x, ok := s.aliases[first]; ok && !s.inside(first) {
		if len(f.Chain) > 1 || len(s.using) > 16 {
			return value{}
		}
		s.using = append(s.using, first)
		v := s.quiet(x)
		s.using = s.using[:len(s.using)-1]
		return v
	}
	open := false
	for _, src := range s.sources {
		if found, _ := src.has(first); found {
			if len(s.sources) > 1 && s.ambiguous(f) {
				return value{}
			}
			return s.inSource(src, f, f.Chain)
		}
		open = open || src.open()
	}
	if s.named(first) || open || s.inside(first) {
		return value{}
	}
	if s.cte(first) != nil && len(f.Chain) == 1 || s.isSource(first) {
		return value{}
	}
	for _, src := range s.sources {
		if src.table != nil && freeColumn(src.table.Name, first) {
			return value{}
		}
	}
	s.unknownField(f)
	return value{}
}

// isSource tells whether a name is that of a table of FROM. PostHog reads it as the table, which only some
// functions take.
func (s *scope) isSource(name string) bool {
	return slices.ContainsFunc(s.sources, func(src *source) bool {
		return slices.ContainsFunc(src.paths, func(p []string) bool { return len(p) == 1 && p[0] == name })
	})
}

func (s *scope) isParam(name string) bool {
	return slices.ContainsFunc(s.params, func(id Ident) bool { return id.Name == name })
}

// inside tells whether the alias is being looked into, of aliases in aliases the last ones: there its name is that of
// a column.
func (s *scope) inside(name string) bool {
	const most = 64
	return slices.Contains(s.using[max(0, len(s.using)-most):], name)
}

// qualified resolves table.column.
func (s *scope) qualified(f *Field) (value, bool) {
	names := chainNames(f.Chain)
	for _, src := range s.sources {
		for _, p := range src.paths {
			if len(p) < len(names) && slices.Equal(p, names[:len(p)]) {
				return s.inSource(src, f, f.Chain[len(p):]), true
			}
		}
	}
	return value{}, false
}

func (s *scope) inSource(src *source, f *Field, chain []Ident) value {
	if src.table != nil {
		return s.inTable(src.table, f, chain)
	}
	if v, ok := src.columns.find(chain[0].Name); ok {
		return s.descend(v, chain[1:])
	}
	if !src.columns.open {
		s.notIn(src, chain[0])
	}
	return value{}
}

// inTable resolves a chain from a stored table.
func (s *scope) inTable(t *CatalogueTable, f *Field, chain []Ident) value {
	for range 8 { // a path crosses few tables; a catalogue with a loop ends here
		name := chain[0].Name
		col := t.column(name)
		if col == nil {
			if !t.Open && !freeColumn(t.Name, name) {
				s.notIn(&source{table: t}, chain[0], len(chain) > 1)
			}
			return value{}
		}
		rest := chain[1:]
		switch {
		case (col.Table != "" || len(col.Fields) > 0) && len(rest) == 0:
			s.c.add(Finding{Severity: Problem, Code: "table-as-column", Span: f.Span, Message: Print(f) + " is a table, not a column: name a column of it",
				Hint: Print(f) + "." + firstColumn(s.c.cat, col)})
			return value{}
		case col.Table != "":
			next := s.c.cat.table(col.Table)
			if next == nil {
				return value{}
			}
			t, chain = next, rest
		case len(col.Fields) > 0:
			i := slices.IndexFunc(col.Fields, func(c CatalogueColumn) bool { return c.Name == rest[0].Name })
			if i < 0 {
				s.c.warn("unknown-column", rest[0].Span, "%s has no field %s that is known here", col.Name, quoted(rest[0].Name))
				return value{}
			}
			v := value{known: true, typ: col.Fields[i].Type, table: t.Name, column: col.Name + "." + col.Fields[i].Name}
			return s.descend(v, rest[1:])
		case len(col.Chain) > 0:
			chain = append(plainIdents(col.Chain), rest...)
		default:
			return s.descend(value{known: true, typ: col.Type, table: t.Name, column: col.Name}, rest)
		}
	}
	return value{}
}

func plainIdents(names []string) []Ident {
	out := make([]Ident, len(names))
	for i, n := range names {
		out[i].Name = n
	}
	return out
}

func firstColumn(cat *Catalogue, col *CatalogueColumn) string {
	if t := cat.table(col.Table); t != nil && t.column("id") != nil {
		return "id"
	}
	return "…"
}

// freeColumn tells the columns that PostHog makes by a pattern: computed person properties, and one pair of
// columns for each advertising system.
func freeColumn(table, name string) bool {
	return strings.HasPrefix(name, "$virt_") || (table == "sessions" || table == "raw_sessions") && strings.HasPrefix(name, "$entry_")
}

// descend reads the rest of a path from a value.
func (s *scope) descend(v value, rest []Ident) value {
	switch {
	case len(rest) == 0:
		return v
	case v.typ == "json" && v.property == "":
		out := s.c.property(v, rest[0].Name)
		s.c.judgeProperty(out, rest[0].Span)
		if len(rest) > 1 {
			return value{}
		}
		return out
	case v.known && v.column != "" && v.typ != "" && v.typ != "json" && v.typ != "array" && v.property == "":
		s.c.warn("no-fields", rest[0].Span, "%s is a %s and has no field %s", v.column, v.typ, quoted(rest[0].Name))
	}
	return value{}
}

// property returns the value of a property; its type is that of its definition.
func (c *checker) property(v value, name string) value {
	out := value{known: true, property: name}
	switch {
	case v.table == "events" && v.column == "properties":
		out.entity = "event"
	case v.table == "persons" && v.column == "properties", v.column == "person_properties", v.column == "poe.properties":
		out.entity = "person"
	case v.table == "groups" && v.column == "properties", strings.HasPrefix(v.column, "goe_"):
		out.entity = "group"
	}
	out.typ = c.cat.Properties[out.entity][name]
	return out
}

// judgeProperty warns about a property that the project has not seen.
func (c *checker) judgeProperty(v value, span Span) {
	known := c.cat.Properties[v.entity]
	if known == nil || v.entity == "" || strings.HasPrefix(v.property, "$virt_") || strings.HasPrefix(v.property, "$feature/") {
		return
	}
	if _, ok := known[v.property]; ok {
		return
	}
	near := c.closest(v.property, mapKeys(known), 3)
	f := Finding{Severity: Warning, Code: "unknown-property", Span: span, Nearest: near,
		Message: "no " + v.entity + " property named " + quoted(v.property) + " has been seen here; it reads as null"}
	if len(near) > 0 {
		f.Message += ". Close: " + strings.Join(near, ", ")
	}
	if len(near) == 1 && c.text(span) != "" && c.text(span)[0] != '\'' {
		f.Fix = c.edit(span, ident(near[0]))
	}
	c.add(f)
}

// notIn reports a column that a source does not have.
func (s *scope) notIn(src *source, id Ident, path ...bool) {
	_, sure := src.has(id.Name)
	if sure && len(path) > 0 && path[0] && !s.c.cat.Joins {
		sure = false // it may be a join that the project has made
	}
	label := "the subquery"
	switch {
	case src.table != nil:
		label = src.table.Name
	case len(src.paths) > 0:
		label = src.paths[0][0]
	}
	near := s.c.closest(id.Name, src.names(), 3)
	f := Finding{Severity: Warning, Code: "unknown-column", Span: id.Span, Nearest: near}
	switch {
	case sure:
		f.Severity, f.Message = Problem, label+" has no field "+quoted(id.Name)
	default:
		f.Message = label + " has no field " + quoted(id.Name) + " that is known here"
	}
	s.c.nameField(&f, id)
	if hint := notColumns(label, id.Name); hint != "" {
		f.Hint = hint
	}
	s.c.add(f)
}

// nameField completes the report of an unknown column by what was likely meant.
func (c *checker) nameField(f *Finding, id Ident) {
	switch {
	case len(f.Nearest) > 0:
		f.Message += ". Close: " + strings.Join(f.Nearest, ", ")
		if len(f.Nearest) == 1 && f.Severity == Problem {
			f.Fix = c.edit(id.Span, ident(f.Nearest[0]))
		}
	case id.Quoted() && strings.HasPrefix(c.text(id.Span), `"`):
		text := Print(&String{Value: id.Name})
		f.Hint = text + ": double quotes make a name, single quotes make a text"
		f.Fix = c.edit(id.Span, text)
	}
}

// unknownField reports a name that nothing in the SELECT has.
func (s *scope) unknownField(f *Field) {
	id := f.Chain[0]
	for _, src := range s.sources {
		if src.hidden == id.Name && len(f.Chain) > 1 {
			alias := src.paths[0][0]
			s.c.add(Finding{Severity: Problem, Code: "unknown-column", Span: id.Span, Message: id.Name + " is called " + alias + " in this query",
				Hint: ident(alias) + "." + Print(&Field{Chain: f.Chain[1:]}), Fix: s.c.edit(id.Span, ident(alias))})
			return
		}
	}
	if len(f.Chain) > 1 && s.correlated(id) {
		return
	}
	if len(s.sources) == 1 {
		s.notIn(s.sources[0], id, len(f.Chain) > 1 && s.sources[0].table != nil)
		return
	}
	out := Finding{Severity: Problem, Code: "unknown-column", Span: id.Span, Message: "no table of this query has a field " + quoted(id.Name)}
	if len(s.sources) == 0 {
		out.Message = "there is no FROM, so " + quoted(id.Name) + " is no column"
		s.clauseWord(&out, id)
	}
	for _, src := range s.sources {
		if _, sure := src.has(id.Name); !sure || len(f.Chain) > 1 && src.table != nil && !s.c.cat.Joins {
			out.Severity = Warning
		}
		out.Nearest = append(out.Nearest, s.c.closest(id.Name, src.names(), 2)...)
	}
	out.Nearest = append(out.Nearest, s.c.closest(id.Name, mapKeys(s.aliases), 2)...)
	slices.Sort(out.Nearest)
	out.Nearest = slices.Compact(out.Nearest)
	s.c.nameField(&out, id)
	s.c.add(out)
}

// clauseWord explains a word of SELECT that was read as a column.
func (s *scope) clauseWord(f *Finding, id Ident) {
	if id.Quoted() {
		return
	}
	switch word := strings.ToUpper(id.Name); word {
	case "FROM":
		f.Message = "FROM is read as a column here: what stands before it is not complete"
	case "ALL", "DISTINCT":
		f.Message = word + " is read as a column here: behind SELECT " + map[string]string{"ALL": "it is left out", "DISTINCT": "it needs columns"}[word]
	}
}

// notColumns says where to find what is often looked for in a table that does not have it.
func notColumns(table, column string) string {
	switch table + "." + column {
	case "system.feature_flags.active":
		return "filters: the release conditions; whether a flag is switched on is no column"
	case "system.insights.dashboards":
		return "system.dashboard_tiles: insight_id and dashboard_id"
	case "system.error_tracking_issues.last_seen", "system.error_tracking_issues.occurrences":
		return "events WHERE event = '$exception': count them and take max(timestamp)"
	}
	return ""
}
