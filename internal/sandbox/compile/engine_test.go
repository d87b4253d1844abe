package compile_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/compile"
	"posthog-mcp/internal/sandbox/schema"
)

// project is the one that all tests compile for. Its zone changed its clock on 2026-03-29.
func project() compile.Project {
	return compile.Project{
		ID: 7, TimeZone: "Europe/Berlin", WeekStart: 1, GroupTypes: []string{"company"},
		Now: time.Date(2026, 3, 30, 10, 0, 0, 0, time.UTC),
		Properties: map[compile.PropertyKey]string{
			{Entity: compile.EntityEvent, Name: "amount"}:         "Numeric",
			{Entity: compile.EntityEvent, Name: "is_trial"}:       "Boolean",
			{Entity: compile.EntityEvent, Name: "ends_at"}:        "DateTime",
			{Entity: compile.EntityEvent, Name: "label"}:          "String",
			{Entity: compile.EntityEvent, Name: "$ai_trace_id"}:   "Numeric",
			{Entity: compile.EntityPerson, Name: "age"}:           "Numeric",
			{Entity: compile.EntityGroup, Name: "seats"}:          "Numeric",
			{Entity: compile.EntityGroup, Group: 1, Name: "beds"}: "Numeric",
		},
		Cohorts: []compile.Cohort{{ID: 1, Name: "Payers"}, {ID: 2, Name: "Guests"}},
		Actions: []compile.Action{
			{ID: 5, Name: "Paid", Steps: []compile.Step{
				{Event: "pay", Where: hogql.Greater(hogql.Ref("properties", "amount"), hogql.Int(4))},
				{Event: "view", URL: "/pay"},
				{Event: "view", URL: "^https://x/en.$", URLMatching: "regex"},
				{URL: "https://x/exact", URLMatching: "exact"},
			}},
			{ID: 6, Name: "Nothing"},
			{ID: 7, Name: "Anything", Steps: []compile.Step{{}}},
		},
		Tables: warehouse(),
	}
}

// warehouse is a stored table and views, two of which cannot be read.
func warehouse() []schema.Table {
	tables, err := schema.Parse(`= bills data_warehouse | Bills.
id | string | - | -
cents | integer? | - | -
paid_at | datetime | - | -
meta | json | - | -

= totals view | Sums by day.
day | date | - | -
total | float? | - | -

= totals_kept materialized_view | The same, kept.
day | date | - | -

= broken view | No query.
a | string | - | -

= looping view | Reads itself.
a | string | - | -`)
	if err != nil {
		panic(err)
	}
	tables[0].Rows = 3
	tables[1].Query = "SELECT toDate(paid_at) AS day, sum(cents) / 100 AS total FROM bills WHERE meta.kind = 'sale' GROUP BY day ORDER BY day"
	tables[2].Query = "SELECT day FROM totals"
	tables[3].Query = "SELECT )"
	tables[4].Query = "SELECT * FROM looping"
	return tables
}

// database is where the tests' rows are.
const database = "project_7"

// start fills an engine once for all tests of the package.
var start = sync.OnceValues(func() (*chdb.Engine, error) {
	lib, _, err := chdb.Find("")
	if err != nil {
		return nil, err
	}
	e, err := chdb.Open(lib)
	if err != nil {
		return nil, err
	}
	statements := []string{"CREATE DATABASE " + database}
	for _, t := range append(schema.Tables(), warehouse()...) {
		if ddl := schema.DDLIn(database, t); ddl != "" {
			statements = append(statements, ddl)
		}
	}
	for _, s := range append(statements, rows()...) {
		if err := e.Exec(context.Background(), s); err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
	}
	return e, nil
})

