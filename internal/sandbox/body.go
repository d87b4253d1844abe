package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// shape is the form of one JSON value of a request. PostHog reads bodies into typed models that refuse
// unknown keys; a shape is what such a model accepts.
type shape struct {
	kind     jsonKind
	nullable bool
	required bool
	words    []string          // the only values of a text
	max      int               // characters of a text; 0 for any number
	fields   map[string]*shape // of an object; nil accepts any keys
	values   *shape            // of an object with any keys: what each holds
}

// jsonKind is the kind of a JSON value.
type jsonKind string

const (
	anyKind    jsonKind = ""
	textKind   jsonKind = "string"
	numberKind jsonKind = "number"
	boolKind   jsonKind = "boolean"
	objectKind jsonKind = "dictionary"
	listKind   jsonKind = "list"
)

func optional(kind jsonKind) *shape { return &shape{kind: kind, nullable: true} }

// problem is one thing that does not fit.
type problem struct{ path, reason, code string }

// check compares a value with the shape and returns what does not fit, in the order of the keys.
func (s *shape) check(path string, raw json.RawMessage) []problem {
	raw = bytes.TrimSpace(raw)
	kind := kindOf(raw)
	switch {
	case kind == "null":
		if s.nullable || s.kind == anyKind {
			return nil
		}
	case s.kind == anyKind:
		return nil
	case kind == s.kind:
		return s.checkValue(path, raw)
	}
	return []problem{{path, "Input should be a valid " + string(s.kind), string(s.kind) + "_type"}}
}

func (s *shape) checkValue(path string, raw json.RawMessage) []problem {
	switch s.kind {
	case textKind:
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return []problem{{path, "Input should be a valid string", "string_type"}}
		}
		if s.words != nil && !slices.Contains(s.words, text) {
			return []problem{{path, "Input should be " + quoteList(s.words), "enum"}}
		}
		if n := len([]rune(text)); s.max > 0 && n > s.max {
			return []problem{{path, fmt.Sprintf("String should have at most %d characters", s.max), "string_too_long"}}
		}
	case objectKind:
		return s.checkObject(path, raw)
	}
	return nil
}

func (s *shape) checkObject(path string, raw json.RawMessage) []problem {
	var have map[string]json.RawMessage
	if json.Unmarshal(raw, &have) != nil {
		return []problem{{path, "Input should be a valid dictionary", "dictionary_type"}}
	}
	var found []problem
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		value, present := have[name]
		if !present {
			if s.fields[name].required {
				found = append(found, problem{join(path, name), "Field required", "missing"})
			}
			continue
		}
		found = append(found, s.fields[name].check(join(path, name), value)...)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if s.values != nil {
			found = append(found, s.values.check(join(path, name), have[name])...)
		} else if _, known := s.fields[name]; s.fields != nil && !known {
			found = append(found, problem{join(path, name), "Extra inputs are not permitted", "extra_forbidden"})
		}
	}
	return found
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func quoteList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + w + "'"
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " or " + quoted[n-1]
	}
	return quoted[0]
}

func kindOf(raw json.RawMessage) jsonKind {
	if len(raw) == 0 {
		return "null"
	}
	switch raw[0] {
	case '"':
		return textKind
	case '{':
		return objectKind
	case '[':
		return listKind
	case 't', 'f':
		return boolKind
	case 'n':
		return "null"
	}
	return numberKind
}

// report is PostHog's multi-line list of problems.
func report(model string, found []problem) *failure {
	var b strings.Builder
	plural := "s"
	if len(found) == 1 {
		plural = ""
	}
	fmt.Fprintf(&b, "%d validation error%s for %s", len(found), plural, model)
	for _, p := range found {
		if p.path != "" {
			b.WriteString("\n" + p.path)
		}
		fmt.Fprintf(&b, "\n  %s [type=%s]", p.reason, p.code)
	}
	return parseError(b.String())
}

// checkJSON refuses a request whose body is not declared as JSON, or is none.
func checkJSON(c *call) error {
	kind, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &failure{
			status: http.StatusUnsupportedMediaType, kind: typeInvalid, code: "unsupported_media_type",
			detail: fmt.Sprintf("Unsupported media type %q in request.", c.Header.Get("Content-Type")),
		}
	}
	var syntax json.RawMessage
	if err := json.Unmarshal(c.body, &syntax); err != nil {
		return parseError(err.Error())
	}
	return nil
}
