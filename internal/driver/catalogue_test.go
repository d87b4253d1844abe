package driver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// catalogue is a PostHog that knows a small project: answers by a word of the request. The words are tried
// in order of length, longest first.
type catalogue map[string]string

const schemaBody = `{"tables":{
	"events":{"type":"posthog","name":"events","fields":{
		"timestamp":{"name":"timestamp","hogql_value":"timestamp","type":"datetime"},
		"properties":{"name":"properties","hogql_value":"properties","type":"json"},
		"$session_id":{"name":"$session_id","hogql_value":"` + "`$session_id`" + `","type":"string"},
		"pdi":{"name":"pdi","hogql_value":"pdi","type":"lazy_table","table":"person_distinct_ids","fields":["distinct_id","person_id"]},
		"person":{"name":"person","hogql_value":"person","type":"field_traverser","chain":["pdi","person"]}}},
	"sessions":{"type":"posthog","name":"sessions","fields":{"$is_bounce":{"name":"$is_bounce","hogql_value":"` + "`$is_bounce`" + `","type":"boolean"}}},
	"system.cohorts":{"type":"system","name":"system.cohorts","fields":{"id":{"name":"id","hogql_value":"id","type":"integer"}}},
	"revenue_by_month":{"type":"view","name":"revenue_by_month","query":{"kind":"HogQLQuery","query":"SELECT 1"},"fields":{"month":{"type":"date"}}},
	"stripe_charge":{"type":"data_warehouse","name":"stripe_charge","row_count":1200,"source":{"source_type":"Stripe"},"fields":{"amount":{"name":"amount","hogql_value":"amount","type":"float"}}}}}`

func table(columns string, rows ...string) string {
	return `{"columns":` + columns + `,"results":[` + strings.Join(rows, ",") + `]}`
}

func page(next bool, results ...string) string {
	link := "null"
	if next {
		link = `"http://x/?offset=1000"`
	}
	return `{"count":1,"next":` + link + `,"previous":null,"results":[` + strings.Join(results, ",") + `]}`
}

// demo is a project that answers everything.
func demo() catalogue {
	return catalogue{
		"DatabaseSchemaQuery": schemaBody,
		"information_schema.tables": table(`["table_schema","table_name","table_type"]`, `["public","events","posthog"]`, `["public","cohort_people","posthog"]`,
			`["system","insights","system"]`, `["information_schema","columns","information_schema"]`, `["public","_hidden","posthog"]`),
		"information_schema.columns": table(`["column_name","data_type","field_kind"]`, `["cohort_id","Integer","column"]`, `["person.id","UUID","virtual_table"]`),
		"GROUP BY event":             table(`["event","n"]`, `["$pageview",500]`, `["movie_viewed",20]`, `["undefined_event",1]`),
		"/event_definitions/":        page(false, `{"name":"$pageview","description":null}`, `{"name":"movie_viewed","description":"A film <b>was</b> seen"}`, `{"name":"user_signed_up"}`, `{"name":"gone","hidden":true}`),
		"type=event":                 page(false, `{"name":"plan","property_type":"String"}`, `{"name":"$browser","property_type":"String"}`, `{"name":"price","property_type":"Numeric"}`, `{"name":"at","property_type":"DateTime"}`, `{"name":"50%","property_type":null}`),
		"type=person":                page(false, `{"name":"email","property_type":"String"}`, `{"name":"plan","property_type":"String","description":"of the person"}`),
		"type=session":               page(false, `{"name":"$session_duration","property_type":"Duration"}`),
		"type=group":                 page(false, `{"name":"size","property_type":"Numeric"}`),
		"/groups_types/":             `[{"group_type":"company","group_type_index":0,"name_singular":"Company","name_plural":null}]`,
		"UNION ALL": table(`["kind","ref","title","line"]`, `["insight","aB3","Signup funnel","FunnelsQuery · "]`, `["insight","sql1","Weekly revenue","HogQLQuery · by week"]`,
			`["cohort","3","Power users","12 persons · "]`, `["action","4","Signed up",""]`, `["feature_flag","new-player","new-player","the player"]`, `["dashboard","9","",""]`,
			`["experiment","5","Pricing","running · "]`, `["survey","u-1","NPS","popover"]`),
		"topK":                             table(`["t0","t1","t2","t3"]`, `[["Chrome","Safari"],["pro","`+strings.Repeat("x", 90)+`"],["9.99"],[]]`),
		"/api/personal_api_keys/@current/": `{"scoped_teams":[1,2]}`,
	}
}

