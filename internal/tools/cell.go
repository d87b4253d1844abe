package tools

import (
	"encoding/json"
	"math/big"
	"strings"
	"time"
)

// How an answer is cut when a model reads it.
const (
	cellLimit  = 500    // characters of one cell
	nameLimit  = 100    // characters of a column's name
	typeLimit  = 300    // characters of a column's type, which may name the parts of a tuple
	textBudget = 35_000 // characters of one answer: clients cut or refuse at 50,000 characters or 25,000 tokens
)

// cells turns values into text. The zero value changes nothing but the form; with limit set, text is
// cut and made visible for a model, and what was done is counted.
type cells struct {
	limit   int // characters; 0: whole
	cut     int // cells that were cut
	escaped int // cells in which characters were made visible
}

// text returns a value as text, and whether it is a string (which CSV must tell from null).
func (c *cells) text(v any, col column) (text string, isString bool) {
	switch x := v.(type) {
	case nil:
		return "", false
	case string:
		if c.limit > 0 && col.isTime {
			x = col.shortTime(x)
		}
		return c.clean(x), true
	case json.Number:
		return x.String(), false
	case bool:
		if x {
			return "true", false
		}
		return "false", false
	default:
		return c.clean(string(encodeJSON(v))), true
	}
}

// clean cuts and makes visible.
func (c *cells) clean(s string) string {
	if c.limit == 0 {
		return s
	}
	if short := shorten(s, c.limit); len(short) != len(s) {
		s = short
		c.cut++
	}
	if seen := visible(s); seen != s {
		s = seen
		c.escaped++
	}
	return s
}

// exact returns a value for a JSON answer: integers beyond ±2^53 as strings, because most readers keep
// them as floating point. With limit set, strings are cut and hidden characters made visible.
func (c *cells) exact(v any) any {
	switch x := v.(type) {
	case json.Number:
		if beyondFloat(x.String()) {
			return x.String()
		}
		return x
	case string:
		return c.clean(x)
	case []any:
		if c.tooLong(x) {
			return c.clean(string(encodeJSON(x)))
		}
		list := make([]any, len(x))
		for i, item := range x {
			list[i] = c.exact(item)
		}
		return list
	case map[string]any:
		if c.tooLong(x) {
			return c.clean(string(encodeJSON(x)))
		}
		m := make(map[string]any, len(x))
		for k, item := range x {
			m[c.clean(k)] = c.exact(item)
		}
		return m
	default:
		return v
	}
}

func (c *cells) tooLong(v any) bool {
	return c.limit > 0 && len(encodeJSON(v)) > c.limit
}

// beyondFloat tells whether a number is an integer that a 64-bit float cannot hold exactly.
func beyondFloat(s string) bool {
	if len(s) < 16 || strings.ContainsAny(s, ".eE") {
		return false
	}
	n, ok := new(big.Int).SetString(s, 10)
	return ok && n.CmpAbs(big.NewInt(1<<53)) > 0
}

// column is a column of a result as it is shown.
type column struct {
	name   string
	kind   string // short type: without Nullable, with the zone of a DateTime
	isTime bool
	number bool
	zone   *time.Location // of isTime; nil when it is not known here
}

// columns returns the columns of a result. A DateTime without a zone of its own is in the project's.
func columns(names, types []string, projectZone string) []column {
	list := make([]column, len(names))
	for i, name := range names {
		c := column{name: name}
		if i < len(types) {
			c.kind = shortType(types[i])
		}
		if strings.HasPrefix(c.kind, "DateTime") {
			c.isTime = true
			zone := strings.TrimPrefix(c.kind, "DateTime ")
			if zone == "DateTime" {
				zone = projectZone
			}
			if loc, err := time.LoadLocation(zone); err == nil && zone != "" {
				c.zone = loc
			}
		}
		c.number = strings.HasPrefix(c.kind, "Int") || strings.HasPrefix(c.kind, "UInt") ||
			strings.HasPrefix(c.kind, "Float") || strings.HasPrefix(c.kind, "Decimal")
		list[i] = c
	}
	return list
}

// shortType writes a ClickHouse type without what a reader of values does not need:
// Nullable(String) is String, DateTime64(6, 'UTC') is DateTime UTC.
func shortType(t string) string {
	for _, wrapper := range []string{"Nullable(", "LowCardinality("} {
		if inner, ok := strings.CutPrefix(t, wrapper); ok {
			return shortType(strings.TrimSuffix(inner, ")"))
		}
	}
	if inner, ok := strings.CutPrefix(t, "Array("); ok {
		return "Array(" + shortType(strings.TrimSuffix(inner, ")")) + ")"
	}
	if strings.HasPrefix(t, "DateTime") {
		if parts := strings.Split(t, "'"); len(parts) == 3 {
			return "DateTime " + parts[1]
		}
		return "DateTime"
	}
	if strings.HasPrefix(t, "Enum") {
		name, _, _ := strings.Cut(t, "(")
		return name
	}
	return t
}

// shortTime takes trailing zeros, and the zone mark where the column's head says the same, off an ISO
// time. Within three hours of a clock change the mark stays, because the hour may occur twice.
func (c column) shortTime(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	end := len(s) - 1 // Z
	if s[end] != 'Z' {
		end = len(s) - len("+00:00")
	}
	clock, mark := s[:end], s[end:]
	if strings.Contains(clock, ".") {
		clock = strings.TrimRight(strings.TrimRight(clock, "0"), ".")
	}
	if c.zone == nil || changesNear(t, c.zone) {
		return clock + mark
	}
	if _, here := t.In(c.zone).Zone(); offset(t) != here {
		return clock + mark // in another zone than the head says
	}
	return clock
}

func changesNear(t time.Time, zone *time.Location) bool {
	return offset(t.Add(-3*time.Hour).In(zone)) != offset(t.Add(3*time.Hour).In(zone))
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}

// head returns the column as the first line of a table names it: name:type.
func (c column) head(k *cells) string {
	name, kind := c.name, c.kind
	if k.limit > 0 {
		name, kind = visible(shorten(name, min(nameLimit, k.limit))), visible(shorten(kind, typeLimit))
	}
	if kind == "" {
		return name
	}
	return name + ":" + kind
}
