package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sample"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// schemaEntry is what a client reads of one table of the schema.
type schemaEntry struct {
	Type, ID, Format, Status string
	URLPattern               string  `json:"url_pattern"`
	RowCount                 *int64  `json:"row_count"`
	LastRunAt                *string `json:"last_run_at"`
	Query                    *struct{ Kind, Query string }
	Schema                   *struct{ Name, Status string }
	Source                   *struct {
		SourceType string `json:"source_type"`
	}
	Fields map[string]struct{ Type string }
}

func TestSchemaNamesTheKindsOfTables(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	type answer struct{ Tables map[string]schemaEntry }
	tables := read[answer](t, schemaOf(t, s, "1", keyAll), http.StatusOK).Tables
	for name, kind := range map[string]string{
		"events": "posthog", "logs": "posthog", "query_log": "system", "system.error_tracking_issues": "system", "system.data_warehouse_tables": "system",
		"stripe_charge": "data_warehouse", "revenue_by_month": "view", "movie_stats": "materialized_view",
	} {
		require.Equal(t, kind, tables[name].Type, name)
	}
	for _, name := range []string{"session_replay_events", "error_tracking_issue_fingerprint_overrides", "posthog.ai_events", "log_entries"} {
		require.NotContains(t, tables, name, "PostHog lists fewer tables than can be queried")
	}
	charge := tables["stripe_charge"]
	require.Equal(t, sample.ChargeTable, charge.ID)
	require.Equal(t, "DeltaS3Wrapper", charge.Format)
	require.Equal(t, "Stripe", charge.Source.SourceType)
	require.Equal(t, "Charge", charge.Schema.Name)
	require.Equal(t, s.SQL(t, "SELECT count() FROM stripe_charge", 1)[0][0], json.Number(fmt.Sprint(*charge.RowCount)))
	require.Equal(t, "integer", charge.Fields["amount"].Type)
	require.Equal(t, "datetime", charge.Fields["created_at"].Type)
	require.Nil(t, charge.Query)
	view := tables["revenue_by_month"]
	require.Equal(t, "HogQLQuery", view.Query.Kind)
	require.Equal(t, sample.RevenueByMonth, view.Query.Query)
	require.Nil(t, view.RowCount)
	require.Nil(t, view.LastRunAt)
	kept := tables["movie_stats"]
	require.Equal(t, "Completed", kept.Status)
	require.Equal(t, "2026-06-15 04:00:00+00:00", *kept.LastRunAt)
	require.EqualValues(t, 24, *kept.RowCount)

	for _, project := range []string{"2", "3"} {
		other := read[answer](t, schemaOf(t, s, project, keyAll), http.StatusOK).Tables
		require.NotContains(t, other, "stripe_charge", "a warehouse belongs to one project")
		require.Contains(t, other, "logs")
	}
	e := queryOf("SELECT 1 FROM stripe_charge")
	e.path = "/api/projects/2/query/"
	require.Equal(t, "Unknown table `stripe_charge`.", read[failed](t, e.do(t, s), http.StatusBadRequest).Detail)
}

// What the schema says of a view's columns is what the view returns, and the number of rows is the real one.
func TestViewsReturnWhatTheSchemaSays(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	type answer struct{ Tables map[string]schemaEntry }
	tables := read[answer](t, schemaOf(t, s, "1", keyAll), http.StatusOK).Tables
	for view, types := range map[string]string{
		"revenue_by_month": "[[month Nullable(Date)] [charges UInt64] [customers UInt64] [revenue Nullable(Float64)]]",
		"movie_stats":      "[[movie Nullable(String)] [genre Nullable(String)] [views UInt64] [viewers UInt64]]",
	} {
		a := readRows(t, s, "SELECT * FROM "+view+" LIMIT 50000")
		require.Equal(t, types, fmt.Sprint(a.Types), view)
		require.Len(t, tables[view].Fields, len(a.Columns), view)
		for _, column := range a.Columns {
			require.Contains(t, tables[view].Fields, column, view)
		}
		if n := tables[view].RowCount; n != nil {
			require.Len(t, a.Results, int(*n), view)
		}
	}
	for _, c := range []struct{ hogql, sql string }{
		{"SELECT month, charges, customers, revenue FROM revenue_by_month ORDER BY month",
			`SELECT concat(substring(toString(created_at), 1, 7), '-01') AS m, sum(1), length(groupUniqArray(customer)), round(sum(amount_captured - amount_refunded) / 100, 2)
			FROM stripe_charge WHERE paid GROUP BY m ORDER BY m`},
		{"SELECT sum(views), count() FROM movie_stats", `SELECT sum(1), uniqExact(JSONExtractString(properties, 'movie_title')) FROM events WHERE event = 'movie_viewed'`},
		{"SELECT status, sum(amount_refunded) FROM stripe_charge WHERE metadata.plan = 'pro' GROUP BY status ORDER BY status",
			`SELECT if(paid, 'succeeded', 'failed') AS s, sum(amount_refunded) FROM stripe_charge WHERE position(metadata, '"plan":"pro"') > 0 GROUP BY s ORDER BY s`},
		{"SELECT p.properties.plan AS plan, count() FROM stripe_charge AS c JOIN person_distinct_ids AS d ON d.distinct_id = c.metadata.distinct_id JOIN persons AS p ON p.id = d.person_id GROUP BY plan ORDER BY plan",
			`SELECT JSONExtractString(p.properties, 'plan') AS plan, sum(1) FROM stripe_charge AS c
			INNER JOIN person_distinct_ids AS d ON d.distinct_id = JSONExtractString(assumeNotNull(c.metadata), 'distinct_id')
			INNER JOIN persons AS p ON p.id = d.person_id GROUP BY plan ORDER BY plan`},
	} {
		want := s.SQL(t, c.sql, 1)
		require.NotEmpty(t, want, c.sql)
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(readRows(t, s, c.hogql).Results), c.hogql)
	}
}

