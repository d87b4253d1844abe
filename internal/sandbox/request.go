package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// queryRequest is the body of POST …/query/.
type queryRequest struct {
	Query         json.RawMessage `json:"query"`
	Refresh       mode            `json:"refresh"`
	ClientQueryID string          `json:"client_query_id"`
	Name          string          `json:"name"`
	Async         bool            `json:"async"` // PostHog's old way to say refresh: "async"

	kind string
}

// mode is how an answer is to be made: see the constants.
type mode string

// PostHog's modes of refresh.
const (
	blocking          mode = "blocking"       // fresh cache, else compute
	forceBlocking     mode = "force_blocking" // compute
	async             mode = "async"          // fresh cache, else start a run; stale rows come along
	forceAsync        mode = "force_async"    // start a run
	lazyAsync         mode = "lazy_async"     // as async, with a longer patience for stale rows
	asyncExceptOnMiss mode = "async_except_on_cache_miss"
	forceCache        mode = "force_cache" // any cache, else compute
)

// hogqlQuery is a query of kind HogQLQuery.
type hogqlQuery struct {
	Query     string                     `json:"query"`
	Values    map[string]json.RawMessage `json:"values"`
	Variables map[string]variable        `json:"variables"`
	Filters   *filters                   `json:"filters"`
	Modifiers modifiers                  `json:"modifiers"`
	Name      string                     `json:"name"`
}

// variable is one entry of a query's variables, for {variables.code_name}.
type variable struct {
	CodeName string          `json:"code_name"`
	Value    json.RawMessage `json:"value"`
	IsNull   bool            `json:"isNull"`
}

// modifiers are those that change something here; the others are accepted and have no effect.
type modifiers struct {
	Debug           bool  `json:"debug"`
	ProjectTimeZone *bool `json:"convertToProjectTimezone"`
}

// projectZone tells whether times are shown in the project's zone; else in UTC.
func (m modifiers) projectZone() bool { return m.ProjectTimeZone == nil || *m.ProjectTimeZone }

// metadataQuery is a query of kind HogQLMetadata.
type metadataQuery struct {
	Language    string                     `json:"language"`
	Query       string                     `json:"query"`
	Filters     *filters                   `json:"filters"`
	Variables   map[string]variable        `json:"variables"`
	Globals     map[string]json.RawMessage `json:"globals"`
	SourceQuery *struct {
		Query string `json:"query"`
	} `json:"sourceQuery"`
}

// The kinds of queries that the sandbox answers.
const (
	kindHogQL    = "HogQLQuery"
	kindSchema   = "DatabaseSchemaQuery"
	kindMetadata = "HogQLMetadata"
)

// otherKinds are kinds that PostHog knows and the sandbox does not run.
func otherKinds() []string {
	return []string{
		"ActionsNode", "ActorsPropertyTaxonomyQuery", "ActorsQuery", "CalendarHeatmapQuery", "DataTableNode", "DataVisualizationNode",
		"ErrorTrackingQuery", "EventTaxonomyQuery", "EventsNode", "EventsQuery", "ExperimentQuery", "FunnelsQuery", "GroupsQuery",
		"HogQLASTQuery", "HogQLAutocomplete", "HogQuery", "InsightVizNode", "LifecycleQuery", "LogsQuery", "PathsQuery", "PersonsNode",
		"RecordingsQuery", "RetentionQuery", "SessionsTimelineQuery", "StickinessQuery", "TeamTaxonomyQuery", "TracesQuery", "TrendsQuery",
		"WebOverviewQuery", "WebStatsTableQuery",
	}
}

// requestShape is the form of the whole body, without the query.
func requestShape() *shape {
	return &shape{kind: objectKind, fields: map[string]*shape{
		"query": {kind: objectKind, required: true},
		"refresh": {kind: textKind, nullable: true, words: []string{
			string(async), string(asyncExceptOnMiss), string(blocking), string(forceAsync), string(forceBlocking), string(forceCache), string(lazyAsync),
		}},
		"client_query_id": optional(textKind), "name": {kind: textKind, nullable: true, max: 128},
		"filters_override": optional(objectKind), "variables_override": optional(objectKind),
		"limit_context": {kind: textKind, nullable: true, words: []string{"posthog_ai"}}, "async": optional(boolKind),
	}}
}

