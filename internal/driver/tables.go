package driver

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// table is one table of the catalogue.
type table struct {
	Name    string
	Family  string // posthog, system, information_schema, data_warehouse or view
	Line    string
	HogQL   string   // of a view
	Rows    *int64   // of a warehouse table, as PostHog knows it
	Columns []column // nil when only the name is known: see Client.columns
	Schema  string   // table_schema in system.information_schema, where the name comes from there
}

// column is one field of a table.
type column struct {
	Name  string
	Write string
	Type  string
	Line  string
	Table string   // of a join: the table it leads to
	Chain []string // of a shortcut: the path it stands for
	Names []string // of a join or a nested field: the names below it
}

// catalogueTables is the table catalogue, by name.
type catalogueTables struct {
	List []table
}

func (t catalogueTables) find(name string) (table, bool) {
	i, ok := slices.BinarySearchFunc(t.List, name, func(t table, n string) int { return cmp.Compare(t.Name, n) })
	if !ok {
		return table{}, false
	}
	return t.List[i], true
}

// schemaTable is a table in the answer to DatabaseSchemaQuery.
type schemaTable struct {
	Type     string                 `json:"type"`
	Name     string                 `json:"name"`
	RowCount *int64                 `json:"row_count"`
	Fields   map[string]schemaField `json:"fields"`
	Query    *struct {
		Query string `json:"query"`
	} `json:"query"`
	Source *struct {
		SourceType string `json:"source_type"`
	} `json:"source"`
}

type schemaField struct {
	Name   string   `json:"name"`
	Write  string   `json:"hogql_value"`
	Type   string   `json:"type"`
	Table  string   `json:"table"`
	Fields []string `json:"fields"`
	Chain  []any    `json:"chain"`
}

// tables reads the catalogue: what DatabaseSchemaQuery tells in detail, and the names of the tables that it
// leaves out, from system.information_schema where PostHog has it, else from a list of well-known ones.
func (c *Client) tables(ctx context.Context, project int64) (catalogueTables, stamp, error) {
	return fetch(ctx, c, "tables", project, "", schemaLife, func(ctx context.Context) (catalogueTables, error) {
		var all map[string]table
		var schemaErr error
		var others []table
		parallel(
			func() { all, schemaErr = c.schemaTables(ctx, project) },
			func() { others = c.otherTables(ctx, project) },
		)
		if schemaErr != nil {
			return catalogueTables{}, schemaErr
		}
		for _, t := range others {
			if _, known := all[t.Name]; !known {
				all[t.Name] = t
			}
		}
		docs := tableLines()
		var out catalogueTables
		for _, t := range all {
			t.Line = cmp.Or(t.Line, docs[t.Name])
			out.List = append(out.List, t)
		}
		slices.SortFunc(out.List, func(a, b table) int { return cmp.Compare(a.Name, b.Name) })
		return out, nil
	})
}

func (c *Client) schemaTables(ctx context.Context, project int64) (map[string]table, error) {
	var v struct {
		Tables map[string]schemaTable `json:"tables"`
	}
	_, err := c.call(ctx, request{op: "read schema", method: http.MethodPost, path: queryPath(project, ""), project: project, class: classQuery,
		body: queryBody{Query: map[string]string{"kind": "DatabaseSchemaQuery"}}, decode: decodeJSON(&v)})
	if err != nil {
		return nil, err
	}
	out := make(map[string]table, len(v.Tables))
	for name, t := range v.Tables {
		name = cmp.Or(t.Name, name)
		out[name] = t.table(name)
	}
	return out, nil
}

func (t schemaTable) table(name string) table {
	out := table{Name: name, Family: family(t.Type), Rows: t.RowCount, Columns: []column{}}
	if t.Source != nil && t.Source.SourceType != "" {
		out.Line = "synced from " + clean(t.Source.SourceType)
	}
	if t.Query != nil {
		out.HogQL = t.Query.Query
	}
	for key, f := range t.Fields {
		col := column{Name: cmp.Or(f.Name, key), Type: f.Type, Table: f.Table, Names: f.Fields}
		if col.Write = f.Write; col.Write == "" {
			col.Write, _ = identifier(col.Name)
		}
		for _, part := range f.Chain {
			if s, ok := part.(string); ok {
				col.Chain = append(col.Chain, s)
			}
		}
		out.Columns = append(out.Columns, col)
	}
	slices.SortFunc(out.Columns, func(a, b column) int {
		return cmp.Or(cmp.Compare(btoi(a.joins()), btoi(b.joins())), cmp.Compare(strings.TrimLeft(a.Name, "$_"), strings.TrimLeft(b.Name, "$_")))
	})
	return out
}

// joins tells a column that leads to another table.
func (c column) joins() bool {
	return c.Type == "lazy_table" || c.Type == "virtual_table" || c.Type == "view" || c.Type == "materialized_view" || c.Type == "field_traverser" && len(c.Chain) > 0
}

func family(kind string) string {
	switch kind {
	case "view", "materialized_view", "managed_view", "endpoint":
		return "view"
	case "posthog", "system", "information_schema", "data_warehouse":
		return kind
	case "batch_export":
		return "data_warehouse"
	}
	return "posthog"
}