func (c catalogue) answer(_ int, r *http.Request) reaction {
	body := ""
	if r.GetBody != nil {
		b, _ := r.GetBody()
		raw := make([]byte, 1<<20)
		n, _ := b.Read(raw)
		body = string(raw[:n])
	}
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	text := r.URL.Path + "?" + query + " " + body
	best := ""
	for word := range c {
		if strings.Contains(text, word) && len(word) > len(best) {
			best = word
		}
	}
	code, rest, failed := strings.Cut(c[best], "!")
	switch {
	case best == "":
		return reply(404, jsonType, detail("invalid_request", "not_found", "no route for "+text))
	case failed && code == "403":
		return reply(403, jsonType, detail("authentication_error", "permission_denied", "API key missing required scope '"+rest+"'"))
	case failed && code == "400":
		return reply(400, jsonType, detail("validation_error", "hogql_query_error", rest))
	case failed && code == "503":
		return reply(503, jsonType, detail("server_error", "database_unavailable", rest))
	}
	return reply(200, jsonType, c[best])
}

func (c catalogue) with(word, body string) catalogue { c[word] = body; return c }

// brief writes items in one line each.
func brief(items []driver.Item) []string {
	out := []string{}
	for _, it := range items {
		s := string(it.Kind) + " " + it.Name
		if it.Parent != "" {
			s += " of " + it.Parent
		}
		if it.Count != nil {
			s += fmt.Sprintf(" %d", *it.Count)
		}
		if it.Line != "" {
			s += " (" + it.Line + ")"
		}
		out = append(out, s+" → "+it.Object+" | "+it.Write)
	}
	return out
}

func TestOverview(t *testing.T) {
	t.Parallel()
	f := &fake{answer: demo().answer}
	c := newClient(t, f, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Equal(t, "Demo", o.Project.Name)
	require.Empty(t, o.Notes)
	require.WithinDuration(t, time.Now(), o.AsOf, time.Minute)
	require.Equal(t, []string{"event $pageview 500 → event:$pageview | event = '$pageview'", "event movie_viewed 20 (A film was seen) → event:movie_viewed | event = 'movie_viewed'",
		"event undefined_event 1 → event:undefined_event | event = 'undefined_event'", "event user_signed_up 0 → event:user_signed_up | event = 'user_signed_up'"}, brief(o.Overview.Events))
	require.Equal(t, 4, o.Overview.EventsTotal)
	require.Equal(t, []driver.GroupType{{Name: "company", Singular: "Company"}}, o.Overview.GroupTypes)
	var families []string
	for _, fam := range o.Overview.Families {
		for _, tab := range fam.Tables {
			families = append(families, fam.Name+" "+tab.Name)
		}
	}
	require.Equal(t, []string{"posthog events", "posthog sessions", "posthog cohort_people", "posthog numbers", "data_warehouse stripe_charge", "view revenue_by_month",
		"system system.insights", "system system.cohorts", "information_schema system.information_schema.columns"}, families)
	n := len(f.requests())
	_, err = c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Len(t, f.requests(), n, "all of it is kept")
}

func TestSearchFindsEveryKind(t *testing.T) {
	t.Parallel()
	c := newClient(t, &fake{answer: demo().answer}, nil)
	for search, want := range map[string][]string{
		"signup":  {"event user_signed_up 0 → event:user_signed_up | event = 'user_signed_up'", "insight Signup funnel (funnel) → insight:aB3 | ", "action Signed up → action:4 | matchesAction(4)"},
		"power":   {"cohort Power users (12 persons) → cohort:3 | person_id IN COHORT 3"},
		"PLAN":    {"property plan of event → property:plan | properties.plan", "property plan of person (of the person) → property:plan | person.properties.plan"},
		"size":    {"property size of group:company → property:size | group_0.properties.size"},
		"stripe":  {"table stripe_charge (synced from Stripe) → stripe_charge | FROM stripe_charge"},
		"bounce":  {"column $is_bounce of sessions → sessions | `$is_bounce`", "table sessions (one row per session: times, pages, channel, bounce) → sessions | FROM sessions"},
		"company": {"group_type company → group:company | group_0.properties.…"},
		"revenue": {"view revenue_by_month → revenue_by_month | FROM revenue_by_month", "insight Weekly revenue (SQL · by week) → insight:sql1 | "},
		"nps":     {"survey NPS (popover) → survey:u-1 | "},
		"pricing": {"experiment Pricing (running) → experiment:5 | "},
		"zzzz":    {},
	} {
		o, err := c.ListObjects(t.Context(), driver.ListRequest{Search: " " + search + " "})
		require.NoError(t, err)
		require.Empty(t, o.Notes)
		got := brief(o.Items)
		require.Equal(t, len(got), o.Total)
		for i, w := range want {
			require.Less(t, i, len(got), "%s: %v", search, got)
			require.Equal(t, w, got[i], "%s: %v", search, got)
		}
		if len(want) == 0 {
			require.Empty(t, got)
		}
	}
}

func TestKindsAndPages(t *testing.T) {
	t.Parallel()
	c := newClient(t, &fake{answer: demo().answer}, nil)
	list := func(r driver.ListRequest) *driver.Objects {
		o, err := c.ListObjects(t.Context(), r)
		require.NoError(t, err)
		return o
	}
	var paged []string
	r := driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProperty, driver.KindEvent}, Limit: 3}
	for {
		o := list(r)
		require.Equal(t, 13, o.Total)
		paged = append(paged, brief(o.Items)...)
		if r.Cursor = o.Cursor; r.Cursor == "" {
			break
		}
	}
	require.Equal(t, brief(list(driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProperty, driver.KindEvent}}).Items), paged)
	require.Len(t, paged, 13)

	first := list(driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindEvent}, Limit: 1})
	for _, cursor := range []string{"x", "!!", first.Cursor} {
		_, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProperty}, Cursor: cursor})
		require.Equal(t, driver.Invalid, asError(t, err).Kind)
	}
	_, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{"thing"}})
	require.Equal(t, driver.Invalid, asError(t, err).Kind)
	require.Equal(t, []string{"project Demo (project_id 1 Europe/Berlin) → 1 | ", "project Demo (project_id 2 Europe/Berlin) → 2 | "}, brief(list(driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProject}}).Items))
	require.Equal(t, "project", string(list(driver.ListRequest{Project: 1, Kinds: []driver.ObjectKind{driver.KindProject}}).Items[0].Kind))
	require.Equal(t, []string{"view revenue_by_month → revenue_by_month | FROM revenue_by_month"}, brief(list(driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindView}}).Items))
}

