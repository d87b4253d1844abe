package chdb

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// writer copies one line of ClickHouse's JSON without the spaces between
// tokens, and changes the values whose shape says so.
type writer struct {
	in  []byte
	at  int
	out []byte
}

func (w *writer) errorf(format string, args ...any) error {
	return fmt.Errorf("the engine's JSON, byte %d: "+format, append([]any{w.at}, args...)...)
}

// space skips what stands between tokens: ClickHouse writes a space after a
// comma.
func (w *writer) space() {
	for w.at < len(w.in) && w.in[w.at] == ' ' {
		w.at++
	}
}

// value copies the value at the read position.
func (w *writer) value(s *shape) error {
	w.space()
	if w.at >= len(w.in) {
		return w.errorf("a value is missing")
	}
	switch c := w.in[w.at]; {
	case c == '[' && s != nil && (s.kind == kindTuple || s.kind == kindArray):
		return w.list(s)
	case c == '{' && s != nil && s.kind == kindMap:
		return w.object(s.parts[0])
	case c == '[' || c == '{':
		return w.skip()
	case c == '"':
		return w.text(s)
	}
	token, err := w.scalar()
	if err != nil {
		return err
	}
	if s == nil || token[0] == 'n' {
		w.out = append(w.out, token...)
		return nil
	}
	switch s.kind {
	case kindFloat32:
		return w.float32(token)
	case kindFloat64:
		w.out = appendFloat(w.out, token)
		return nil
	}
	return w.errorf("%s is not of the column's type", token)
}

func (w *writer) list(s *shape) error {
	w.copyByte()
	for i := 0; ; i++ {
		if w.at < len(w.in) && w.in[w.at] == ']' {
			w.copyByte()
			return nil
		}
		part := s.parts[0]
		if s.kind == kindTuple {
			if i >= len(s.parts) {
				return w.errorf("more values than types")
			}
			part = s.parts[i]
		}
		if err := w.value(part); err != nil {
			return err
		}
		if err := w.separator(']'); err != nil {
			return err
		}
	}
}

func (w *writer) object(s *shape) error {
	w.copyByte()
	for {
		if w.at < len(w.in) && w.in[w.at] == '}' {
			w.copyByte()
			return nil
		}
		w.space()
		if err := w.text(nil); err != nil {
			return err
		}
		if w.at >= len(w.in) || w.in[w.at] != ':' {
			return w.errorf("a colon is missing")
		}
		w.copyByte()
		if err := w.value(s); err != nil {
			return err
		}
		if err := w.separator('}'); err != nil {
			return err
		}
	}
}

// separator copies the comma after an element, or stays before the end.
func (w *writer) separator(end byte) error {
	if w.at < len(w.in) && w.in[w.at] == ',' {
		w.copyByte()
		return nil
	}
	if w.at < len(w.in) && w.in[w.at] == end {
		return nil
	}
	return w.errorf("%q or a comma is missing", end)
}

func (w *writer) copyByte() {
	w.out = append(w.out, w.in[w.at])
	w.at++
}

// text copies a string, or writes it anew where it is a time.
func (w *writer) text(s *shape) error {
	start := w.at
	if w.at >= len(w.in) || w.in[w.at] != '"' {
		return w.errorf("a string is missing")
	}
	for w.at++; w.at < len(w.in) && w.in[w.at] != '"'; w.at++ {
		if w.in[w.at] == '\\' {
			w.at++
		}
	}
	if w.at >= len(w.in) {
		return w.errorf("a string has no end")
	}
	w.at++
	token := w.in[start:w.at]
	if s == nil || s.kind != kindTime {
		w.out = append(w.out, token...)
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, string(token[1:len(token)-1]))
	if err != nil {
		return w.errorf("%s is not a time", token)
	}
	w.out = append(w.out, '"')
	w.out = appendTime(w.out, at.In(s.location))
	w.out = append(w.out, '"')
	return nil
}

// scalar reads a number, true, false or null.
func (w *writer) scalar() ([]byte, error) {
	start := w.at
	for w.at < len(w.in) && !bytes.ContainsRune([]byte(",]}"), rune(w.in[w.at])) {
		w.at++
	}
	if w.at == start {
		return nil, w.errorf("a value is missing")
	}
	return w.in[start:w.at], nil
}

// skip copies a list or an object as it is.
func (w *writer) skip() error {
	for depth := 0; w.at < len(w.in); {
		switch w.in[w.at] {
		case '"':
			if err := w.text(nil); err != nil {
				return err
			}
			continue
		case ' ':
			w.at++
			continue
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		w.copyByte()
		if depth == 0 {
			return nil
		}
	}
	return w.errorf("a list or an object has no end")
}

// float32 writes the shortest text of the number as a double, which is what
// PostHog's Python makes of it.
func (w *writer) float32(token []byte) error {
	f, err := strconv.ParseFloat(string(token), 32)
	if err != nil {
		return w.errorf("%s is not a number", token)
	}
	w.out = appendFloat(w.out, strconv.AppendFloat(nil, f, 'g', -1, 64))
	return nil
}

// appendFloat appends a number so that it can be told from an integer.
func appendFloat(out, token []byte) []byte {
	out = append(out, token...)
	if !bytes.ContainsAny(token, ".eE") {
		out = append(out, ".0"...)
	}
	return out
}

// appendTime appends a time as PostHog's API writes it: ISO 8601 with "Z"
// where the offset is zero, else "+hh:mm", and microseconds only where they
// are not zero.
func appendTime(out []byte, t time.Time) []byte {
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond()/1000 != 0 {
		layout += ".000000"
	}
	return t.AppendFormat(out, layout+"Z07:00")
}
