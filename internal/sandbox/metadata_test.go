package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

type metadata struct {
	Valid  bool     `json:"isValid"`
	Errors []remark `json:"errors"`
	Tables []string `json:"table_names"`

	Notices []remark `json:"notices"`
}

type remark struct {
	Message    string `json:"message"`
	Start, End *int
}

func metadataOf(t *testing.T, s *sandboxtest.Sandbox, hogql string, more string) *exchange {
	t.Helper()
	text, err := json.Marshal(hogql)
	require.NoError(t, err)
	body := fmt.Sprintf(`{"query":{"kind":"HogQLMetadata","language":"hogQL","query":%s%s}}`, text, more)
	return (&exchange{method: "POST", path: "/api/projects/1/query/", key: keyAll, body: body}).do(t, s)
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for _, c := range []struct{ sql, part, message string }{ // part is the text that the position covers
		{"SELECT foo FROM events", "foo", "Unable to resolve field: foo"},
		{"SELECT '🦔é', foo FROM events", "foo", "Unable to resolve field: foo"},
		{"SELECT 1 FROM evnts", "evnts", "Unknown table `evnts`. Did you mean: events?"},
		{"SELECT event FROM events WHERE event = {name}", "{name}", "Unresolved placeholder: {name}"},
		{"SELECT event FROM events WHERE )", ")", "no viable alternative at input 'SELECT event FROM events WHERE )'"},
	} {
		m := read[metadata](t, metadataOf(t, s, c.sql, ""), http.StatusOK)
		require.False(t, m.Valid)
		require.Len(t, m.Errors, 1, c.sql)
		require.Equal(t, c.message, m.Errors[0].Message)
		require.NotNil(t, m.Errors[0].Start, c.sql)
		require.Equal(t, c.part, string([]rune(c.sql)[*m.Errors[0].Start:*m.Errors[0].End]))
	}
	m := read[metadata](t, metadataOf(t, s, "SELECT event FROM", ""), http.StatusOK)
	require.Equal(t, "Unexpected end of query", m.Errors[0].Message)

	m = read[metadata](t, metadataOf(t, s, "SELECT e.event, c.name FROM events e CROSS JOIN system.cohorts c WHERE {filters}", ""), http.StatusOK)
	require.True(t, m.Valid)
	require.Empty(t, m.Errors)
	require.ElementsMatch(t, []string{"events", "system.cohorts"}, m.Tables)
	require.True(t, read[metadata](t, metadataOf(t, s, "SELECT {a}", `,"globals":{"a":1}`), http.StatusOK).Valid)

	const typed = "SELECT '🦔', properties.amount, person.properties.plan, properties.unheard_of FROM events"
	m = read[metadata](t, metadataOf(t, s, typed, ""), http.StatusOK)
	require.Len(t, m.Notices, 2)
	require.Equal(t, "Event property 'amount' is of type 'Numeric'.", m.Notices[0].Message)
	require.Equal(t, "properties.amount", string([]rune(typed)[*m.Notices[0].Start:*m.Notices[0].End]))
	require.Equal(t, "Person property 'plan' is of type 'String'.", m.Notices[1].Message)
}

func TestMetadataOfExpressions(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	ask := func(text, more string) metadata {
		body := fmt.Sprintf(`{"query":{"kind":"HogQLMetadata","language":"hogQLExpr","query":%q%s}}`, text, more)
		return read[metadata](t, (&exchange{method: "POST", path: "/api/projects/1/query/", key: keyAll, body: body}).do(t, s), http.StatusOK)
	}
	require.True(t, ask("properties.$browser", "").Valid)
	m := ask("1 + foo", "")
	require.Equal(t, 4, *m.Errors[0].Start)
	require.Equal(t, 7, *m.Errors[0].End)
	require.False(t, ask("properties.$browser +", "").Valid)
	require.True(t, ask("email_count", `,"sourceQuery":{"kind":"HogQLQuery","query":"SELECT x FROM (SELECT 1 AS email_count)"}`).Valid)
	other := `{"query":{"kind":"HogQLMetadata","language":"liquid","query":"x"}}`
	require.Equal(t, http.StatusBadRequest, (&exchange{method: "POST", path: "/api/projects/1/query/", key: keyAll, body: other}).do(t, s).status)
}

type schemaAnswer struct {
	Tables map[string]struct {
		Type   string `json:"type"`
		Fields map[string]struct {
			Value  string   `json:"hogql_value"`
			Type   string   `json:"type"`
			Table  *string  `json:"table"`
			Fields []string `json:"fields"`
		} `json:"fields"`
	} `json:"tables"`
}

func schemaOf(t *testing.T, s *sandboxtest.Sandbox, project, key string) *exchange {
	t.Helper()
	e := &exchange{method: "POST", path: "/api/projects/" + project + "/query/", key: key, body: `{"query":{"kind":"DatabaseSchemaQuery"}}`}
	return e.do(t, s)
}

func TestSchema(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := schemaOf(t, s, "1", keyAll)
	a := read[schemaAnswer](t, e, http.StatusOK)
	for _, name := range []string{"events", "persons", "groups", "sessions", "system.cohorts", "system.feature_flags"} {
		require.Contains(t, a.Tables, name)
	}
	require.NotContains(t, a.Tables, "person_distinct_ids", "PostHog lists fewer tables than can be queried")
	require.NotContains(t, a.Tables, "system.information_schema.tables")
	require.Equal(t, "system", a.Tables["system.cohorts"].Type)
	fields := a.Tables["events"].Fields
	require.Equal(t, "`$session_id`", fields["$session_id"].Value)
	require.Equal(t, "event", fields["event"].Value)
	require.Equal(t, "string", fields["uuid"].Type, "PostHog shows UUIDs as text")
	require.Equal(t, "json", fields["properties"].Type)
	require.Equal(t, "lazy_table", fields["pdi"].Type)
	require.Equal(t, "person_distinct_ids", *fields["pdi"].Table)
	require.Contains(t, fields["pdi"].Fields, "person_id")
	require.Equal(t, "virtual_table", fields["poe"].Type)
	require.NotContains(t, fields, "team_id")
	require.Less(t, strings.Index(e.text, `"uuid"`), strings.Index(e.text, `"elements_chain"`), "fields stand in the table's order")

	limited := read[schemaAnswer](t, schemaOf(t, s, "2", keyBerlin), http.StatusOK)
	require.NotContains(t, limited.Tables, "system.feature_flags", "tables beyond the key's scopes are left out")
	require.Contains(t, limited.Tables, "system.actions")
}

// Every field that the schema shows can be read as it says.
func TestSchemaCanBeRead(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	a := read[schemaAnswer](t, schemaOf(t, s, "1", keyAll), http.StatusOK)
	for table, body := range a.Tables {
		var columns []string
		for _, f := range body.Fields {
			switch f.Type {
			case "lazy_table", "virtual_table", "field_traverser":
			default:
				columns = append(columns, f.Value)
			}
		}
		e := query(t, s, "SELECT "+strings.Join(columns, ", ")+" FROM "+table+" LIMIT 1")
		require.Equal(t, http.StatusOK, e.status, "%s: %s", table, e.text)
	}
}