// A page goes on after its last item, also when the catalogue has changed in between.
func TestCursorIsStable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := demo()
		c := newClient(t, &fake{answer: d.answer}, nil)
		r := driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindEvent}, Limit: 2}
		o, err := c.ListObjects(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, "movie_viewed", o.Items[1].Name)
		d.with("GROUP BY event", table(`["event","n"]`, `["new",9000]`, `["$pageview",500]`, `["movie_viewed",20]`, `["undefined_event",1]`))
		time.Sleep(2 * time.Minute)
		r.Cursor = o.Cursor
		o, err = c.ListObjects(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, "undefined_event", o.Items[0].Name)
	})
}

// A key with few scopes still gets what it may read, and is told what is missing.
func TestMissingScopes(t *testing.T) {
	t.Parallel()
	few := demo().with("/event_definitions/", "403!event_definition:read").with("type=event", "403!property_definition:read").with("type=person", "403!property_definition:read").
		with("type=session", "403!property_definition:read").with("/groups_types/", "403!group:read").with("information_schema.tables", "400!Unknown table `system.information_schema.tables`.").
		with("LIMIT 2000) UNION ALL (SELECT", "400!You don't have access to table `system.insights`.").with("system.insights", "400!You don't have access to table `system.insights`.").
		with("system.cohorts WHERE", table(`["kind","ref","title","line"]`, `["cohort","3","Power users",""]`))
	c := newClient(t, &fake{answer: few.answer}, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Equal(t, []string{"event definitions left out: the key lacks the scope event_definition:read", "group types left out: the key lacks the scope group:read"}, o.Notes)
	require.Len(t, o.Overview.Events, 3)
	var names []string
	for _, tab := range o.Overview.Families[0].Tables {
		names = append(names, tab.Name)
	}
	require.Equal(t, []string{"events", "sessions", "cohort_people", "person_distinct_ids", "session_replay_events", "numbers", "static_cohort_people"}, names)
	o, err = c.ListObjects(t.Context(), driver.ListRequest{Search: "power"})
	require.NoError(t, err)
	require.Equal(t, "Power users", o.Items[0].Name)
	require.Contains(t, o.Notes, "properties left out: the key lacks the scope property_definition:read")
	require.Contains(t, o.Notes, "insights left out: You don't have access to table `system.insights`.")
	fields, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"event:$pageview", "cohort_people"}, Samples: true})
	require.NoError(t, err)
	require.Equal(t, []string{"event definitions left out: the key lacks the scope event_definition:read", "properties left out: the key lacks the scope property_definition:read"}, fields.Notes)
	require.Equal(t, "cohort_id", fields.Objects[1].Fields[1].Name)

	noQuery := demo()
	for _, word := range []string{"DatabaseSchemaQuery", "information_schema.tables", "GROUP BY event", "UNION ALL", "/query/"} {
		noQuery.with(word, "403!query:read")
	}
	c = newClient(t, &fake{answer: noQuery.answer}, nil)
	o, err = c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Len(t, o.Overview.Events, 3)
	require.Nil(t, o.Overview.Events[0].Count)
	require.Contains(t, o.Notes, "tables left out: the key lacks the scope query:read")

	c = newClient(t, &fake{answer: always(403, jsonType, detail("authentication_error", "permission_denied", "You don't have access to the project."))}, nil)
	_, err = c.ListObjects(t.Context(), driver.ListRequest{})
	require.Equal(t, driver.Forbidden, asError(t, err).Kind)
	c = newClient(t, &fake{answer: demo().with("/groups_types/", "503!x").answer}, func(o *driver.Options) { o.MaxRetries = 0 })
	_, err = c.ListObjects(t.Context(), driver.ListRequest{})
	require.Equal(t, driver.Unavailable, asError(t, err).Kind)
}

