package tools

import (
	"math"
	"strings"

	"posthog-mcp/internal/driver"
)

// ListArgs are the arguments of list_objects. All are optional.
type ListArgs struct {
	Search    string `json:"search,omitempty"`
	Kind      string `json:"kind,omitempty"` // a driver.ObjectKind; "" means every kind
	Limit     int    `json:"limit,omitempty"`
	Cursor    string `json:"cursor,omitempty"`
	ProjectID int64  `json:"project_id,omitempty"` // 0: the configured project
	Catalogue bool   `json:"-"`                    // add the whole catalogue to the Data of an overview
}

// FieldsArgs are the arguments of get_fields. Objects is required.
type FieldsArgs struct {
	Objects   []string `json:"objects,omitempty"`
	Search    string   `json:"search,omitempty"`
	Samples   *bool    `json:"samples,omitempty"` // nil means true
	ProjectID int64    `json:"project_id,omitempty"`
}

// QueryArgs are the arguments of query_posthog: one of Query, Question and Result.
type QueryArgs struct {
	Query        string         `json:"query,omitempty"`
	Question     string         `json:"question,omitempty"`
	Values       map[string]any `json:"values,omitempty"` // for {name} placeholders; bound by PostHog, never pasted
	TimePeriod   string         `json:"time_period,omitempty"`
	Limit        int64          `json:"limit,omitempty"`  // 0 means 1000
	Format       string         `json:"format,omitempty"` // "" means csv
	Refresh      string         `json:"refresh,omitempty"`
	ValidateOnly bool           `json:"validate_only,omitempty"`
	ProjectID    int64          `json:"project_id,omitempty"`
	Result       string         `json:"result,omitempty"` // of a kept result: its id, or posthog://result/ID
	Page         int64          `json:"page,omitempty"`   // of a kept result; 0 means 1

	Progress func(driver.Progress) `json:"-"` // hears how far a long run is; may be nil
}

// Limits of rows in one answer. PostHog lowers larger limits than 50,000 without a word.
const (
	defaultLimit = 1000
	maxLimit     = 50_000
)

func projectParam() param {
	return param{name: "project_id", kind: "integer", min: 1, max: math.MaxInt64, example: "1",
		about: "Project to read instead of the configured one. list_objects kind=project lists those the key may see."}
}

func listParams() []param {
	kinds := make([]string, 0, 14)
	for _, k := range driver.Kinds() {
		kinds = append(kinds, string(k))
	}
	return []param{
		{name: "search", kind: "string", example: `"signup"`,
			about: "A word or two of the name or description. Matches every kind unless kind is set."},
		{name: "kind", kind: "string", enum: kinds, example: `"event"`, about: "List only this kind."},
		{name: "limit", kind: "integer", min: 1, max: 500, preset: "50", example: "50", about: "Most entries to return."},
		{name: "cursor", kind: "string", about: "Continue a list: the cursor that the answer before gave, with the same other arguments."},
		projectParam(),
	}
}

func fieldsParams() []param {
	return []param{
		{name: "objects", kind: "array", required: true, min: 1, max: 10, example: `["events","event:NAME"]`,
			about: "What to read: a table or view name, event:NAME, person, session, group:TYPE, property:NAME, cohort:ID, action:ID, " +
				"insight:SHORT_ID, dashboard:ID, feature_flag:KEY, experiment:ID, survey:ID. list_objects gives them."},
		{name: "search", kind: "string", example: `"plan"`, about: "Only fields with this word in their name or description."},
		{name: "samples", kind: "boolean", preset: "true", about: "Show the most frequent values of text properties (costs a query)."},
		projectParam(),
	}
}

func queryParams() []param {
	return []param{
		{name: "query", kind: "string", example: `"SELECT event, count() AS n FROM events WHERE timestamp >= now() - INTERVAL 7 DAY GROUP BY event ORDER BY n DESC"`,
			about: "One HogQL SELECT. {name} stands for an entry of values, {filters} for the time period."},
		{name: "question", kind: "string", example: `"How many people signed up per week in the last 90 days?"`,
			about: "Instead of query: an analytics question in plain English. It is answered with the HogQL that ran, or refused with the closest names."},
		{name: "values", kind: "object", example: `{"name":"user_signed_up"}`,
			about: "Values of the {name} placeholders: text, numbers, booleans, null, lists. Sent apart from the query, so text from users is safe here."},
		{name: "time_period", kind: "string", enum: []string{"1d", "7d", "30d", "90d", "all"},
			about: "Of a question that names none (default 7d); fills {filters} in a query."},
		{name: "limit", kind: "integer", min: 1, max: maxLimit, preset: "1000", example: "1000",
			about: "Most rows to return. A smaller LIMIT in the query is kept."},
		{name: "format", kind: "string", enum: []string{FormatCSV, FormatJSON, FormatMarkdown}, preset: `"csv"`,
			about: "csv has the fewest tokens; json keeps nested values and full types."},
		{name: "refresh", kind: "string", enum: []string{"cached", "fresh"}, preset: `"cached"`,
			about: "cached: a recent answer may be reused, its age is shown. fresh: computed now."},
		{name: "validate_only", kind: "boolean", preset: "false", about: "Check the query, do not run it."},
		{name: "result", kind: "string", example: `"7Qm3xV0bTz81"`,
			about: "Instead of query: the id of a kept answer, to read on without asking PostHog again."},
		{name: "page", kind: "integer", min: 1, max: math.MaxInt64, example: "2", about: "Page of result, from 1."},
		projectParam(),
	}
}

// checked returns an *ArgumentError when arguments that did not come as JSON break the rules of params.
func checked(params []param, args any) error {
	var ignored map[string]any
	return decode(encodeJSON(args), params, &ignored)
}

// source checks that either a query or a kept result is asked for, and nothing that the other form alone takes.
func (a QueryArgs) source() error {
	switch {
	case strings.TrimSpace(a.Query) == "" && strings.TrimSpace(a.Question) == "" && a.Result == "":
		return &ArgumentError{Field: "query", Message: "is required, or question, or result for more of a kept answer. Such as query=" + queryParams()[0].example}
	case a.Query != "" && a.Question != "":
		return &ArgumentError{Field: "question", Message: "goes without query: leave one of them out"}
	case a.Question != "" && a.Result != "":
		return &ArgumentError{Field: "result", Message: "goes with page alone: leave question out to read the kept answer, or result to ask"}
	case a.Question != "" && len(a.Values) > 0:
		return &ArgumentError{Field: "values", Message: "goes with query, whose placeholders it fills: a question has none"}
	case a.Query != "" && a.Result != "":
		return &ArgumentError{Field: "result", Message: "goes with page alone: leave query out to read the kept answer, or result to run the query"}
	case a.Result == "" && a.Page != 0:
		return &ArgumentError{Field: "page", Message: "goes with result, the id of a kept answer. For more rows of a query pass limit"}
	case a.Result == "":
		return nil
	}
	for _, extra := range []struct {
		name  string
		given bool
	}{
		{"values", len(a.Values) > 0},
		{"time_period", a.TimePeriod != ""},
		{"limit", a.Limit != 0},
		{"refresh", a.Refresh != ""},
		{"validate_only", a.ValidateOnly},
	} {
		if extra.given {
			return &ArgumentError{Field: extra.name, Message: "does not go with result, whose rows are computed already: pass result, page and format only"}
		}
	}
	return nil
}

// format returns the answer's format: csv unless said otherwise.
func (a QueryArgs) format() string {
	if a.Format == "" {
		return FormatCSV
	}
	return strings.ToLower(a.Format)
}
