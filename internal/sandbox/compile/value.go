package compile

import (
	"strings"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// interval is the kind of INTERVAL values, which no field has.
const interval schema.Type = "interval"

// value is a compiled expression and what is known of it.
type value struct {
	sql      string
	kind     schema.Type // "" where not known
	null     bool        // can be null; true where not known
	constant bool        // a literal
	isNull   bool        // the literal NULL
	text     *string     // of a literal string

	raw    string // of a time column: its SQL without the project's zone
	uncast string // of a property: its text before the cast to the property's type

	json *property // of a JSON column, and of what was read from it
	from *exported // of a value read through a subselect

	table bool // no value but a join or a group of fields
}

// property is a place in a JSON column.
type property struct {
	column string
	path   []string // SQL of each step: 'name' or 2
	entity PropertyKey
}

// exported is a value inside the subselect that it is read through.
type exported struct {
	source *source
	inner  value
	name   string
}

// instant is the SQL of a value for comparing times: the zone does not matter there.
func (v value) instant() string {
	if v.raw != "" {
		return v.raw
	}
	return v.sql
}

// quote returns a text as a ClickHouse string literal.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i := range len(s) {
		switch ch := s[i]; ch {
		case '\'', '\\':
			b.WriteByte('\\')
			b.WriteByte(ch)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case 0:
			b.WriteString(`\0`)
		default:
			b.WriteByte(ch)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// access reads a key of a JSON column or of a place in it.
func (c *compiler) access(v value, step string, name string) value {
	if v.from != nil {
		inner := c.access(v.from.inner, step, name)
		return v.from.source.export(inner, v.from.name+"."+name)
	}
	p := property{column: v.json.column, entity: v.json.entity}
	p.path = append(append(p.path, v.json.path...), step)
	p.entity.Name = name
	text := "replaceRegexpAll(nullIf(nullIf(JSONExtractRaw(" + p.column + ", " + strings.Join(p.path, ", ") + "), ''), 'null'), '^\"|\"$', '')"
	out := value{sql: text, uncast: text, kind: schema.String, null: true, json: &p}
	if len(p.path) > 1 || staysText(name) || p.entity.Entity == "" {
		return out
	}
	switch c.project.Properties[p.entity] {
	case "Numeric":
		out.sql, out.kind = "accurateCastOrNull("+text+", 'Float64')", schema.Float
	case "Boolean":
		out.sql, out.kind = "toBool(transform("+text+", ['true', 'false'], [1, 0], NULL))", schema.Boolean
	case "DateTime":
		out.sql, out.kind = "parseDateTime64BestEffortOrNull("+text+", 6, "+c.tz()+")", schema.DateTime
	}
	return out
}

// staysText tells whether PostHog never casts a property, whatever its definition says.
func staysText(name string) bool {
	switch name {
	case "$ai_trace_id", "$ai_session_id", "$ai_span_id", "$ai_parent_id", "$ai_generation_id":
		return true
	}
	return false
}

// tz is the project's time zone as a literal.
func (c *compiler) tz() string { return quote(c.project.TimeZone) }

// zoned returns a stored time in the project's zone.
func (c *compiler) zoned(v value) value {
	v.raw = v.sql
	if c.project.TimeZone != "UTC" {
		v.sql = "toTimeZone(" + v.sql + ", " + c.tz() + ")"
	}
	return v
}

// path joins the names of a chain for a message.
func path(chain []hogql.Ident) string {
	names := make([]string, len(chain))
	for i, id := range chain {
		names[i] = id.Name
	}
	return strings.Join(names, ".")
}