// More events, properties and insights than are held: PostHog searches among the rest.
func TestBeyondTheCaps(t *testing.T) {
	t.Parallel()
	var rows []string
	for i := range 2000 {
		rows = append(rows, fmt.Sprintf(`["insight","s%d","Insight %d",""]`, i, i))
	}
	d := demo().with("/event_definitions/", page(true, `{"name":"$pageview"}`)).with("limit=1000&search=podcast", page(false, `{"name":"podcast_heard"}`)).
		with("type=event", page(true, `{"name":"plan"}`)).with("type=event&search", page(false, `{"name":"x"}`)).
		with("UNION ALL", table(`["kind","ref","title","line"]`, rows...)).with(`"%podcast%"`, table(`["kind","ref","title","line"]`, `["insight","old","Podcast length",""]`, `["insight","s1","Insight 1",""]`))
	f := &fake{answer: d.answer}
	c := newClient(t, f, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{Search: "podcast"})
	require.NoError(t, err)
	require.Empty(t, o.Notes)
	require.Contains(t, brief(o.Items), "event podcast_heard 0 → event:podcast_heard | event = 'podcast_heard'")
	require.Contains(t, brief(o.Items), "insight Podcast length → insight:old | ")
	require.Contains(t, brief(o.Items), "property podcast_heard of event → property:podcast_heard | properties.podcast_heard")
	var bound bool
	for _, r := range f.requests() {
		bound = bound || strings.Contains(r.Body, `"values":{"pattern":"%podcast%"}`)
		require.NotContains(t, r.Body, "ILIKE '%podcast", "a search is bound, never pasted")
	}
	require.True(t, bound)
}

func fieldLines(o driver.Object) []string {
	out := []string{}
	for _, f := range o.Fields {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s | %s | %s | %s | %s | %s", f.Name, f.Write, f.Type, f.Line, f.Join, strings.Join(f.Samples, ","))))
	}
	return out
}

