package sandbox

import (
	"bytes"
	"regexp"
	"strings"

	"posthog-mcp/internal/sandbox/schema"
)

// schemaBody is the answer to a DatabaseSchemaQuery.
type schemaBody struct {
	Tables ordered    `json:"tables"`
	Joins  []struct{} `json:"joins"` // those that users added: none in the sample data
}

// ordered is a JSON object whose keys keep their order, as PostHog's do.
type ordered []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in their order.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range []any{m.key, m.value} {
			text, err := marshal(part)
			if err != nil {
				return nil, err
			}
			if j == 1 {
				b.WriteByte(':')
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// tableBody is one table of the schema.
type tableBody struct {
	Type       string       `json:"type"`
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Format     string       `json:"format,omitempty"` // of a table of the warehouse, as the next three
	URLPattern string       `json:"url_pattern,omitempty"`
	Schema     *schemaState `json:"schema,omitempty"`
	Source     *sourceBody  `json:"source,omitempty"`
	Query      *queryBody   `json:"query,omitempty"`       // of a view
	LastRunAt  *string      `json:"last_run_at,omitempty"` // of a materialized view, as the next one
	Status     string       `json:"status,omitempty"`
	RowCount   *int64       `json:"row_count"`
	Fields     ordered      `json:"fields"`
}

// fieldBody is one field of a table.
type fieldBody struct {
	Name        string   `json:"name"`
	HogQLValue  string   `json:"hogql_value"` // the name as it must be written
	Type        string   `json:"type"`
	SchemaValid bool     `json:"schema_valid"`
	Table       *string  `json:"table"`
	Fields      []string `json:"fields"`
	Chain       []string `json:"chain"`
	ID          *string  `json:"id"`
}

// databaseSchema answers a DatabaseSchemaQuery: the tables that PostHog lists and the key may read, which
// are fewer than can be queried.
func (s *Server) databaseSchema(c *call) (*reply, error) {
	body := schemaBody{Tables: ordered{}, Joins: []struct{}{}}
	for _, t := range append(schema.Tables(), c.project.Tables...) {
		if !t.Listed && t.Kind != schema.System || t.Scope != "" && !allows(c.key.Scopes, t.Scope+":read") {
			continue
		}
		b := tableBody{Type: string(t.Kind), ID: t.Name, Name: t.Name, Fields: fieldBodies(t)}
		if t.ID != "" {
			b.ofWarehouse(t, c.project)
		}
		body.Tables = append(body.Tables, member{t.Name, b})
	}
	return answered(body), nil
}

func fieldBodies(t schema.Table) ordered {
	fields := ordered{}
	for _, f := range t.Fields {
		if f.Hidden || f.Name == "team_id" && t.Kind == schema.PostHog {
			continue
		}
		b := fieldBody{Name: f.Name, HogQLValue: identifier(f.Name), Type: f.Type.Serialized(), SchemaValid: true, Chain: f.Chain}
		switch f.Type {
		case schema.LazyTable:
			b.Table, b.ID, b.Fields = &f.Join.Table, &f.Name, []string{}
			if joined, found := schema.Lookup(f.Join.Table); found {
				b.Fields = fieldNames(joined.Fields)
			}
		case schema.VirtualTable:
			b.Table, b.Fields = &t.Name, fieldNames(f.Fields)
		case schema.FieldTraverser:
		default:
			b.Chain = nil
		}
		fields = append(fields, member{f.Name, b})
	}
	return fields
}

func fieldNames(fields []schema.Field) []string {
	names := []string{}
	for _, f := range fields {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	return names
}

var plainIdentifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// identifier returns a name as it must be written in HogQL.
func identifier(name string) string {
	if plainIdentifier.MatchString(name) {
		return name
	}
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}