func readRows(t *testing.T, s *sandboxtest.Sandbox, sql string) answer {
	t.Helper()
	return read[answer](t, query(t, s, sql), http.StatusOK)
}

func TestWarehouseLists(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var log transcript
	tables := get(t, s, "/api/projects/1/warehouse_tables/")
	count := s.SQL(t, "SELECT count() FROM stripe_charge", 1)[0][0]
	require.Contains(t, tables.text, fmt.Sprintf(`"row_count":%v`, count))
	tables.text = regexp.MustCompile(`"row_count":\d+`).ReplaceAllString(tables.text, `"row_count":"…"`)
	log.add(t, "tables", tables)
	log.add(t, "no such table", get(t, s, "/api/projects/1/warehouse_tables/?search=hubspot"))
	log.add(t, "views", get(t, s, "/api/projects/1/warehouse_saved_queries/"))
	log.add(t, "nothing in another project", get(t, s, "/api/projects/2/warehouse_tables/"))
	log.check(t, "warehouse")
	for _, path := range []string{"/api/projects/2/warehouse_tables/", "/api/projects/2/warehouse_saved_queries/", "/api/projects/2/insights/"} {
		require.Equal(t, http.StatusForbidden, (&exchange{method: "GET", path: path, key: keyBerlin}).do(t, s).status, path)
	}
}

func TestInsights(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var log transcript
	log.add(t, "all", get(t, s, "/api/projects/1/insights/"))
	log.add(t, "one by its short id", get(t, s, "/api/projects/1/insights/?short_id=sF7uNe4c"))
	log.add(t, "none", get(t, s, "/api/projects/1/insights/777/"))
	log.check(t, "insights")
	type listed struct {
		ID    int64  `json:"id"`
		Short string `json:"short_id"`
		Name  string `json:"name"`
	}
	names := func(more string) []string {
		var out []string
		for _, i := range read[page[listed]](t, get(t, s, "/api/projects/1/insights/?"+more), http.StatusOK).Results {
			out = append(out, i.Name)
		}
		return out
	}
	require.Equal(t, []string{"Weekly revenue"}, names("favorited=true"))
	require.Equal(t, []string{"Signup funnel"}, names("search=first%20movie"))
	require.NotContains(t, names("saved=true"), "", "unsaved ones have no name")
	require.Contains(t, names(""), "")
	require.NotContains(t, names(""), "Signups (old)", "deleted")
	byNumber, byShort := get(t, s, "/api/projects/1/insights/3/"), get(t, s, "/api/projects/1/insights/sF7uNe4c/")
	require.Equal(t, byNumber.text, byShort.text)
	require.Equal(t, int64(3), read[listed](t, byNumber, http.StatusOK).ID)
}

// The API and SQL tell the same of the saved insights.
func TestInsightsInSQLAndREST(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	type insight struct {
		Short    string          `json:"short_id"`
		Name     string          `json:"name"`
		About    string          `json:"description"`
		Modified string          `json:"last_modified_at"`
		Tags     []string        `json:"tags"`
		Query    json.RawMessage `json:"query"`
	}
	found := map[string]insight{}
	for _, i := range read[page[insight]](t, get(t, s, "/api/projects/1/insights/"), http.StatusOK).Results {
		found[i.Name] = i
	}
	for name, kind := range map[string]string{
		"Weekly revenue": "HogQLQuery", "Retention by plan": "HogQLQuery", "Signup funnel": "FunnelsQuery", "Daily active users": "TrendsQuery",
	} {
		a := read[answer](t, query(t, s, "SELECT short_id, description, last_modified_at, query FROM system.insights WHERE name = {name} AND deleted = 0",
			fmt.Sprintf(`query."values":{"name":%q}`, name)), http.StatusOK)
		require.Len(t, a.Results, 1, name)
		i := found[name]
		row := a.Results[0]
		require.Equal(t, []any{i.Short, i.About, i.Modified}, row[:3], name)
		require.JSONEq(t, row[3].(string), string(i.Query), name)
		require.NotEmpty(t, i.Tags, name)
		require.NotEmpty(t, i.About, name)
		var q struct {
			Kind   string
			Source struct{ Kind string }
		}
		require.NoError(t, json.Unmarshal(i.Query, &q))
		require.Equal(t, kind, q.Source.Kind, name)
		require.Equal(t, map[bool]string{true: "DataVisualizationNode", false: "InsightVizNode"}[kind == "HogQLQuery"], q.Kind, name)
	}
}

// page is what tests read of a list.
type page[T any] struct {
	Results []T `json:"results"`
}
