package driver

import (
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
	if err := eachField(d, p.field); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); err == nil {
		return nil, nil, errors.New("more than one value in the answer")
	} else if !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	if p.status != nil && !p.hasRows {
		p.status.bytes = counted.n
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
	rows    rowReader
	types   [][]any
	hasRows bool
	failure string
	status  *queryStatus
	nested  bool // in the status of a run: another status in there is skipped, or they could be a million deep
}

func (p *resultParts) field(d *json.Decoder, key string) error {
	switch key {
	case "results":
		return p.readRows(d)
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
	case "modifiers":
		var text json.RawMessage
		var v struct {
			Mode string `json:"personsOnEventsMode"`
		}
		if err := d.Decode(&text); err != nil {
			return err
		}
		if json.Unmarshal(text, &v) == nil { // a form that is not known costs a warning, not the rows
			p.res.PersonMode = v.Mode
		}
		return nil
	case "timezone":
		return decodeString(d, &p.res.TimeZone)
	case "error":
		return decodeString(d, &p.failure)
	case "query_status":
		if p.nested {
			return skip(d)
		}
		return p.readStatus(d)
	case "warnings":
		return p.warnings(d)
	default:
		return skip(d)
	}
}

func skip(d *json.Decoder) error {
	var skipped json.RawMessage
	return d.Decode(&skipped)
}

var errNoList = errors.New("results is no list of lists")

func (p *resultParts) readRows(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return errNoList
	}
	p.hasRows, p.rows = true, rowReader{rows: []Row{}}
	for d.More() {
		if err := p.rows.next(d); err != nil {
			return err
		}
	}
	return expectDelim(d, ']')
}

// readStatus reads the state of a background run, in which a whole answer can stand: its rows stream, too.
func (p *resultParts) readStatus(d *json.Decoder) error {
	var parts *resultParts
	small := map[string]json.RawMessage{} // all but the answer
	null, err := eachFieldOrNull(d, func(d *json.Decoder, key string) error {
		if key != "results" {
			var v json.RawMessage
			err := d.Decode(&v)
			small[key] = v
			return err
		}
		inner := &resultParts{nested: true}
		null, err := eachFieldOrNull(d, inner.field)
		if parts = inner; null {
			parts = nil
		}
		return err
	})
	if err != nil || null {
		return err
	}
	text, err := json.Marshal(small)
	if err != nil {
		return err
	}
	p.status = &queryStatus{answer: parts}
	return json.Unmarshal(text, p.status)
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
	if row, cells, found := p.rows.misfit(len(p.res.Columns)); found {
		return nil, fmt.Errorf("row %d has %d cells for %d columns", row, cells, len(p.res.Columns))
	}
	p.res.Rows = p.rows.rows
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
	if s.Error || s.answer == nil {
		e := &Error{Kind: Internal, Op: op, Code: "query_failed", Detail: shorten(clean(s.ErrorMessage), detailLength), final: true}
		if s.ErrorMessage != "" {
			e.Kind = Invalid
		}
		return nil, e
	}
	res, err := s.answer.result()
	if err != nil {
		return nil, bodyError(ctx, op, 200, &boundedReader{read: s.bytes}, err)
	}
	res.Bytes = s.bytes
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

// eachField reads an object: read gets each key, and must consume its value.
func eachField(d *json.Decoder, read func(d *json.Decoder, key string) error) error {
	null, err := eachFieldOrNull(d, read)
	if null {
		return errors.New("null instead of an object")
	}
	return err
}

// eachFieldOrNull is eachField for a value that may be null.
func eachFieldOrNull(d *json.Decoder, read func(d *json.Decoder, key string) error) (null bool, err error) {
	t, err := d.Token()
	if err != nil || t == nil {
		return t == nil && err == nil, err
	}
	if t != json.Delim('{') {
		return false, errors.New("no object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return false, err
		}
		if err := read(d, key.(string)); err != nil {
			return false, err
		}
	}
	return false, expectDelim(d, '}')
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