func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// rows are three people, one of them merged into the first, and what they did around a clock change.
func rows() []string {
	insert := func(table, columns string, values ...string) string {
		return "INSERT INTO " + database + "." + table + " (" + columns + ") VALUES (" + strings.Join(values, "), (") + ")"
	}
	event := func(n, person int, distinct, name, at, properties string) string {
		return fmt.Sprintf("'%s', '%s', '%s', '%s', '%s', toDateTime64('%s', 6, 'UTC'), 's%d', 'c%d', '{\"plan\":\"old\"}'",
			uuid(100+n), uuid(person), distinct, name, properties, at, (n+1)/2, person)
	}
	return []string{
		insert("persons", "id, created_at, properties, is_identified",
			"'"+uuid(1)+"', '2026-01-01 00:00:00', '{\"email\":\"ann@x\",\"plan\":\"pro\",\"age\":\"41\"}', true",
			"'"+uuid(2)+"', '2026-01-02 00:00:00', '{\"email\":\"ben@x\",\"plan\":null}', false"),
		insert("person_distinct_ids", "distinct_id, person_id", "'ann', '"+uuid(1)+"'", "'ben', '"+uuid(2)+"'", "'anon', '"+uuid(1)+"'"),
		insert("person_distinct_id_overrides", "distinct_id, person_id", "'anon', '"+uuid(1)+"'"),
		insert("groups", "`index`, `key`, created_at, updated_at, properties",
			"0, 'c1', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '{\"name\":\"Acme\",\"seats\":\"12\"}'",
			"1, 'c1', '2026-01-01 00:00:00', '2026-01-01 00:00:00', '{\"name\":\"Wrong\",\"beds\":3}'"),
		insert("cohort_people", "person_id, cohort_id", "'"+uuid(1)+"', 1"),
		insert("static_cohort_people", "person_id, cohort_id", "'"+uuid(2)+"', 2"),
		insert("sessions", "session_id, distinct_id, person_id, `$start_timestamp`, `$end_timestamp`, `$session_duration`, `$entry_pathname`, `$urls`",
			"'s1', 'ann', '"+uuid(1)+"', '2026-03-28 22:30:00', '2026-03-29 00:30:00', 7200, '/a', ['/a', '/b']",
			"'s2', 'ben', '"+uuid(2)+"', '2026-03-29 01:30:00', '2026-03-29 22:30:00', 75600, NULL, []"),
		insert("events", "uuid, person_id, distinct_id, event, properties, timestamp, `$session_id`, `$group_0`, person_properties",
			event(1, 3, "anon", "view", "2026-03-28 22:30:00", `{"$current_url":"https://x/pay","label":"say \\"hi\\"","n":1.5,"empty":"","list":["p","q"],"deep":{"k":{"z":"v"}},"word":"null"}`),
			event(2, 1, "ann", "pay", "2026-03-29 00:30:00", `{"amount":"4.5","is_trial":true,"ends_at":"2026-03-29T12:00:00Z","label":null,"$exception_fingerprint":"f1","$exception_issue_id":"i1"}`),
			event(3, 2, "ben", "view", "2026-03-29 01:30:00", `{"amount":"many","is_trial":"no","ends_at":"soon","label":"x","$ai_trace_id":"7","$exception_fingerprint":"f3","$exception_issue_id":"i9"}`),
			event(4, 2, "ben", "pay", "2026-03-29 22:30:00", `{"amount":4,"is_trial":false,"label":"x","a b":"blank","$current_url":"https://x/exact","$exception_fingerprint":"f2","$exception_issue_id":"i2"}`)),
		insert("bills", "id, cents, paid_at, meta", "'b1', 250, '2026-03-28 23:30:00', '{\"kind\":\"sale\"}'",
			"'b2', 150, '2026-03-29 10:00:00', '{\"kind\":\"sale\"}'", "'b3', 999, '2026-03-29 10:00:00', '{\"kind\":\"test\"}'"),
		insert("session_replay_events", "session_id, distinct_id, start_time, end_time, click_count", "'s1', 'ann', '2026-03-28 22:30:00', '2026-03-29 00:30:00', 7"),
		insert("log_entries", "log_source, log_source_id, message, level", "'session_replay', 's1', 'boom', 'error'", "'batch_export', 's1', 'done', 'info'"),
		insert("logs", "uuid, body, service_name, level, attributes, resource_fingerprint, timestamp",
			"'l1', 'it broke', 'api', 'error', map('route', '/a', 'a b', 'c'), 18446744073709551615, '2026-03-30 09:59:00'",
			"'l2', 'fine', 'api', 'info', map(), 1, '2026-03-30 09:58:00'"),
		insert("error_tracking_issue_fingerprint_overrides", "fingerprint, issue_id", "'f2', 'i1'"),
		insert("error_tracking_fingerprint_issue_state", "fingerprint, issue_id, issue_name, issue_status, assigned_user_id",
			"'f1', 'i1', 'Boom', 'active', 4", "'f2', 'i1', 'Boom', 'active', 4"),
		insert("system_error_tracking_issues", "id, name", "'i1', 'Boom'"),
		insert("query_log", "query_id, query_duration_ms", "'q1', 12"),
		insert("posthog_ai_events", "uuid, distinct_id, model, input", "'a1', 'ben', 'm', '[{\"role\":\"user\"}]'"),
		insert("system_feature_flags", "id, `key`, name, filters, deleted", "1, 'beta', 'Beta', '{\"groups\":[{\"rollout_percentage\":50}]}', 0", "2, 'old', '', '{}', 1"),
	}
}

// engine returns the engine with the rows. Without libchdb the test fails: it cannot be skipped.
func engine(t *testing.T) *chdb.Engine {
	t.Helper()
	e, err := start()
	require.NoError(t, err)
	return e
}

// compiled compiles a query that must compile.
func compiled(t *testing.T, query string) *compile.Compiled {
	t.Helper()
	q, err := hogql.Parse(query)
	require.NoError(t, err, query)
	c, err := compile.Compile(q, project(), compile.Options{})
	require.NoError(t, err, query)
	return c
}

// run returns the rows of a query as JSON, one a line.
func run(t *testing.T, query string) string {
	t.Helper()
	c := compiled(t, query)
	r, err := engine(t).Query(t.Context(), c.SQL, chdb.Settings{Database: database, TimeZone: project().TimeZone})
	require.NoError(t, err, "%s\n%s", query, c.SQL)
	require.Len(t, c.Columns, len(r.Types), query)
	lines := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		lines[i] = string(row)
	}
	return strings.Join(lines, "\n")
}
