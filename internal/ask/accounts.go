package ask

import (
	"encoding/json"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// accountFilter is one of a project's filters that leave its own people out.
type accountFilter struct {
	Key      any    `json:"key"` // a cohort's may be a number
	Type     string `json:"type"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// TestAccounts is the condition on events that leaves a project's own people out, nil where one of the project's filters
// for them is no plain condition; and the filters' keys, none where the project has no such filters.
func TestAccounts(project driver.Project) (keys []string, condition hogql.Expr) {
	var filters []accountFilter
	if project.TestAccounts == "" || json.Unmarshal([]byte(project.TestAccounts), &filters) != nil {
		return nil, nil
	}
	var conditions []hogql.Expr
	for _, f := range filters {
		key, _ := f.Key.(string)
		keys = append(keys, key)
		if x := f.condition(key); x != nil {
			conditions = append(conditions, x)
		}
	}
	if len(conditions) == 0 || len(conditions) < len(filters) {
		return keys, nil
	}
	return keys, hogql.And(conditions...)
}

// condition is the filter as HogQL on events; nil where it is none that can be written so.
func (f accountFilter) condition(key string) hogql.Expr {
	path := []string{"properties", key}
	if f.Type == "person" {
		path = []string{"person", "properties", key}
	}
	values, isList := f.Value.([]any)
	if !isList {
		values = []any{f.Value}
	}
	var list []hogql.Expr
	for _, v := range values {
		x, err := hogql.Literal(v)
		if err != nil {
			return nil
		}
		list = append(list, x)
	}
	if key == "" || f.Type != "person" && f.Type != "event" || len(list) == 0 {
		return nil
	}
	field := hogql.Ref(path...)
	text, _ := values[0].(string)
	single := len(list) == 1
	switch {
	case f.Operator == "not_icontains" && single && text != "":
		return hogql.Op2(hogql.OpNotILike, field, hogql.Str("%"+text+"%"))
	case f.Operator == "icontains" && single && text != "":
		return hogql.Op2(hogql.OpILike, field, hogql.Str("%"+text+"%"))
	case f.Operator == "is_not" && single:
		return hogql.NotEq(field, list[0])
	case f.Operator == "is_not":
		return hogql.Op2(hogql.OpNotIn, field, &hogql.Tuple{Elems: list})
	case f.Operator == "exact" && single:
		return hogql.Eq(field, list[0])
	case f.Operator == "exact":
		return hogql.In(field, list...)
	case f.Operator == "not_regex" && single && text != "":
		return hogql.Op2(hogql.OpNotRegex, field, list[0])
	case f.Operator == "regex" && single && text != "":
		return hogql.Op2(hogql.OpRegex, field, list[0])
	}
	return nil
}