// queryShape is the form of the query object of one kind; nil for kinds that the sandbox does not run.
func queryShape(kind string) *shape {
	fields := map[string]*shape{
		"kind": {kind: textKind, required: true}, "version": optional(numberKind), "response": optional(objectKind),
		"connectionId": optional(textKind), "modifiers": modifiersShape(), "tags": {kind: objectKind, nullable: true, fields: map[string]*shape{
			"scene": optional(textKind), "productKey": optional(textKind), "name": optional(textKind),
		}},
	}
	switch kind {
	case kindSchema:
	case kindHogQL:
		fields["query"] = &shape{kind: textKind, required: true}
		fields["values"] = optional(objectKind)
		fields["variables"] = variablesShape()
		fields["filters"] = filtersShape()
		fields["explain"], fields["sendRawQuery"] = optional(boolKind), optional(boolKind)
		fields["name"] = optional(textKind)
	case kindMetadata:
		fields["query"] = &shape{kind: textKind, required: true}
		fields["language"] = &shape{kind: textKind, required: true, words: []string{"hog", "hogJson", "hogQL", "hogQLExpr", "hogTemplate", "liquid"}}
		fields["variables"] = variablesShape()
		fields["filters"] = filtersShape()
		fields["globals"], fields["sourceQuery"] = optional(objectKind), optional(objectKind)
		fields["debug"] = optional(boolKind)
	default:
		return nil
	}
	return &shape{kind: objectKind, fields: fields}
}

func variablesShape() *shape {
	return &shape{kind: objectKind, nullable: true, values: &shape{kind: objectKind, fields: map[string]*shape{
		"variableId": {kind: textKind, required: true}, "code_name": {kind: textKind, required: true}, "value": {}, "isNull": optional(boolKind),
	}}}
}

func filtersShape() *shape {
	return &shape{kind: objectKind, nullable: true, fields: map[string]*shape{
		"properties": optional(listKind), "filterTestAccounts": optional(boolKind),
		"dateRange": {kind: objectKind, nullable: true, fields: map[string]*shape{
			"date_from": optional(textKind), "date_to": optional(textKind), "explicitDate": optional(boolKind),
		}},
	}}
}

func modifiersShape() *shape {
	fields := map[string]*shape{"bounceRateDurationSeconds": optional(numberKind), "customChannelTypeRules": optional(listKind)}
	for _, name := range []string{"debug", "timings", "convertToProjectTimezone", "optimizeProjections", "pushDownPredicates"} {
		fields[name] = optional(boolKind)
	}
	for _, name := range []string{"forceClickhouseDataSkippingIndexes"} {
		fields[name] = optional(listKind)
	}
	for _, name := range []string{
		"personsOnEventsMode", "personsArgMaxVersion", "inCohortVia", "materializationMode", "sessionTableVersion", "propertyGroupsMode",
	} {
		fields[name] = optional(textKind)
	}
	return &shape{kind: objectKind, nullable: true, fields: fields}
}

// readQueryRequest reads and checks the body of POST …/query/.
func readQueryRequest(c *call) (*queryRequest, error) {
	if err := checkJSON(c); err != nil {
		return nil, err
	}
	body, err := withoutCredentials(c.body)
	if err != nil {
		return nil, report("QueryRequest", []problem{{"", "Input should be a valid dictionary", "dictionary_type"}})
	}
	found := requestShape().check("", body)
	var r queryRequest
	var tagged struct {
		Kind string `json:"kind"`
	}
	if len(found) == 0 {
		if err := json.Unmarshal(body, &r); err != nil {
			return nil, parseError(err.Error())
		}
		_ = json.Unmarshal(r.Query, &tagged) // a kind that is no text is not known below
		r.kind = tagged.Kind
		s := queryShape(r.kind)
		switch {
		case s != nil:
			found = s.check("query."+r.kind, r.Query)
		case slices.Contains(otherKinds(), r.kind):
			return nil, invalidInput("", "Can't get a runner for an unknown query kind: %s", r.kind)
		case r.kind == "":
			found = []problem{{"query", "Unable to extract tag using discriminator 'kind'", "union_tag_not_found"}}
		default:
			found = []problem{{"query", fmt.Sprintf("Input tag '%s' found using 'kind' does not match any of the expected tags", r.kind), "union_tag_invalid"}}
		}
	}
	if len(found) > 0 {
		return nil, report("QueryRequest", found)
	}
	switch {
	case r.Refresh == "" && r.Async:
		r.Refresh = async
	case r.Refresh == "":
		r.Refresh = blocking
	}
	return &r, nil
}

// withoutCredentials drops the fields by which a body can carry a key or a project token: they were used
// before the body is read as a query.
func withoutCredentials(body []byte) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	before := len(fields)
	for _, name := range []string{"personal_api_key", "token", "api_key"} {
		delete(fields, name)
	}
	if len(fields) == before {
		return body, nil
	}
	return marshal(fields)
}

// decodeExact reads JSON with every digit of its numbers kept.
func decodeExact(raw json.RawMessage) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}
