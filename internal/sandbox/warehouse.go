package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"posthog-mcp/internal/sandbox/sample"
	"posthog-mcp/internal/sandbox/schema"
)

// warehouseFormat is how PostHog stores what it syncs.
const warehouseFormat = "DeltaS3Wrapper"

// warehouseURL is where PostHog would store a synced table. Nothing is there.
func warehouseURL(table string) string { return "s3://sandbox.example/dlt/" + table }

// syncStamp is an instant as the schema shows it.
func syncStamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05+00:00") }

// sourceBody is what a warehouse table was synced from.
type sourceBody struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	SourceType   string `json:"source_type"`
	Prefix       string `json:"prefix"`
	AccessMethod string `json:"access_method"`
	LastSyncedAt string `json:"last_synced_at"`
}

// schemaState is how far a warehouse table is synced.
type schemaState struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	ShouldSync   bool   `json:"should_sync"`
	Incremental  bool   `json:"incremental"`
	Status       string `json:"status"`
	LastSyncedAt string `json:"last_synced_at"`
}

// source is the one source of the sample data.
func (p *project) source() *sourceBody {
	return &sourceBody{ID: sample.StripeSource, Status: "Completed", SourceType: "Stripe", AccessMethod: "warehouse", LastSyncedAt: syncStamp(p.LastSync)}
}

// charges is the state of the one table that is synced from it.
func (p *project) charges() *schemaState {
	return &schemaState{ID: sample.ChargeSchema, Name: "Charge", ShouldSync: true, Incremental: true, Status: "Completed", LastSyncedAt: syncStamp(p.LastSync)}
}

// queryBody is the query of a view.
type queryBody struct {
	Kind  string `json:"kind"`
	Query string `json:"query"`
}

// ofWarehouse completes what the schema tells of a table of the warehouse or of a view.
func (b *tableBody) ofWarehouse(t schema.Table, p *project) {
	b.ID = t.ID
	if t.Rows > 0 {
		b.RowCount = &t.Rows
	}
	switch t.Kind {
	case schema.DataWarehouse:
		b.Format, b.URLPattern, b.Schema, b.Source = warehouseFormat, warehouseURL(t.Name), p.charges(), p.source()
	case schema.MaterializedView:
		last := syncStamp(p.LastSync)
		b.LastRunAt, b.Status = &last, "Completed"
		fallthrough
	case schema.View:
		b.Query = &queryBody{Kind: "HogQLQuery", Query: t.Query}
	}
}

// warehouseTableBody is a table of the warehouse in a list. Its form is general knowledge, not read in PostHog's
// source.
type warehouseTableBody struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Format         string            `json:"format"`
	URLPattern     string            `json:"url_pattern"`
	Deleted        bool              `json:"deleted"`
	CreatedAt      json.RawMessage   `json:"created_at"`
	CreatedBy      *userBrief        `json:"created_by"`
	Columns        []warehouseColumn `json:"columns"`
	RowCount       int64             `json:"row_count"`
	ExternalSource *sourceBody       `json:"external_data_source"`
	ExternalSchema *schemaState      `json:"external_schema"`
}

type warehouseColumn struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	SchemaValid bool   `json:"schema_valid"`
}

// columns are those of the project's table or view of that id.
func (p *project) columns(id string) []warehouseColumn {
	out := []warehouseColumn{}
	for _, t := range p.Tables {
		for _, f := range t.Fields {
			if t.ID == id {
				out = append(out, warehouseColumn{Key: f.Name, Name: f.Name, Type: f.Type.Serialized(), SchemaValid: true})
			}
		}
	}
	return out
}

// warehouseTables answers GET …/warehouse_tables/.
func (s *Server) warehouseTables(c *call) (*reply, error) {
	list := []warehouseTableBody{}
	err := s.rows(c, "SELECT id, name, row_count, created_at FROM system.data_warehouse_tables WHERE deleted = 0 ORDER BY created_at, id LIMIT 50000",
		func(row []json.RawMessage) error {
			b := warehouseTableBody{Format: warehouseFormat}
			err := scan(row, &b.ID, &b.Name, &b.RowCount, &b.CreatedAt)
			b.URLPattern, b.ExternalSource, b.ExternalSchema = warehouseURL(b.Name), c.project.source(), c.project.charges()
			b.Columns = c.project.columns(b.ID)
			list = append(list, b)
			return err
		})
	if err != nil {
		return nil, err
	}
	search := strings.ToLower(c.URL.Query().Get("search"))
	return paged(c, slices.DeleteFunc(list, func(b warehouseTableBody) bool { return !strings.Contains(strings.ToLower(b.Name), search) }))
}

// warehouseViewBody is a view in a list. Its form is general knowledge, not read in PostHog's source.
type warehouseViewBody struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Query          json.RawMessage   `json:"query"`
	Deleted        bool              `json:"deleted"`
	CreatedAt      json.RawMessage   `json:"created_at"`
	CreatedBy      *userBrief        `json:"created_by"`
	Columns        []warehouseColumn `json:"columns"`
	Status         *string           `json:"status"`
	LastRunAt      json.RawMessage   `json:"last_run_at"`
	IsMaterialized bool              `json:"is_materialized"`
}

// warehouseViews answers GET …/warehouse_saved_queries/.
func (s *Server) warehouseViews(c *call) (*reply, error) {
	list := []warehouseViewBody{}
	err := s.rows(c, `SELECT id, name, query, status, last_run_at, is_materialized, created_at FROM system.data_modeling_views
		WHERE deleted = 0 ORDER BY created_at, id LIMIT 50000`,
		func(row []json.RawMessage) error {
			var b warehouseViewBody
			var query *string
			var materialized int
			err := scan(row, &b.ID, &b.Name, &query, &b.Status, &b.LastRunAt, &materialized, &b.CreatedAt)
			if b.Query, b.IsMaterialized = stored(query), materialized != 0; b.Status != nil && *b.Status == "" {
				b.Status = nil
			}
			b.Columns = c.project.columns(b.ID)
			list = append(list, b)
			return err
		})
	if err != nil {
		return nil, err
	}
	return paged(c, list)
}
