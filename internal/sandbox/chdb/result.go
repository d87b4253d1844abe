package chdb

import (
	"encoding/json"
	"fmt"
	"time"
	_ "time/tzdata" // the answer's offsets must not depend on the machine's zone files
)

// Result is the whole answer of one query.
type Result struct {
	Names []string // of the columns
	Types []string // ClickHouse's names of their types, e.g. "Nullable(String)"

	// Rows holds one JSON array a row, with the values as PostHog's API writes
	// them: integers with all their digits, floats with a point, NaN and
	// infinities as null, decimals as strings, dates as "2026-01-31", times as
	// ISO 8601 in the column's zone ("Z" where its offset is zero, a fraction
	// of six digits only where it is not zero), tuples as arrays, maps as
	// objects. Rows of WITH TOTALS come last, as they do in PostHog.
	Rows []json.RawMessage

	RowsRead, BytesRead uint64        // from tables, before any filter
	Elapsed             time.Duration // inside the engine
}

// decode reads an answer in rowFormat.
func decode(text []byte, location *time.Location) (*Result, error) {
	r := &Result{Rows: []json.RawMessage{}}
	if len(text) == 0 { // a statement without output
		return r, nil
	}
	var document struct {
		Meta []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"meta"`
		Data   []json.RawMessage `json:"data"`
		Totals json.RawMessage   `json:"totals"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	row := &shape{kind: kindTuple}
	for _, column := range document.Meta {
		part, err := parseShape(column.Type, location)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", column.Name, err)
		}
		r.Names = append(r.Names, column.Name)
		r.Types = append(r.Types, column.Type)
		row.parts = append(row.parts, part)
	}
	if document.Totals != nil {
		document.Data = append(document.Data, document.Totals)
	}
	w := writer{out: make([]byte, 0, len(text))}
	for i, line := range document.Data {
		start := len(w.out)
		w.in, w.at = line, 0
		if err := w.value(row); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		r.Rows = append(r.Rows, w.out[start:len(w.out):len(w.out)])
	}
	return r, nil
}
