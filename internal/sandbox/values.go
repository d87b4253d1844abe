package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"

	"posthog-mcp/internal/hogql"
)

// valuesBody is the answer with sample values of a property.
type valuesBody struct {
	Results    []valueName `json:"results"`
	Refreshing bool        `json:"refreshing"`
}

type valueName struct {
	Name string `json:"name"`
}

// eventValues answers GET …/events/values/: up to ten values that a property, or a column, of the named
// events had in the last seven days, the most frequent first.
func (s *Server) eventValues(c *call) (*reply, error) {
	q := c.URL.Query()
	key := q.Get("key")
	if key == "" {
		return nil, invalidInput("key", "This field is required.")
	}
	events := separated(c, "event_name")
	if key != "custom_event" && len(events) == 0 {
		return nil, invalidInput("event_name", "The event_name parameter is required when a personal API key is used.")
	}
	var x hogql.Expr = hogql.Ref("properties", key)
	where := []hogql.Expr{hogql.GreaterEq(hogql.Ref("timestamp"), dateTime(s.now.AddDate(0, 0, -7)))}
	switch {
	case key == "custom_event":
		x = hogql.Ref("event")
		where = append(where, hogql.Op2(hogql.OpNotLike, x, hogql.Str("$%")))
	case flag(c, "is_column"):
		x = hogql.Ref(key)
	}
	if len(events) > 0 {
		var names []hogql.Expr
		for _, name := range events {
			names = append(names, hogql.Str(name))
		}
		where = append(where, hogql.In(hogql.Ref("event"), names...))
	}
	text := hogql.Fn("toString", x)
	where = append(where, &hogql.IsNull{X: x, Not: true})
	if part := q.Get("value"); part != "" {
		where = append(where, hogql.Op2(hogql.OpILike, text, containing(part)))
	}
	for name, values := range q {
		if property, is := strings.CutPrefix(name, "properties_"); is {
			e, err := propertyFilter{Key: property, Type: "event", Value: jsonOrText(values[0])}.condition(c.project)
			if err != nil {
				return nil, invalidInput(name, "%s", err)
			}
			where = append(where, e)
		}
	}
	names, err := s.frequent(c, text, where)
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, body: valuesBody{Results: names}, header: http.Header{"Cache-Control": {"max-age=10"}}}, nil
}

// jsonOrText returns a parameter's value as JSON: as it is where it is JSON, else as a text.
func jsonOrText(value string) json.RawMessage {
	if json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	text, _ := marshal(value) // a string always can be written
	return text
}

// frequent returns the most frequent values of an expression over the events that meet all conditions.
func (s *Server) frequent(c *call, x hogql.Expr, where []hogql.Expr) ([]valueName, error) {
	query := &hogql.Select{
		Columns: []hogql.Expr{hogql.As(x, "value")},
		From:    []*hogql.Join{{Table: &hogql.TableName{Chain: []hogql.Ident{{Name: "events"}}}}},
		Where:   hogql.And(where...),
		GroupBy: &hogql.GroupBy{Exprs: []hogql.Expr{hogql.Ref("value")}},
		OrderBy: []*hogql.Order{{X: hogql.Fn("count"), Desc: true}, {X: hogql.Ref("value")}},
		Limit:   &hogql.Limit{N: hogql.Int(10)},
	}
	compiled, err := s.compile(query, c.project, c.key.Scopes, modifiers{})
	if err != nil {
		return nil, err
	}
	r, err := s.run(c.Context(), c.project, compiled.SQL)
	if err != nil {
		return nil, err
	}
	names := []valueName{}
	for _, row := range r.Rows {
		var value [1]string
		if err := json.Unmarshal(row, &value); err != nil {
			return nil, err
		}
		names = append(names, valueName{value[0]})
	}
	return names, nil
}