// otherTables names the tables that DatabaseSchemaQuery leaves out.
func (c *Client) otherTables(ctx context.Context, project int64) []table {
	res, err := c.readColumns(ctx, project, "list tables", 3, QueryRequest{Name: "posthog-mcp tables",
		HogQL: "SELECT table_schema, table_name, table_type FROM system.information_schema.tables LIMIT 10000"})
	if err != nil {
		c.log.Debug("no information schema", "kind", string(kindOf(err)))
		return wellKnownTables()
	}
	out := []table{{Name: "numbers", Family: "posthog", Columns: []column{{Name: "number", Write: "number", Type: "integer"}}}}
	for _, r := range res.Rows {
		row := r.Values()
		schema, _ := row[0].(string)
		name, _ := row[1].(string)
		kind, _ := row[2].(string)
		if name == "" || strings.HasPrefix(name, "_") {
			continue
		}
		out = append(out, table{Name: fullName(schema, name), Family: family(kind), Schema: schema})
	}
	return out
}

// fullName is the name to write after FROM.
func fullName(schema, name string) string {
	switch {
	case schema == "system" && !strings.HasPrefix(name, "system."):
		return "system." + name
	case schema == "information_schema" && !strings.Contains(name, "."):
		return "system.information_schema." + name
	}
	return name
}

// columns completes a table of which only the name is known.
func (c *Client) columns(ctx context.Context, project int64, t table) (table, error) {
	if t.Columns != nil || t.Schema == "" {
		return t, nil
	}
	cols, _, err := fetch(ctx, c, "columns", project, t.Name, schemaLife, func(ctx context.Context) ([]column, error) {
		short := t.Name[strings.LastIndexByte(t.Name, '.')+1:]
		res, err := c.readColumns(ctx, project, "list columns", 3, QueryRequest{Name: "posthog-mcp columns", Values: map[string]any{"schema": t.Schema, "name": t.Name, "short": short},
			HogQL: "SELECT column_name, data_type, field_kind FROM system.information_schema.columns " +
				"WHERE table_schema = {schema} AND (table_name = {name} OR table_name = {short}) ORDER BY ordinal_position LIMIT 5000"})
		if err != nil {
			return nil, err
		}
		out := []column{}
		for _, r := range res.Rows {
			row := r.Values()
			name, _ := row[0].(string)
			kind, _ := row[1].(string)
			out = append(out, column{Name: name, Write: tableName(name), Type: strings.ToLower(kind)})
		}
		return out, nil
	})
	t.Columns = cols
	return t, err
}

// wellKnownTables is what PostHog's schema query leaves out, for versions without an information schema.
func wellKnownTables() []table {
	text := func(names ...string) []column {
		out := make([]column, len(names))
		for i, n := range names {
			name, kind, _ := strings.Cut(n, " ")
			out[i] = column{Name: name, Write: name, Type: kind}
		}
		return out
	}
	return []table{
		{Name: "person_distinct_ids", Family: "posthog", Columns: text("distinct_id string", "person_id string")},
		{Name: "cohort_people", Family: "posthog", Columns: text("person_id string", "cohort_id integer")},
		{Name: "static_cohort_people", Family: "posthog", Columns: text("person_id string", "cohort_id integer")},
		{Name: "session_replay_events", Family: "posthog", Columns: text("session_id string", "distinct_id string", "start_time datetime", "end_time datetime",
			"first_url string", "all_urls array", "click_count integer", "keypress_count integer", "mouse_activity_count integer", "active_milliseconds integer",
			"console_log_count integer", "console_warn_count integer", "console_error_count integer", "event_count integer", "snapshot_source string")},
		{Name: "numbers", Family: "posthog", Columns: text("number integer")},
	}
}

// tableLines says in one line what the well-known tables hold.
func tableLines() map[string]string {
	return map[string]string{
		"events":                "one row per event; the main table",
		"persons":               "one row per person, as known now",
		"sessions":              "one row per session: times, pages, channel, bounce",
		"groups":                "one row per group (company, …) by index and key",
		"person_distinct_ids":   "which distinct_id belongs to which person",
		"cohort_people":         "who is in which cohort",
		"static_cohort_people":  "who is in which fixed list",
		"session_replay_events": "one row per recorded session: clicks, errors, URLs",
		"query_log":             "the project's own finished queries",
		"logs":                  "log lines of services",
		"numbers":               "numbers(n): the numbers from 0 to n-1",
		"system.insights":       "saved insights with their queries",
		"system.dashboards":     "dashboards",
		"system.cohorts":        "cohorts with rules and sizes",
		"system.actions":        "actions: named sets of events",
		"system.feature_flags":  "feature flags with release conditions",
		"system.experiments":    "A/B tests",
		"system.surveys":        "surveys with their questions",
		"system.annotations":    "notes drawn on charts",
		"system.teams":          "the project itself",
	}
}

// columnLines says what is worth knowing of some columns.
func columnLines() map[string]string {
	return map[string]string{
		"events.timestamp":                 "filter on this one: the table is cut by it",
		"events.person_id":                 "the person, merges applied",
		"events.elements_chain":            "clicked element and its parents ($autocapture)",
		"sessions.$start_timestamp":        "filter on this one: the table is cut by it",
		"sessions.$session_duration":       "seconds",
		"sessions.$is_bounce":              "null without page or screen events",
		"session_replay_events.start_time": "filter on this one: the table is cut by it",
		"logs.timestamp":                   "filter on this one: the table is cut by it",
		"groups.index":                     "0 to 4: the group type",
	}
}

// rawJSON gives a cell as JSON; a text that is a JSON object or list stands as it is.
func rawJSON(cell any) json.RawMessage {
	s, ok := cell.(string)
	if ok && json.Valid([]byte(s)) && strings.ContainsAny(s[:min(1, len(s))], "{[") {
		return json.RawMessage(s)
	}
	b, err := json.Marshal(cell)
	if err != nil {
		return nil
	}
	return b
}
