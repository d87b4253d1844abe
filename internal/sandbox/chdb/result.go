package chdb

import (
	"bytes"
	"encoding/json"
	"errors"
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
	lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
	if len(lines) < 2 {
		return nil, errors.New("the engine's answer has no line of types")
	}
	if err := json.Unmarshal(lines[0], &r.Names); err != nil {
		return nil, fmt.Errorf("names of columns: %w", err)
	}
	if err := json.Unmarshal(lines[1], &r.Types); err != nil {
		return nil, fmt.Errorf("types of columns: %w", err)
	}
	columns := make([]*shape, len(r.Types))
	for i, name := range r.Types {
		shape, err := parseShape(name, location)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", r.Names[i], err)
		}
		columns[i] = shape
	}
	row := &shape{kind: kindTuple, parts: columns}
	r.Rows = make([]json.RawMessage, 0, len(lines)-2)
	w := writer{out: make([]byte, 0, len(text))}
	for _, line := range lines[2:] {
		if len(line) == 0 { // stands before the row of totals
			continue
		}
		start := len(w.out)
		w.in, w.at = line, 0
		if err := w.value(row); err != nil {
			return nil, fmt.Errorf("row %d: %w", len(r.Rows)+1, err)
		}
		r.Rows = append(r.Rows, w.out[start:len(w.out):len(w.out)])
	}
	return r, nil
}
