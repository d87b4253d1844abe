package chdb

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

type kind int

const (
	kindFloat64 kind = iota
	kindFloat32
	kindTime
	kindArray // every element has the shape parts[0]
	kindTuple // element i has the shape parts[i]
	kindMap   // every value has the shape parts[0]
)

// shape says where in a value ClickHouse's JSON differs from PostHog's. A nil
// shape is a value that is right as it stands.
type shape struct {
	kind     kind
	location *time.Location // kindTime
	parts    []*shape
}

// part returns the shape of element i of a list, or of an object.
func (s *shape) part(i int, object bool) (*shape, error) {
	switch {
	case s == nil:
		return nil, nil
	case object && s.kind == kindMap, !object && s.kind == kindArray:
		return s.parts[0], nil
	case !object && s.kind == kindTuple && i < len(s.parts):
		return s.parts[i], nil
	}
	return nil, errors.New("a list or an object is not of its column's type")
}

// parseShape reads ClickHouse's name of a type, e.g.
// "Array(Tuple(at DateTime64(6, 'UTC'), n UInt64))". Types without a zone are
// in the given one.
func parseShape(name string, location *time.Location) (*shape, error) {
	head, args := splitType(name)
	switch head {
	case "Nullable", "LowCardinality":
		return parseShape(args[0], location)
	case "SimpleAggregateFunction":
		return parseShape(args[1], location)
	case "Float64", "BFloat16":
		return &shape{kind: kindFloat64}, nil
	case "Float32":
		return &shape{kind: kindFloat32}, nil
	case "DateTime", "DateTime64":
		s := &shape{kind: kindTime, location: location}
		if n := len(args); n > 0 && strings.HasPrefix(args[n-1], "'") {
			zone, err := time.LoadLocation(strings.Trim(args[n-1], "'"))
			if err != nil {
				return nil, fmt.Errorf("type %s: %w", name, err)
			}
			s.location = zone
		}
		return s, nil
	case "Array", "Tuple", "Map":
		return parseParts(head, args, location)
	case "Point", "Ring", "LineString", "MultiLineString", "Polygon", "MultiPolygon":
		return parseShape(map[string]string{
			"Point": "Tuple(Float64, Float64)", "Ring": "Array(Point)", "LineString": "Array(Point)",
			"MultiLineString": "Array(LineString)", "Polygon": "Array(Ring)", "MultiPolygon": "Array(Polygon)",
		}[head], location)
	}
	return nil, nil
}

func parseParts(head string, args []string, location *time.Location) (*shape, error) {
	s := &shape{kind: map[string]kind{"Array": kindArray, "Tuple": kindTuple, "Map": kindMap}[head]}
	if head == "Map" {
		args = args[1:] // keys are strings in JSON, whatever they were
	}
	differs := false
	for _, arg := range args {
		if head == "Tuple" {
			arg = withoutName(arg)
		}
		part, err := parseShape(arg, location)
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, part)
		differs = differs || part != nil
	}
	if !differs {
		return nil, nil
	}
	return s, nil
}

// splitType takes "Head(arg, arg)" apart. Commas inside parentheses and quotes
// belong to the argument.
func splitType(name string) (head string, args []string) {
	open := strings.IndexByte(name, '(')
	if open < 0 || !strings.HasSuffix(name, ")") {
		return name, nil
	}
	if head, name = name[:open], name[open+1:len(name)-1]; name == "" {
		return head, nil // Tuple()
	}
	start := 0
	for i, depth := 0, 0; i < len(name); i++ {
		switch c := name[i]; c {
		case '\'', '`':
			i = quoteEnd(name, i)
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				args = append(args, strings.TrimSpace(name[start:i]))
				start = i + 1
			}
		}
	}
	return head, append(args, strings.TrimSpace(name[start:]))
}

// quoteEnd returns the index of the quote that closes the one at i.
func quoteEnd[T string | []byte](s T, i int) int {
	quote := s[i]
	for i++; i < len(s) && s[i] != quote; i++ {
		if s[i] == '\\' {
			i++
		}
	}
	return i
}

// withoutName drops an element's name: "at DateTime" and "`my time` DateTime"
// are "DateTime". A space before the first parenthesis can only follow a name.
func withoutName(element string) string {
	if element[0] == '`' {
		return strings.TrimSpace(element[quoteEnd(element, 0)+1:])
	}
	if i := strings.IndexAny(element, " ("); i >= 0 && element[i] == ' ' {
		return element[i+1:]
	}
	return element
}
