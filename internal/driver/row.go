package driver

import (
	"bytes"
	"encoding/json"
)

// Row is one row of a result, as the JSON that PostHog sent: an array with one value for each column. Kept so,
// 50,000 rows need little more memory than their text; as Go values they would need many times that.
type Row json.RawMessage

// Values returns the row's cells, each a json.Number (every digit kept), string, bool, nil, []any or
// map[string]any. It decodes the row at each call, and returns nil for a Row that is no JSON array.
func (r Row) Values() []any {
	d := json.NewDecoder(bytes.NewReader(r))
	d.UseNumber()
	var cells []any
	if d.Decode(&cells) != nil {
		return nil
	}
	return cells
}

// width counts the cells of a row of valid JSON; -1 for what is no array.
func (r Row) width() int {
	if len(r) == 0 || r[0] != '[' {
		return -1
	}
	n, depth, empty := 1, 0, true
	for i := 0; i < len(r); i++ {
		switch b := r[i]; b {
		case '"':
			i += textLength(r[i+1:])
			empty = false
		case '[', '{':
			empty = empty && depth == 0
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 1 {
				n++
			}
		case ' ', '\t', '\n', '\r':
		default:
			empty = false
		}
	}
	if empty {
		return 0
	}
	return n
}

// textLength is the length of a text and the quotation mark that ends it.
func textLength(rest []byte) int {
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(rest)
}

// Bytes of rows that are allocated at once: few for a small answer, which may be kept in memory for long, and twice as
// many with each chunk.
const (
	firstChunk = 1 << 10
	mostChunk  = 256 << 10
)

// rowReader collects rows, whose text lies in shared chunks.
type rowReader struct {
	rows  []Row
	width int // of the first row
	odd   int // index of the first row that is not as wide, 0 for none
	wide  int // its width

	read json.RawMessage // the row just read; the same memory for each
	free []byte          // rest of the last chunk
	size int             // of the last chunk
}

// next reads one row.
func (r *rowReader) next(d *json.Decoder) error {
	if err := d.Decode(&r.read); err != nil {
		return err
	}
	row := r.keep(r.read)
	n := row.width()
	if n < 0 {
		return errNoList
	}
	if len(r.rows) == 0 {
		r.width = n
	} else if n != r.width && r.odd == 0 {
		r.odd, r.wide = len(r.rows), n
	}
	r.rows = append(r.rows, row)
	return nil
}

// keep copies the text of a row.
func (r *rowReader) keep(text []byte) Row {
	n := len(text)
	var row Row
	if n > mostChunk/8 {
		row = make(Row, n)
	} else {
		if n > len(r.free) {
			r.size = min(max(2*r.size, firstChunk, 4*n), mostChunk)
			r.free = make([]byte, r.size)
		}
		row = r.free[:n:n]
		r.free = r.free[n:]
	}
	copy(row, text)
	return row
}

// misfit returns the first row that does not have as many cells as there are columns.
func (r *rowReader) misfit(columns int) (row, cells int, found bool) {
	switch {
	case len(r.rows) > 0 && r.width != columns:
		return 0, r.width, true
	case r.odd > 0:
		return r.odd, r.wide, true
	}
	return 0, 0, false
}