func TestFieldsOfData(t *testing.T) {
	t.Parallel()
	f := &fake{answer: demo().answer}
	c := newClient(t, f, nil)
	get := func(r driver.FieldsRequest) driver.Object {
		got, err := c.GetFields(t.Context(), r)
		require.NoError(t, err)
		require.Empty(t, got.Notes)
		require.Len(t, got.Objects, 1)
		return got.Objects[0]
	}
	o := get(driver.FieldsRequest{Objects: []string{"events"}})
	require.Equal(t, "FROM events", o.From)
	require.Equal(t, []string{
		"properties | properties | json | JSON: write properties.NAME |  |",
		"$session_id | `$session_id` | string |  |  |",
		"timestamp | timestamp | datetime | filter on this one: the table is cut by it |  |",
		"pdi | pdi | lazy_table | write pdi.NAME: distinct_id, person_id | person_distinct_ids |",
		"person | person | field_traverser | short for pdi.person | pdi.person |",
	}, fieldLines(o))
	o = get(driver.FieldsRequest{Objects: []string{"revenue_by_month"}})
	require.Equal(t, driver.KindView, o.Kind)
	require.Equal(t, "SELECT 1", o.HogQL)
	require.Equal(t, []string{"cohort_id | cohort_id | integer |  |  |", "person.id | person.id | uuid |  |  |"}, fieldLines(get(driver.FieldsRequest{Objects: []string{"cohort_people"}})))

	o = get(driver.FieldsRequest{Objects: []string{"event:$pageview"}, Samples: true})
	require.Equal(t, "FROM events WHERE event = '$pageview'", o.From)
	require.Equal(t, int64(500), *o.Count)
	long := strings.Repeat("x", 80) + "…"
	require.Equal(t, []string{
		"50% | JSONExtractString(properties, '50%') |  |  |  | 9.99",
		"at | properties.at | DateTime |  |  |",
		"plan | properties.plan | String |  |  | Chrome,Safari",
		"price | properties.price | Numeric |  |  |",
		"$browser | properties.$browser | String |  |  | pro," + long,
		"person | person.properties.NAME |  | get_fields person lists the names | person |",
		"session | session.NAME |  | get_fields session lists the names | session |",
		"group:company | group_0.properties.NAME |  | get_fields group:company lists the names | group:company |",
	}, fieldLines(o))
	var sampled int
	for _, r := range f.requests() {
		if strings.Contains(r.Body, "topK") {
			sampled++
			require.Contains(t, r.Body, `"values":{"event":"$pageview"}`)
			require.Contains(t, r.Body, "event = {event}")
		}
	}
	require.Equal(t, 1, sampled, "one query for all samples of an event")

	o = get(driver.FieldsRequest{Objects: []string{"event:$pageview"}, Search: "plan"})
	require.Equal(t, 4, o.Hidden)
	require.Equal(t, []string{"plan | properties.plan | String |  |  |", "plan | person.properties.plan | String | of the person | person |"}, fieldLines(o))
	o = get(driver.FieldsRequest{Objects: []string{"person"}, Samples: true})
	require.Equal(t, []string{"email | person.properties.email | String |  |  | Chrome,Safari", "plan | person.properties.plan | String | of the person |  | pro," + long}, fieldLines(o))
	require.Equal(t, "session", get(driver.FieldsRequest{Objects: []string{"session"}}).Object)
	require.Equal(t, []string{"size | group_0.properties.size | Numeric |  |  | Chrome,Safari"}, fieldLines(get(driver.FieldsRequest{Objects: []string{"group:company"}, Samples: true})))
	require.Equal(t, []string{"event | properties.plan | String |  |  | Chrome,Safari", "person | person.properties.plan | String | of the person |  | pro," + long},
		fieldLines(get(driver.FieldsRequest{Objects: []string{"property:plan"}, Samples: true})))
}

