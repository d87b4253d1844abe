package driver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// decodeResult reads a query answer as it streams in: the rows one by one, so that the raw text is never
// held whole, and each row is checked against the columns. It gives a result, or the status of a
// background run.
func decodeResult(r io.Reader) (*Result, *queryStatus, error) {
	counted := &countReader{r: r}
	d := json.NewDecoder(counted)
	d.UseNumber()
	var p resultParts
	if err := expectDelim(d, '{'); err != nil {
		return nil, nil, err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		if err := p.field(d, key.(string)); err != nil {
			return nil, nil, err
		}
	}
	if err := expectDelim(d, '}'); err != nil {
		return nil, nil, err
	}
	if p.status != nil && !p.hasRows {
		return nil, p.status, nil
	}
	res, err := p.result()
	if err != nil {
		return nil, nil, err
	}
	res.Bytes = counted.n
	return res, nil, nil
}

// resultParts are the wanted keys of PostHog's HogQLQueryResponse.
type resultParts struct {
	res     Result
	types   [][]any
	hasRows bool
	failure string
	status  *queryStatus
}

func (p *resultParts) field(d *json.Decoder, key string) error {
	switch key {
	case "results":
		return p.rows(d)
	case "columns":
		return d.Decode(&p.res.Columns)
	case "types":
		return d.Decode(&p.types)
	case "hasMore":
		return d.Decode(&p.res.HasMore)
	case "limit":
		return d.Decode(&p.res.Limit)
	case "hogql":
		return decodeString(d, &p.res.HogQL)
	case "is_cached":
		var b *bool
		err := d.Decode(&b)
		p.res.Cached = b != nil && *b
		return err
	case "last_refresh":
		var s string
		err := decodeString(d, &s)
		p.res.AsOf, _ = time.Parse(time.RFC3339Nano, s)
		return err
	case "timezone":
		return decodeString(d, &p.res.TimeZone)
	case "error":
		return decodeString(d, &p.failure)
	case "query_status":
		return d.Decode(&p.status)
	case "warnings":
		return p.warnings(d)
	default:
		var skipped json.RawMessage
		return d.Decode(&skipped)
	}
}

func (p *resultParts) rows(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return errors.New("results is no list")
	}
	p.hasRows = true
	p.res.Rows = [][]any{}
	for d.More() {
		var row []any
		if err := d.Decode(&row); err != nil {
			return err
		}
		p.res.Rows = append(p.res.Rows, row)
	}
	return expectDelim(d, ']')
}

func (p *resultParts) warnings(d *json.Decoder) error {
	var ws []struct {
		Table   string `json:"table_name"`
		Message string `json:"message"`
	}
	err := d.Decode(&ws)
	for _, w := range ws {
		if m := shorten(clean(w.Message), excerptLength); m != "" {
			p.res.Warnings = append(p.res.Warnings, clean(w.Table)+": "+m)
		}
	}
	return err
}

// result checks that the parts fit together.
func (p *resultParts) result() (*Result, error) {
	if p.failure != "" {
		return nil, &Error{Kind: Invalid, Code: "query_failed", Detail: shorten(clean(p.failure), detailLength), final: true}
	}
	if !p.hasRows {
		return nil, errors.New("no results in the answer")
	}
	for i, row := range p.res.Rows {
		if len(row) != len(p.res.Columns) {
			return nil, fmt.Errorf("row %d has %d cells for %d columns", i, len(row), len(p.res.Columns))
		}
	}
	p.res.Types = make([]string, len(p.res.Columns))
	if len(p.types) == len(p.res.Columns) {
		for i, pair := range p.types {
			if len(pair) == 2 {
				p.res.Types[i], _ = pair[1].(string)
			}
		}
	}
	return &p.res, nil
}

// result is what a finished background run gave.
func (s *queryStatus) result(ctx context.Context, op string) (*Result, error) {
	if s.Error || len(s.Results) == 0 || string(s.Results) == "null" {
		e := &Error{Kind: Internal, Op: op, Code: "query_failed", Detail: shorten(clean(s.ErrorMessage), detailLength), final: true}
		if s.ErrorMessage != "" {
			e.Kind = Invalid
		}
		return nil, e
	}
	res, _, err := decodeResult(bytes.NewReader(s.Results))
	if err == nil && res == nil {
		err = errors.New("no results in the finished run")
	}
	if err != nil {
		return nil, bodyError(ctx, op, 200, &boundedReader{read: int64(len(s.Results))}, err)
	}
	return res, nil
}

// decodeString reads a string; null leaves it empty.
func decodeString(d *json.Decoder, to *string) error {
	var s *string
	if err := d.Decode(&s); err != nil {
		return err
	}
	if s != nil {
		*to = *s
	}
	return nil
}

func expectDelim(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("expected %v", want)
	}
	return nil
}

type countReader struct {
	r io.Reader
	n int64
}

// Read counts what passes.
func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
