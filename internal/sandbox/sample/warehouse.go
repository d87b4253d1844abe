package sample

import (
	"context"
	_ "embed" // the tables' text
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"posthog-mcp/internal/sandbox/schema"
)

//go:embed warehouse.txt
var warehouseText string

// Texts of the views of the project "Demo".
const (
	RevenueByMonth = `SELECT toDate(toStartOfMonth(created_at)) AS month, count() AS charges, count(DISTINCT customer) AS customers, round(sum(amount - amount_refunded) / 100, 2) AS revenue
FROM stripe_charge
WHERE status = 'succeeded'
GROUP BY month
ORDER BY month`
	MovieStats = `SELECT properties.movie_title AS movie, any(properties.genre) AS genre, count() AS views, count(DISTINCT person_id) AS viewers
FROM events
WHERE event = 'movie_viewed' AND timestamp >= now() - INTERVAL 90 DAY
GROUP BY movie
ORDER BY views DESC, movie`
)

// Ids of what belongs to the warehouse of the project "Demo".
const (
	StripeSource = "0190a000-0000-7000-8000-000000000f01"
	ChargeSchema = "0190a000-0000-7000-8000-000000000f02"
	ChargeTable  = "0190a000-0000-7000-8000-000000000f03"
	RevenueView  = "0190a000-0000-7000-8000-000000000f04"
	MoviesView   = "0190a000-0000-7000-8000-000000000f05"
)

// warehouse describes the tables and views of the project "Demo".
func warehouse() []schema.Table {
	tables, err := schema.Parse(warehouseText)
	if err != nil {
		panic(err) // the embedded text is wrong, which the package's tests find
	}
	for i := range tables {
		switch tables[i].Name {
		case "stripe_charge":
			tables[i].ID = ChargeTable
		case "revenue_by_month":
			tables[i].ID, tables[i].Query = RevenueView, RevenueByMonth
		case "movie_stats":
			tables[i].ID, tables[i].Query = MoviesView, MovieStats
		}
	}
	return tables
}

// synced is the last finished sync before now: they start at four in the morning.
func (l loader) synced() time.Time {
	at := l.options.Now.Truncate(24 * time.Hour).Add(4 * time.Hour)
	if at.After(l.options.Now) {
		at = at.AddDate(0, 0, -1)
	}
	return at
}

// countWarehouse fills in the numbers of rows, as PostHog knows them.
func (l loader) countWarehouse(ctx context.Context, tables []schema.Table) error {
	for i := range tables {
		sql := map[string]string{
			"stripe_charge": "SELECT count() FROM stripe_charge",
			"movie_stats":   "SELECT uniqExact(JSONExtractString(properties, 'movie_title')) FROM events WHERE event = 'movie_viewed'",
		}[tables[i].Name]
		if sql == "" {
			continue
		}
		err := l.rows(ctx, DemoID, sql, func(text json.RawMessage) error { return json.Unmarshal(text, &[]any{&tables[i].Rows}) })
		if err != nil {
			return fmt.Errorf("count the rows of %s: %w", tables[i].Name, err)
		}
	}
	return nil
}

// warehouseRows are what the tables system.* tell of the warehouse and the views.
func (l loader) warehouseRows(tables []schema.Table) []tableRows {
	charge := tables[slices.IndexFunc(tables, func(t schema.Table) bool { return t.Name == "stripe_charge" })]
	synced := at(l.synced())
	var views, jobs []row
	for _, t := range tables {
		if t.Query == "" {
			continue
		}
		view := row{"id": t.ID, "name": t.Name, "status": "", "columns": columnsOf(t), "query": object(dict{"kind": "HogQLQuery", "query": t.Query}),
			"last_run_at": nil, "is_materialized": 0, "deleted": 0, "deleted_at": nil, "created_at": at(l.ago(33)), "updated_at": at(l.ago(33))}
		if t.Kind == schema.MaterializedView {
			view["status"], view["last_run_at"], view["is_materialized"] = "Completed", synced, 1
			jobs = append(jobs, row{"id": uuidOf("f1", 1), "data_modeling_view_id": t.ID, "status": "Completed", "rows_materialized": t.Rows,
				"rows_expected": t.Rows, "error": "", "storage_delta_mib": 0.01, "last_run_at": synced, "created_at": synced, "updated_at": synced})
		}
		views = append(views, view)
	}
	return []tableRows{
		{"system.data_warehouse_sources", []row{{"id": StripeSource, "source_type": "Stripe", "api_version": nil, "prefix": "", "created_at": at(l.ago(80)),
			"updated_at": synced, "deleted": 0, "deleted_at": nil}}},
		{"system.data_warehouse_tables", []row{{"id": ChargeTable, "name": charge.Name, "columns": columnsOf(charge), "row_count": charge.Rows,
			"external_data_source_id": StripeSource, "created_at": at(l.ago(80)), "updated_at": synced, "deleted": 0, "deleted_at": nil}}},
		{"system.source_schemas", []row{{"id": ChargeSchema, "name": "Charge", "source_id": StripeSource, "table_id": ChargeTable, "should_sync": true,
			"status": "Completed", "sync_type": "incremental", "last_synced_at": synced, "latest_error": "", "created_at": at(l.ago(80)), "updated_at": synced,
			"deleted": 0, "deleted_at": nil}}},
		{"system.source_sync_jobs", l.syncJobs(charge.Rows)},
		{"system.data_modeling_views", views},
		{"system.data_modeling_jobs", jobs},
	}
}

// syncJobs are the last seven syncs; one of them failed.
func (l loader) syncJobs(rows int64) []row {
	var out []row
	for i := range 7 {
		start := l.synced().AddDate(0, 0, -i)
		job := row{"id": uuidOf("f2", i), "pipeline_id": StripeSource, "schema_id": ChargeSchema, "status": "Completed", "rows_synced": rows / 90, "billable": true,
			"latest_error": "", "created_at": at(start), "finished_at": at(start.Add(3 * time.Minute)), "updated_at": at(start.Add(3 * time.Minute))}
		if i == 3 {
			job["status"], job["rows_synced"], job["latest_error"] = "Failed", 0, "Stripe answered 503: service unavailable"
		}
		out = append(out, job)
	}
	return out
}

// columnsOf writes a table's columns as PostHog keeps them.
func columnsOf(t schema.Table) string {
	names := map[schema.Type]string{schema.Integer: "IntegerDatabaseField", schema.Float: "FloatDatabaseField", schema.Boolean: "BooleanDatabaseField",
		schema.DateTime: "DateTimeDatabaseField", schema.Date: "DateDatabaseField", schema.JSON: "StringJSONDatabaseField"}
	columns := dict{}
	for _, f := range t.Fields {
		kind := names[f.Type]
		if kind == "" {
			kind = "StringDatabaseField"
		}
		columns[f.Name] = dict{"hogql": kind, "clickhouse": f.ClickHouse, "valid": true}
	}
	return object(columns)
}

// uuidOf is an invented id: the same in every run.
func uuidOf(kind string, n int) string {
	number := strconv.FormatInt(int64(n), 16)
	return "0190a000-0000-7000-8000-" + kind + "0000000000"[:10-len(number)] + number
}
