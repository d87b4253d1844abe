package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
)

// filters are what {filters} in a query stands for.
type filters struct {
	Properties         []propertyFilter `json:"properties"`
	DateRange          *dateRange       `json:"dateRange"`
	FilterTestAccounts bool             `json:"filterTestAccounts"`
}

// dateRange is a range of time, each end ISO or relative.
type dateRange struct {
	From string `json:"date_from"`
	To   string `json:"date_to"`
}

// propertyFilter is one condition on a property.
type propertyFilter struct {
	Key        string          `json:"key"`
	Type       string          `json:"type"` // event, person, group, session, hogql, cohort
	Value      json.RawMessage `json:"value,omitempty"`
	Operator   string          `json:"operator,omitempty"` // "" means exact
	GroupIndex int             `json:"group_type_index,omitempty"`
}

// fillers returns what the placeholders of a query stand for, by name.
func (s *Server) fillers(p *project, values map[string]json.RawMessage, variables map[string]variable, f *filters) (map[string]hogql.Expr, error) {
	fill := map[string]hogql.Expr{}
	for name, raw := range values {
		if name == "filters" && f != nil {
			return nil, invalidQuery("hogql_query_error", "Query contains 'filters' both as placeholder and as a query parameter.")
		}
		e, err := literal(raw)
		if err != nil {
			return nil, invalidQuery("hogql_query_error", fmt.Sprintf("The value of {%s} is no constant: %s", name, err))
		}
		fill[name] = e
	}
	for _, v := range variables {
		e := hogql.Expr(&hogql.Null{})
		if !v.IsNull && v.Value != nil {
			var err error
			if e, err = literal(v.Value); err != nil {
				return nil, invalidQuery("hogql_query_error", fmt.Sprintf("The value of {variables.%s} is no constant: %s", v.CodeName, err))
			}
		}
		fill["variables."+v.CodeName] = e
	}
	if _, given := values["filters"]; given {
		return fill, nil
	}
	if f == nil {
		f = &filters{}
	}
	return fill, s.fillFilters(p, *f, fill)
}

func literal(raw json.RawMessage) (hogql.Expr, error) {
	v, err := decodeExact(raw)
	if err != nil {
		return nil, err
	}
	return hogql.Literal(v)
}

// fillFilters adds {filters} and the ends of its range. No filters at all are true.
func (s *Server) fillFilters(p *project, f filters, fill map[string]hogql.Expr) error {
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		return fmt.Errorf("load the project's time zone: %w", err)
	}
	var conditions []hogql.Expr
	bound := func(text, name string, op hogql.Op) error {
		fill["filters.dateRange."+name] = &hogql.Null{}
		if text == "" {
			return nil
		}
		t, all, err := parseDate(text, s.now, zone)
		if err != nil || all {
			return err
		}
		e := dateTime(t)
		fill["filters.dateRange."+name] = e
		conditions = append(conditions, hogql.Op2(op, hogql.Ref("timestamp"), e))
		return nil
	}
	r := dateRange{}
	if f.DateRange != nil {
		r = *f.DateRange
	}
	if err := bound(r.From, "from", hogql.OpGreaterEq); err != nil {
		return invalidQuery("hogql_query_error", err.Error())
	}
	if err := bound(r.To, "to", hogql.OpLess); err != nil {
		return invalidQuery("hogql_query_error", err.Error())
	}
	list := f.Properties
	if f.FilterTestAccounts {
		for _, own := range p.TestAccountFilters {
			one, err := ownFilter(own)
			if err != nil {
				return fmt.Errorf("read the test account filters: %w", err)
			}
			list = append(list[:len(list):len(list)], one)
		}
	}
	for _, property := range list {
		e, err := property.condition(p)
		if err != nil {
			return invalidQuery("invalid_property_filter", err.Error())
		}
		conditions = append(conditions, e)
	}
	fill["filters"] = allOf(conditions)
	return nil
}

// allOf is true where all conditions are; no conditions are true.
func allOf(conditions []hogql.Expr) hogql.Expr {
	if len(conditions) == 0 {
		return &hogql.Bool{Value: true}
	}
	return hogql.And(conditions...)
}

func dateTime(t time.Time) hogql.Expr {
	return hogql.Fn("toDateTime", hogql.Str(isoText(t)), hogql.Str("UTC"))
}

