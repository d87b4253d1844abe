package chdb

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

// writer copies JSON without the spaces between tokens, and changes the values
// whose shape says so. What it reads is known to be valid JSON.
type writer struct {
	in  []byte
	at  int
	out []byte
}

// space skips what stands between tokens: ClickHouse writes a space after a
// comma.
func (w *writer) space() {
	for bytes.IndexByte([]byte(" \n\t"), w.in[w.at]) >= 0 {
		w.at++
	}
}

func (w *writer) copyByte() {
	w.out = append(w.out, w.in[w.at])
	w.at++
}

// value copies the value at the read position.
func (w *writer) value(s *shape) error {
	w.space()
	switch w.in[w.at] {
	case '[':
		return w.elements(s, ']')
	case '{':
		return w.elements(s, '}')
	case '"':
		return w.text(s)
	}
	token := w.scalar()
	if s == nil || token[0] == 'n' {
		w.out = append(w.out, token...)
		return nil
	}
	if f, err := strconv.ParseFloat(string(token), 32); err == nil && s.kind == kindFloat32 {
		// The shortest text as a double, which is what PostHog's Python makes of it.
		token = strconv.AppendFloat(nil, f, 'g', -1, 64)
	} else if s.kind != kindFloat64 || token[0] > '9' {
		return fmt.Errorf("%s is not of its column's type", token)
	}
	w.out = appendFloat(w.out, token)
	return nil
}

// elements copies a list or an object up to its end.
func (w *writer) elements(s *shape, end byte) error {
	w.copyByte()
	for i := 0; ; {
		w.space()
		switch w.in[w.at] {
		case end:
			w.copyByte()
			return nil
		case ',':
			w.copyByte()
			continue
		}
		if end == '}' {
			if err := w.text(nil); err != nil {
				return err
			}
			w.space()
			w.copyByte() // the colon
		}
		part, err := s.part(i, end == '}')
		if err != nil {
			return err
		}
		if err := w.value(part); err != nil {
			return err
		}
		i++
	}
}

// text copies a string, or writes it anew where it is a time.
func (w *writer) text(s *shape) error {
	start := w.at
	w.at = quoteEnd(w.in, w.at) + 1
	token := w.in[start:w.at]
	if s == nil {
		w.out = append(w.out, token...)
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, string(token[1:len(token)-1]))
	if s.kind != kindTime || err != nil {
		return fmt.Errorf("%s is not of its column's type", token)
	}
	w.out = append(w.out, '"')
	w.out = appendTime(w.out, at.In(s.location))
	w.out = append(w.out, '"')
	return nil
}

// scalar reads a number, true, false or null.
func (w *writer) scalar() []byte {
	start := w.at
	for w.at < len(w.in) && bytes.IndexByte([]byte(",]} \n\t"), w.in[w.at]) < 0 {
		w.at++
	}
	return w.in[start:w.at]
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
