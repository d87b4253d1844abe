package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"posthog-mcp/internal/hogql"
)

// param describes one argument of a tool. The JSON schema that clients see and the check that
// arguments pass are both made from it, so they cannot disagree.
type param struct {
	name     string
	kind     string // JSON schema type: string, integer, boolean, object, array (of strings)
	about    string
	enum     []string
	min, max int64  // of an integer, or of the number of items
	preset   string // the default as JSON text; "": none
	required bool
	example  string // JSON text, for messages
}

// ArgumentError says that an argument cannot be used as it is. Its text names the argument and tells
// what to write instead.
type ArgumentError struct {
	Field   string // "" when the fault is not in one argument
	Message string
}

func (e *ArgumentError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// schema returns the parameters as a JSON Schema object in a form that every known client and model
// provider takes: no null unions, no combinators, no bare booleans but additionalProperties.
func schema(params []param) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	var required []string
	for i, p := range params {
		if i > 0 {
			b.WriteByte(',')
		}
		if p.required {
			required = append(required, p.name)
		}
		fmt.Fprintf(&b, `%s:{"type":%s,"description":%s`, quoteJSON(p.name), quoteJSON(p.kind), quoteJSON(p.about))
		if p.kind == "array" {
			fmt.Fprintf(&b, `,"items":{"type":"string"},"minItems":%d,"maxItems":%d`, p.min, p.max)
		}
		if len(p.enum) > 0 {
			b.WriteString(`,"enum":`)
			b.Write(encodeJSON(p.enum))
		}
		if p.kind == "integer" {
			fmt.Fprintf(&b, `,"minimum":%d`, p.min)
			if p.max != math.MaxInt64 {
				fmt.Fprintf(&b, `,"maximum":%d`, p.max)
			}
		}
		if p.preset != "" {
			b.WriteString(`,"default":` + p.preset)
		}
		b.WriteByte('}')
	}
	b.WriteByte('}')
	if len(required) > 0 {
		b.WriteString(`,"required":`)
		b.Write(encodeJSON(required))
	}
	b.WriteString(`,"additionalProperties":false}`)
	return b.Bytes()
}

// decode checks raw, a JSON object of arguments, against params and stores it in the struct that into
// points to. Null counts as absent. The error is an *ArgumentError.
func decode(raw json.RawMessage, params []param, into any) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return &ArgumentError{Message: "the arguments must be one JSON object, such as " + exampleOf(params)}
	}
	for _, name := range sortedKeys(given) {
		i := slices.IndexFunc(params, func(p param) bool { return p.name == name })
		if i < 0 {
			return unknownArgument(name, params)
		}
		if string(given[name]) == "null" {
			delete(given, name)
			continue
		}
		if message := params[i].check(given[name]); message != "" {
			return &ArgumentError{Field: name, Message: message}
		}
		if params[i].kind == "integer" { // 100.0 is a whole number too, but not to encoding/json
			n, _ := wholeNumber(given[name])
			given[name] = strconv.AppendInt(nil, n, 10)
		}
	}
	for _, p := range params {
		if _, ok := given[p.name]; p.required && !ok {
			return &ArgumentError{Field: p.name, Message: "is required, such as " + p.name + "=" + p.example}
		}
	}
	d := json.NewDecoder(bytes.NewReader(encodeJSON(given)))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return &ArgumentError{Message: "the arguments cannot be read; write them like " + exampleOf(params)}
	}
	return nil
}

// check returns what is wrong with a value that is not null; "" when nothing is.
func (p param) check(raw json.RawMessage) string {
	got := strings.ToValidUTF8(shorten(string(raw), 60), "\ufffd")
	switch p.kind {
	case "string":
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return "must be a string" + p.suchAs() + ", not " + got
		}
		if len(p.enum) > 0 && !slices.Contains(p.enum, s) {
			return "must be one of " + strings.Join(p.enum, ", ") + ", not " + got + didYouMean(s, p.enum)
		}
		if p.required && strings.TrimSpace(s) == "" {
			return "is empty" + p.suchAs()
		}
	case "integer":
		n, ok := wholeNumber(raw)
		if !ok || n < p.min || n > p.max {
			if p.max == math.MaxInt64 {
				return fmt.Sprintf("must be a whole number from %d, without quotes, not %s", p.min, got)
			}
			return fmt.Sprintf("must be a whole number from %d to %d, without quotes, not %s", p.min, p.max, got)
		}
	case "boolean":
		if s := string(raw); s != "true" && s != "false" {
			return "must be true or false, without quotes, not " + got
		}
	case "object":
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil {
			return "must be a JSON object" + p.suchAs() + ", not " + got
		}
	case "array":
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return "must be a list" + p.suchAs() + ", not " + got
		}
		if n := int64(len(list)); n < p.min || n > p.max {
			return fmt.Sprintf("must hold %d to %d names, not %d", p.min, p.max, n)
		}
		for _, item := range list {
			var s string
			if json.Unmarshal(item, &s) != nil || strings.TrimSpace(s) == "" {
				return "must hold strings" + p.suchAs() + ", not " + shorten(string(item), 60)
			}
		}
	}
	return ""
}

func (p param) suchAs() string {
	if p.example == "" {
		return ""
	}
	return ", such as " + p.example
}

// wholeNumber reads a JSON number without a fraction; 100.0 and 1e2 count.
func wholeNumber(raw json.RawMessage) (int64, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func unknownArgument(name string, params []param) error {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.name
	}
	return &ArgumentError{
		Field:   visible(shorten(name, 60)),
		Message: stopped("is no argument of this tool"+didYouMean(name, names)) + " Known: " + strings.Join(names, ", "),
	}
}

// didYouMean returns the nearest candidate as a half sentence, or "".
func didYouMean(name string, candidates []string) string {
	if near := hogql.Nearest(name, slices.Values(candidates), 1); len(near) > 0 {
		return `; did you mean "` + near[0] + `"?`
	}
	return ""
}

func exampleOf(params []param) string {
	for _, p := range params {
		if p.example != "" {
			return fmt.Sprintf("{%q: %s}", p.name, p.example)
		}
	}
	return "{}"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
