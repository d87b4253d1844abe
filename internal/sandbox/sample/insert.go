package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"posthog-mcp/internal/sandbox/schema"
)

// row holds a table's values by the names of its stored columns.
type row map[string]any

// insert writes rows, if there are any, into a table of HogQL. JSON columns that a row does not name become {}.
func (l loader) insert(ctx context.Context, project int64, table string, rows ...row) error {
	t, ok := schema.Lookup(table)
	if !ok {
		return fmt.Errorf("insert: the schema has no table %s", table)
	}
	if len(rows) == 0 {
		return nil
	}
	var columns []string
	for _, f := range t.Stored() {
		named := slices.ContainsFunc(rows, func(r row) bool { _, is := r[f.Column]; return is })
		if !named && (f.Type != schema.JSON || f.Nullable) {
			continue
		}
		columns = append(columns, schema.Ident(f.Column))
		for _, r := range rows {
			if _, is := r[f.Column]; !is && f.Type == schema.JSON && !f.Nullable {
				r[f.Column] = "{}"
			}
		}
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "INSERT INTO %s.%s (%s) SETTINGS input_format_skip_unknown_fields = 0 FORMAT JSONEachRow\n",
		database(project), schema.Ident(t.Physical), strings.Join(columns, ", "))
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return l.run(ctx, text.String())
}

// at writes an instant as ClickHouse reads it in a column of UTC.
func at(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// object writes a value as JSON text.
func object(v any) string {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // only literals of this package are written
	}
	return strings.TrimSpace(text.String())
}

// Short names for JSON objects and arrays.
type (
	dict = map[string]any
	many = []any
)