func TestFieldsOfSavedObjects(t *testing.T) {
	t.Parallel()
	d := demo().
		with(`"id":"sql1"`, table(`["id","short_id","name","description","created_at","last_modified_at","query"]`,
			`[7,"sql1","Weekly revenue","by week","2026-05-02T00:00:00Z",null,"{\"kind\":\"DataVisualizationNode\",\"source\":{\"kind\":\"HogQLQuery\",\"query\":\"SELECT 1\"}}"]`)).
		with(`"id":"aB3"`, table(`["id","short_id","name","description","created_at","last_modified_at","query"]`,
			`[8,"aB3","","","2026-05-02T00:00:00Z",null,"{\"kind\":\"InsightVizNode\",\"source\":{\"kind\":\"FunnelsQuery\",\"series\":[]}}"]`)).
		with("FROM system.cohorts WHERE", table(`["id","name","description","count","is_static","last_calculation","filters","query"]`, `[3,"Power users","",12,0,null,"{\"a\":\"`+strings.Repeat("y", 2000)+`\"}","{}"]`)).
		with("FROM system.feature_flags WHERE", table(`["id","key","name","created_at","filters"]`, `[1,"new-player","The player",null,"[`+strings.Repeat("1,", 9000)+`1]"]`)).
		with("FROM system.dashboards WHERE", table(`["id","name","description","created_at","filters","variables"]`, `[9,"Growth","","2026-01-01","{}",null]`)).
		with("system.dashboard_tiles", table(`["short_id","name","kind"]`, `["aB3","Signup funnel","FunnelsQuery"]`)).
		with("FROM system.actions WHERE toString", table(`["id","name","description","updated_at","steps_json"]`, `[4,"Signed up","","x","[{\"event\":\"user_signed_up\"}]"]`)).
		with("FROM system.experiments WHERE toString", table(`["id","name","description","start_date","end_date","feature_flag_id","parameters","filters"]`, `[5,"Pricing","d",null,null,1,"{}","{}"]`)).
		with("FROM system.surveys WHERE toString", table(`["id","name","type","start_date","end_date","questions"]`))
	f := &fake{answer: d.answer}
	c := newClient(t, f, nil)
	got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"insight:sql1", "insight:aB3", "cohort:3", "feature_flag:new-player", "dashboard:9", "action:4", "experiment:5"}})
	require.NoError(t, err)
	o := got.Objects
	require.Equal(t, "Weekly revenue", o[0].Name)
	require.Equal(t, "SELECT 1", o[0].HogQL)
	require.Equal(t, "by week", o[0].Line)
	require.JSONEq(t, `{"id":7,"short_id":"sql1","name":"Weekly revenue","description":"by week","created_at":"2026-05-02T00:00:00Z","query":{"kind":"DataVisualizationNode","source":{"kind":"HogQLQuery","query":"SELECT 1"}}}`, string(o[0].Definition))
	require.Equal(t, []string{"made of a FunnelsQuery, which is no SQL: the definition says what it counts"}, o[1].Notes)
	require.Equal(t, "FROM events WHERE person_id IN COHORT 3", o[2].From)
	require.Less(t, len(o[2].Definition), 1800)
	require.Contains(t, string(o[2].Definition), `yyy…"`)
	require.Equal(t, "new-player", o[3].Name)
	require.Contains(t, string(o[3].Definition), "left out: 18003 bytes of JSON")
	require.Equal(t, []string{"Signup funnel | insight:aB3 | FunnelsQuery | get_fields shows it |  |"}, fieldLines(o[4]))
	require.Equal(t, "FROM events WHERE matchesAction(4)", o[5].From)
	require.True(t, json.Valid(o[6].Definition))
	for _, r := range f.requests() {
		require.NotContains(t, r.Body, "= 'sql1'", "ids are bound, never pasted")
	}
	d.with("SELECT 'survey'", table(`["kind","ref","title","line"]`, `["survey","u-1","NPS","popover"]`, `["survey","u-2","Exit survey","popover"]`))
	_, err = c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"survey:exit"}})
	e := asError(t, err)
	require.Equal(t, driver.NotFound, e.Kind)
	require.Equal(t, []string{"survey:u-2"}, e.Nearest)
	require.Equal(t, `no survey "exit" in this project`, e.Detail)
	d.with("system.dashboard_tiles", "403!dashboard:read")
	got, err = c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"dashboard:9"}})
	require.NoError(t, err)
	require.Equal(t, []string{"tiles of the dashboard left out: the key lacks the scope dashboard:read"}, got.Notes)
	d.with("FROM system.actions WHERE toString", "403!action:read")
	_, err = c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"action:4"}})
	require.Equal(t, "action:read", asError(t, err).Scope)
}