// condition returns the filter as HogQL.
func (f propertyFilter) condition(p *project) (hogql.Expr, error) {
	switch f.Type {
	case "hogql":
		return hogql.ParseExpr(f.Key)
	case "cohort", "static-cohort", "precalculated-cohort":
		id, err := literal(f.Value)
		if err != nil {
			return nil, fmt.Errorf("the cohort filter has no id: %w", err)
		}
		op := hogql.OpInCohort
		if f.Operator == "not_in" {
			op = hogql.OpNotInCohort
		}
		return hogql.Op2(op, hogql.Ref("person_id"), id), nil
	}
	var x hogql.Expr
	switch f.Type {
	case "", "event", "feature":
		x = hogql.Ref("properties", f.Key)
	case "person":
		x = hogql.Ref("person", "properties", f.Key)
	case "group":
		x = hogql.Ref(fmt.Sprintf("group_%d", f.GroupIndex), "properties", f.Key)
	case "session":
		x = hogql.Ref("session", f.Key)
	case "event_metadata":
		x = hogql.Ref(f.Key)
	default:
		return nil, fmt.Errorf("a filter of type %q is not known", f.Type)
	}
	return f.compare(x, p)
}

func (f propertyFilter) compare(x hogql.Expr, p *project) (hogql.Expr, error) {
	switch f.Operator {
	case "is_set":
		return &hogql.IsNull{X: x, Not: true}, nil
	case "is_not_set":
		return &hogql.IsNull{X: x}, nil
	}
	values, err := f.values(p)
	if err != nil {
		return nil, err
	}
	negative := f.Operator == "is_not" || strings.HasPrefix(f.Operator, "not_")
	parts := make([]hogql.Expr, len(values))
	for i, v := range values {
		if parts[i], err = compareOne(f.Operator, x, v); err != nil {
			return nil, err
		}
	}
	if negative || len(parts) < 2 {
		return allOf(parts), nil
	}
	return hogql.Or(parts...), nil
}

// values returns the filter's value, or the members of a list. "true" and "false" are booleans for a
// property that is defined as one.
func (f propertyFilter) values(p *project) ([]hogql.Expr, error) {
	v, err := decodeExact(f.Value)
	if err != nil {
		return nil, fmt.Errorf("the filter on %q has no value", f.Key)
	}
	list, is := v.([]any)
	if !is {
		list = []any{v}
	}
	var out []hogql.Expr
	for _, one := range list {
		if text, is := one.(string); is && p.propertyType(f.Type, f.Key) == "Boolean" && (text == "true" || text == "false") {
			one = text == "true"
		}
		e, err := hogql.Literal(one)
		if err != nil {
			return nil, fmt.Errorf("the filter on %q: %w", f.Key, err)
		}
		out = append(out, e)
	}
	return out, nil
}

func compareOne(operator string, x, v hogql.Expr) (hogql.Expr, error) {
	ops := map[string]hogql.Op{
		"": hogql.OpEq, "exact": hogql.OpEq, "in": hogql.OpEq, "is_not": hogql.OpNotEq, "not_in": hogql.OpNotEq,
		"gt": hogql.OpGreater, "gte": hogql.OpGreaterEq, "min": hogql.OpGreaterEq,
		"lt": hogql.OpLess, "lte": hogql.OpLessEq, "max": hogql.OpLessEq,
		"is_date_exact": hogql.OpEq, "is_date_after": hogql.OpGreater, "is_date_before": hogql.OpLess,
	}
	if op, known := ops[operator]; known {
		return hogql.Op2(op, x, v), nil
	}
	text, is := v.(*hogql.String)
	if !is {
		return nil, fmt.Errorf("the operator %q needs a text", operator)
	}
	x = hogql.Fn("toString", x)
	switch operator {
	case "icontains":
		return hogql.Op2(hogql.OpILike, x, containing(text.Value)), nil
	case "not_icontains":
		return hogql.Op2(hogql.OpNotILike, x, containing(text.Value)), nil
	case "regex":
		return hogql.Op2(hogql.OpRegex, x, text), nil
	case "not_regex":
		return hogql.Op2(hogql.OpNotRegex, x, text), nil
	}
	return nil, fmt.Errorf("the operator %q is not known", operator)
}

// containing is the pattern that a text matches which contains part.
func containing(part string) *hogql.String {
	return hogql.Str("%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(part) + "%")
}

// propertyType returns the type that a property is defined with, "" for none.
func (p *project) propertyType(kind, name string) string {
	if kind == "" {
		kind = "event"
	}
	for _, d := range p.Properties {
		if d.Type == kind && d.Name == name {
			return d.PropertyType
		}
	}
	return ""
}