// Every type of table that PostHog knows belongs to a family; every part that fails fails its answer only
// where nothing else would do.
// An answer with other columns than were asked for is a failure of that part, not of this program.
func TestCountsWithOtherColumns(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(_ int, r *http.Request) reaction {
		if r.Method == http.MethodPost {
			return reply(200, jsonType, okBody)
		}
		if strings.Contains(r.URL.Path, "groups_types") {
			return reply(200, jsonType, `[]`)
		}
		return reply(200, jsonType, `{"count":1,"next":null,"results":[{"name":"a"}]}`)
	}}
	o, err := newClient(t, f, nil).ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindEvent}})
	require.NoError(t, err)
	require.Contains(t, strings.Join(o.Notes, "\n"), "PostHog gave other columns than were asked for")

	o, err = newClient(t, f, nil).ListObjects(t.Context(), driver.ListRequest{Catalogue: true})
	require.NoError(t, err)
	require.NotNil(t, o.Catalogue)
	for _, object := range []string{"insight:x", "dashboard:1", "cohort:1", "event:a"} {
		_, err = newClient(t, f, nil).GetFields(t.Context(), driver.FieldsRequest{Objects: []string{object}, Samples: true})
		if object != "event:a" {
			require.Error(t, err, object)
		}
	}
}

func TestFamiliesAndFailures(t *testing.T) {
	t.Parallel()
	d := demo().with("DatabaseSchemaQuery", `{"tables":{"a":{"type":"materialized_view"},"b":{"type":"endpoint"},"c":{"type":"batch_export"},"d":{"type":"new"},"e":{"type":"managed_view"}}}`)
	c := newClient(t, &fake{answer: d.answer}, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindTable, driver.KindView}, Limit: 100})
	require.NoError(t, err)
	types := map[string]string{}
	for _, it := range o.Items {
		types[it.Name] = string(it.Kind) + " " + it.Type
	}
	require.Equal(t, "view view", types["a"])
	require.Equal(t, "view view", types["b"])
	require.Equal(t, "table data_warehouse", types["c"])
	require.Equal(t, "table posthog", types["d"])
	require.Equal(t, "view view", types["e"])
	_, err = c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"session"}})
	require.Equal(t, driver.NotFound, asError(t, err).Kind)

	fails := func(word string, objects ...string) *driver.Error {
		t.Helper()
		c := newClient(t, &fake{answer: demo().with(word, "403!some:read").answer}, nil)
		_, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: objects})
		return asError(t, err)
	}
	require.Equal(t, "some:read", fails("DatabaseSchemaQuery", "events").Scope)
	require.Equal(t, "some:read", fails("information_schema.columns", "cohort_people").Scope)
	require.Equal(t, "some:read", fails("/groups_types/", "group:company").Scope)
	require.Equal(t, "some:read", fails("type=person", "person").Scope)
	c = newClient(t, &fake{answer: demo().with("topK", "400!no").with("/groups_types/", "403!group:read").answer}, nil)
	got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"event:$pageview", "property:plan"}, Samples: true})
	require.NoError(t, err)
	require.Equal(t, []string{"samples of event:$pageview left out: no", "samples of property:plan left out: no"}, got.Notes)
	c = newClient(t, &fake{answer: demo().with("/api/personal_api_keys/@current/", "503!x").answer}, func(o *driver.Options) { o.MaxRetries = 0 })
	_, err = c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProject}})
	require.Equal(t, driver.Unavailable, asError(t, err).Kind)
}

func TestUnknownObjects(t *testing.T) {
	t.Parallel()
	c := newClient(t, &fake{answer: demo().answer}, nil)
	for name, want := range map[string]struct {
		kind driver.Kind
		near []string
	}{
		"evnts":              {driver.NotFound, []string{"events"}},
		"movie_viewed":       {driver.NotFound, []string{"event:movie_viewed"}},
		"event:movie_veiwed": {driver.NotFound, []string{"event:movie_viewed"}},
		"property:brwser":    {driver.NotFound, []string{"property:$browser"}},
		"group:compani":      {driver.NotFound, []string{"group:company"}},
		"group:x":            {driver.NotFound, []string{"group:company"}},
		"thing:x":            {driver.Invalid, nil},
		"event:":             {driver.Invalid, nil},
		" ":                  {driver.Invalid, nil},
	} {
		_, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{name}})
		e := asError(t, err)
		require.Equal(t, want.kind, e.Kind, name)
		require.Equal(t, want.near, e.Nearest, name)
		require.Equal(t, "get fields", e.Op)
	}
	_, err := c.GetFields(t.Context(), driver.FieldsRequest{})
	require.Equal(t, driver.Invalid, asError(t, err).Kind)
	_, err = c.GetFields(t.Context(), driver.FieldsRequest{Objects: make([]string, 11)})
	require.Equal(t, driver.Invalid, asError(t, err).Kind)
}
