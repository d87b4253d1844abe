package driver_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// What is sent for a query: the keys of PostHog's model and no others.
func TestQueryRequest(t *testing.T) {
	t.Parallel()
	f := &fake{answer: always(200, jsonType, okBody)}
	c := newClient(t, f, nil)
	_, err := c.Query(t.Context(), driver.QueryRequest{
		HogQL: "SELECT count() FROM events WHERE event = {ev} AND {filters} AND '<b>' = ''", Values: map[string]any{"ev": "a'b", "n": json.Number("12345678901234567890")},
		Filters: &driver.Filters{DateFrom: "-7d"}, Fresh: true, Name: strings.Repeat("n", 200), Project: 42,
	})
	require.NoError(t, err)
	_, err = selectOne(t, c)
	require.NoError(t, err)
	sent := f.requests()
	require.Equal(t, http.MethodPost, sent[0].Method)
	require.Equal(t, "/api/projects/42/query/", sent[0].Path)
	require.Equal(t, "Bearer "+canary, sent[0].Header.Get("Authorization"))
	require.Equal(t, "application/json", sent[0].Header.Get("Content-Type"))
	require.Empty(t, sent[0].Header.Get("X-PostHog-Client"))
	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(sent[0].Body), &body))
	id, err := uuid.Parse(body["client_query_id"].(string))
	require.NoError(t, err)
	require.Equal(t, uuid.Version(7), id.Version())
	require.Len(t, []rune(body["name"].(string)), 128)
	delete(body, "client_query_id")
	delete(body, "name")
	require.Equal(t, map[string]any{"refresh": "force_blocking", "query": map[string]any{
		"kind": "HogQLQuery", "query": "SELECT count() FROM events WHERE event = {ev} AND {filters} AND '<b>' = ''",
		"values": map[string]any{"ev": "a'b", "n": 12345678901234567890.0}, "filters": map[string]any{"dateRange": map[string]any{"date_from": "-7d"}},
	}}, body)
	require.Contains(t, sent[0].Body, "12345678901234567890")
	require.Contains(t, sent[0].Body, "'<b>'")
	require.Contains(t, sent[1].Body, `"refresh":"blocking"`)
	require.NotContains(t, sent[1].Body, "values")
	require.NotContains(t, sent[1].Body, body["client_query_id"])
}

// A value that JSON cannot carry is the caller's mistake; nothing is sent.
func TestUnwritableValue(t *testing.T) {
	t.Parallel()
	f := &fake{answer: always(200, jsonType, okBody)}
	_, err := newClient(t, f, nil).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT {x}", Values: map[string]any{"x": math.NaN()}})
	e := asError(t, err)
	require.Equal(t, driver.Invalid, e.Kind)
	require.Contains(t, e.Detail, "cannot be written as JSON")
	require.Empty(t, f.requests())
}

// What an answer becomes: every digit, the types, the age.
func TestResult(t *testing.T) {
	t.Parallel()
	f := &fake{answer: always(200, jsonType+"; charset=utf-8", `{"cache_key":"c","unknown":{"deep":[1,{"x":null}]},
		"results":[["a",18446744073709551615,1.10,null,true,[1,"x"],{"k":2}],["b",0,1e300,"",false,[],{}]],
		"results::nan!":[1],"columns":["s","n","f","z","b","l","m"],
		"types":[["s","String"],["n","UInt64"],["f","Float64"],["z","Nullable(String)"],["b","Bool"],["l","Array(String)"],["m","Map(String, UInt8)"]],
		"hasMore":true,"limit":100,"offset":0,"hogql":"SELECT 1","clickhouse":null,"error":null,"is_cached":true,
		"last_refresh":"2026-03-02T09:15:01.442107Z","timezone":"Europe/Berlin","query_status":null,
		"warnings":[{"table_name":"stripe_charge","message":"The last <b>sync</b> failed"}]}`)}
	c := newClient(t, f, nil)
	res, err := selectOne(t, c)
	require.NoError(t, err)
	n := func(s string) json.Number { return json.Number(s) }
	require.Equal(t, [][]any{
		{"a", n("18446744073709551615"), n("1.10"), nil, true, []any{n("1"), "x"}, map[string]any{"k": n("2")}},
		{"b", n("0"), n("1e300"), "", false, []any{}, map[string]any{}},
	}, cells(res.Rows))
	require.Equal(t, []string{"s", "n", "f", "z", "b", "l", "m"}, res.Columns)
	require.Equal(t, []string{"String", "UInt64", "Float64", "Nullable(String)", "Bool", "Array(String)", "Map(String, UInt8)"}, res.Types)
	require.True(t, *res.HasMore)
	require.Equal(t, int64(100), *res.Limit)
	require.True(t, res.Cached)
	require.Equal(t, time.Date(2026, 3, 2, 9, 15, 1, 442107000, time.UTC), res.AsOf)
	require.Equal(t, "SELECT 1", res.HogQL)
	require.Equal(t, driver.Project{ID: 1, Name: "Demo", TimeZone: "Europe/Berlin", WeekStart: 1}, res.Project)
	require.Equal(t, []string{"stripe_charge: The last sync failed"}, res.Warnings)
	require.Positive(t, res.Bytes)

	f.answer = always(200, jsonType, `{"results":[],"columns":["a"],"types":null,"hasMore":null,"limit":null,"is_cached":null,"last_refresh":null,"hogql":null}`)
	res, err = selectOne(t, c)
	require.NoError(t, err)
	require.Empty(t, res.Rows)
	require.NotNil(t, res.Rows)
	require.Nil(t, res.HasMore)
	require.Equal(t, []string{""}, res.Types)
	require.False(t, res.AsOf.IsZero())
}

// What an answer says of persons, and a project of its own people; forms that are not known cost nothing.
func TestPersonModeAndTestAccounts(t *testing.T) {
	t.Parallel()
	for modifiers, want := range map[string]string{`{"personsOnEventsMode":"disabled","x":1}`: "disabled", `null`: "", `7`: "", `{"personsOnEventsMode":7}`: ""} {
		f := &fake{answer: always(200, jsonType, `{"modifiers":`+modifiers+`,"results":[[1]],"columns":["1"],"is_cached":false}`)}
		res, err := selectOne(t, newClient(t, f, nil))
		require.NoError(t, err)
		require.Equal(t, want, res.PersonMode)
	}
	for filters, want := range map[string]string{`null`: "", `[]`: "", `[{"key":"email"}]`: `[{"key":"email"}]`} {
		f := &fake{project: true, answer: func(_ int, r *http.Request) reaction {
			if r.Method == http.MethodGet {
				return reply(200, jsonType, `{"id":1,"name":"Demo","api_token":"phc_secret","test_account_filters":`+filters+`}`)
			}
			return reply(200, jsonType, okBody)
		}}
		res, err := selectOne(t, newClient(t, f, nil))
		require.NoError(t, err)
		require.Equal(t, driver.Project{ID: 1, Name: "Demo", TimeZone: "UTC", TestAccounts: want}, res.Project)
	}
}

// Addresses of pages hold no more of the configured one than its origin and path.
func TestPage(t *testing.T) {
	t.Parallel()
	c := newClient(t, &fake{}, func(o *driver.Options) { o.BaseURL = "https://posthog.example/base/" })
	require.Equal(t, "https://posthog.example/base/project/7/sql?open_query=SELECT+%27%26%27", c.Page(7, "/sql", url.Values{"open_query": {"SELECT '&'"}}))
}

func TestAnswerTooLarge(t *testing.T) {
	t.Parallel()
	body := `{"columns":["a"],"results":[` + strings.Repeat(`["x"],`, 300_000) + `["x"]]}`
	f := &fake{answer: always(200, jsonType, body)}
	c := newClient(t, f, func(o *driver.Options) { o.MaxResponse = 1 << 20 })
	_, err := selectOne(t, c)
	e := asError(t, err)
	require.Equal(t, driver.TooLarge, e.Kind)
	require.Equal(t, driver.CodeResponseTooBig, e.Code)
	require.Equal(t, "run query: the answer is larger than 1 MB (status 200)", e.Error())
	require.Len(t, f.requests(), 1)
	c = newClient(t, f, func(o *driver.Options) { o.MaxResponse = int64(len(body)) })
	res, err := selectOne(t, c)
	require.NoError(t, err)
	require.Len(t, res.Rows, 300_001)
}

// A query whose caller leaves is ended upstream under its own id, and Close waits for that.
func TestCancelReachesPostHog(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{0, 2 * time.Second} { // cancelled by the caller, or by the deadline
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			ended := false
			f := &fake{answer: func(_ int, r *http.Request) reaction {
				if r.Method == http.MethodDelete {
					time.Sleep(700 * time.Millisecond)
					mu.Lock()
					ended = true
					mu.Unlock()
					return reply(200, jsonType, `{"message":"Cancelled query on clickhouse"}`)
				}
				<-r.Context().Done()
				return reaction{err: r.Context().Err()}
			}}
			c := newClient(t, f, nil)
			ctx, cancel := context.WithCancel(t.Context())
			if timeout == 0 {
				time.AfterFunc(2*time.Second, cancel)
			}
			defer cancel()
			started := time.Now()
			_, err := c.Query(ctx, driver.QueryRequest{HogQL: "SELECT 1", Timeout: timeout})
			require.Error(t, err)
			require.Equal(t, 2*time.Second, time.Since(started), "the caller does not wait for it")
			c.Close()
			require.True(t, ended)
			sent := f.requests()
			require.Len(t, sent, 2)
			var body struct {
				ID string `json:"client_query_id"`
			}
			require.NoError(t, json.Unmarshal([]byte(sent[0].Body), &body))
			require.Equal(t, http.MethodDelete, sent[1].Method)
			require.Equal(t, "/api/projects/1/query/"+body.ID+"/", sent[1].Path)
		})
	}
}

// Nothing is cancelled upstream that never went there or that has ended.
func TestNoNeedlessCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: always(400, jsonType, detail("validation_error", "hogql_query_error", "x"))}
		c := newClient(t, f, nil)
		_, err := selectOne(t, c)
		require.Error(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = c.Query(ctx, driver.QueryRequest{HogQL: "SELECT 1"})
		require.Equal(t, driver.Cancelled, asError(t, err).Kind)
		c.Close()
		require.Len(t, f.requests(), 1)
	})
}

// A failing cancellation delays nobody for long.
func TestCancelFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(_ int, r *http.Request) reaction {
			<-r.Context().Done()
			return reaction{err: r.Context().Err()}
		}}
		log, logger := newLog()
		c := newClient(t, f, func(o *driver.Options) { o.Logger, o.Timeout = logger, time.Second })
		_, err := selectOne(t, c)
		require.Equal(t, driver.Deadline, asError(t, err).Kind)
		started := time.Now()
		c.Close()
		require.Equal(t, 800*time.Millisecond, time.Since(started))
		require.Contains(t, log.String(), "query not cancelled")
	})
}

// status is the body of a background run.
func status(complete bool, rest string) string {
	if complete {
		return `{"query_status":{"id":"run-1","complete":true,` + rest + `}}`
	}
	return `{"query_status":{"id":"run-1","complete":false,"error":false,"results":null}}`
}

func TestBackgroundRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		last   func(int, *http.Request) reaction
		kind   driver.Kind
		detail string
	}{
		{"done", always(200, jsonType, status(true, `"error":false,"results":`+okBody)), "", ""},
		{"done without status", always(200, jsonType, okBody), "", ""},
		{"failed", always(400, jsonType, status(true, `"error":true,"error_message":"Unknown <i>table</i>"`)), driver.Invalid, "Unknown table"},
		{"failed with 200", always(200, jsonType, status(true, `"error":true,"error_message":"no"`)), driver.Invalid, "no"},
		{"failed inside", always(500, jsonType, status(true, `"error":true,"error_message":null`)), driver.Internal, ""},
		{"empty", always(200, jsonType, status(true, `"error":false,"results":null`)), driver.Internal, ""},
		{"broken", always(200, jsonType, status(true, `"error":false,"results":{"results":[[1,2]],"columns":["a"]}`)), driver.Unavailable, "cut"},
		{"forgotten", always(404, jsonType, detail("invalid_request", "not_found", "Query run-1 not found for team 1")), driver.NotFound, "not found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{answer: func(n int, r *http.Request) reaction {
					if n <= 3 {
						return reply(202, jsonType, status(false, ""))
					}
					return tt.last(n, r)
				}}
				c := newClient(t, f, nil)
				res, err := selectOne(t, c)
				sent := f.requests()
				require.Len(t, sent, 4)
				require.Equal(t, http.MethodGet, sent[3].Method)
				require.Equal(t, "/api/projects/1/query/run-1/", sent[3].Path)
				require.Equal(t, 500*time.Millisecond, sent[1].At.Sub(sent[0].At))
				require.Equal(t, 750*time.Millisecond, sent[2].At.Sub(sent[1].At))
				if tt.kind == "" {
					require.NoError(t, err)
					require.Equal(t, [][]any{{json.Number("1")}}, cells(res.Rows))
					require.Equal(t, 4, res.Attempts)
					return
				}
				e := asError(t, err)
				require.Equal(t, tt.kind, e.Kind)
				require.Contains(t, e.Detail, tt.detail)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) { // the caller leaves between two polls
		f := &fake{answer: always(202, jsonType, status(false, ""))}
		c := newClient(t, f, func(o *driver.Options) { o.Timeout = 20 * time.Second })
		_, err := selectOne(t, c)
		require.Equal(t, driver.Deadline, asError(t, err).Kind)
		c.Close()
		sent := f.requests()
		require.Equal(t, http.MethodDelete, sent[len(sent)-1].Method)
		require.Less(t, len(sent), 12)
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	f := &fake{answer: always(200, jsonType, `{"query":"SELECT foo FROM events","isValid":false,"errors":[{"message":"Unable to resolve field: foo","start":7,"end":10,"fix":null},
		{"message":"Unexpected X","start":null,"end":null},{"message":"odd","start":9,"end":3}],"warnings":[{"message":"w","start":0,"end":1,"fix":"x"}],"notices":[],"table_names":["events"]}`)}
	c := newClient(t, f, nil)
	m, err := c.Validate(t.Context(), 0, "SELECT foo FROM events")
	require.NoError(t, err)
	require.Equal(t, &driver.Metadata{
		Errors:   []driver.Mark{{"Unable to resolve field: foo", 7, 10, ""}, {"Unexpected X", -1, -1, ""}, {"odd", -1, -1, ""}},
		Warnings: []driver.Mark{{"w", 0, 1, "x"}}, Notices: []driver.Mark{}, Tables: []string{"events"},
	}, m)
	require.JSONEq(t, `{"query":{"kind":"HogQLMetadata","language":"hogQL","query":"SELECT foo FROM events"}}`, f.requests()[0].Body)
	f.answer = always(401, jsonType, detail("authentication_error", "authentication_failed", "x"))
	_, err = c.Validate(t.Context(), 0, "SELECT 1")
	require.Equal(t, driver.Unauthorized, asError(t, err).Kind)
}

// routes answers by method and path; what is not there is 404.
func routes(m map[string]string) func(int, *http.Request) reaction {
	return func(_ int, r *http.Request) reaction {
		if body, ok := m[r.URL.Path]; ok {
			if code, rest, cut := strings.Cut(body, "!"); cut && code == "403" {
				return reply(403, jsonType, detail("authentication_error", "permission_denied", rest))
			}
			return reply(200, jsonType, body)
		}
		if r.Body != nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		return reply(404, jsonType, detail("invalid_request", "not_found", "Not found."))
	}
}

func TestWhichProject(t *testing.T) {
	t.Parallel()
	const key, list, me = "/api/personal_api_keys/@current/", "/api/projects/", "/api/users/@me/"
	for _, tt := range []struct {
		name    string
		routes  map[string]string
		allowed []int64
		want    int64
		kind    driver.Kind
		detail  string
	}{
		{"the key's only one", map[string]string{key: `{"scopes":["query:read"],"scoped_teams":[7]}`}, nil, 7, "", ""},
		{"the only one in the list", map[string]string{key: `{"scoped_teams":null}`, list: `{"results":[{"id":5,"name":"A"}]}`}, nil, 5, "", ""},
		{"the only allowed one", map[string]string{key: `{}`, list: `{"results":[{"id":5},{"id":6}]}`}, []int64{6}, 6, "", ""},
		{"several", map[string]string{key: `{}`, list: `{"results":[{"id":6,"name":"B"},{"id":5,"name":"A"}]}`}, nil, 0, driver.Invalid, "the key sees: 5 A, 6 B"},
		{"none", map[string]string{key: `{}`, list: `{"results":[]}`}, nil, 0, driver.Invalid, "no project"},
		{"by the user", map[string]string{list: "403!x", me: `{"team":{"id":9,"name":"Nine"},"organization":{}}`}, nil, 9, "", ""},
		{"by the user's teams", map[string]string{list: "403!x", me: `{"organization":{"teams":[{"id":8},{"id":9}]}}`}, nil, 0, driver.Invalid, "8, 9"},
		{"not to be known", map[string]string{list: "403!scoped projects are only supported on project-based endpoints", me: "403!x"}, nil, 0, driver.Forbidden, "scoped projects"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.want != 0 {
				tt.routes["/api/projects/"+json.Number(itoa(tt.want)).String()+"/query/"] = okBody
			}
			f := &fake{answer: routes(tt.routes)}
			c := newClient(t, f, func(o *driver.Options) { o.ProjectID, o.AllowedProjects = 0, tt.allowed })
			res, err := selectOne(t, c)
			if tt.kind == "" {
				require.NoError(t, err)
				require.Equal(t, tt.want, res.Project.ID)
				return
			}
			e := asError(t, err)
			require.Equal(t, tt.kind, e.Kind)
			require.Contains(t, e.Detail, tt.detail)
		})
	}
	f := &fake{answer: always(200, jsonType, okBody)}
	c := newClient(t, f, func(o *driver.Options) { o.AllowedProjects = []int64{1, 2} })
	_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Project: 3})
	e := asError(t, err)
	require.Equal(t, driver.Forbidden, e.Kind)
	require.Equal(t, driver.CodeProjectDenied, e.Code)
	require.Contains(t, e.Detail, "(1, 2)")
	_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Project: -1})
	require.Equal(t, driver.Invalid, asError(t, err).Kind)
	require.Empty(t, f.requests())
}

func itoa(n int64) string { b, _ := json.Marshal(n); return string(b) }

func TestDoctorPieces(t *testing.T) {
	t.Parallel()
	f := &fake{answer: routes(map[string]string{
		"/api/projects/1/query/":           okBody,
		"/api/users/@me/":                  `{"email":"a@example.com","first_name":"A","team":{"id":3,"name":"Three"}}`,
		"/api/personal_api_keys/@current/": `{"label":"mcp <b>read</b>","scopes":["query:read","cohort:write"],"scoped_teams":[1,2],"scoped_organizations":["o"],"value":"` + canary + `"}`,
	})}
	c := newClient(t, f, nil)
	took, err := c.Probe(t.Context(), 0)
	require.NoError(t, err)
	require.Positive(t, took)
	require.Contains(t, f.requests()[0].Body, `"query":"SELECT 1"`)
	require.Contains(t, f.requests()[0].Body, "force_blocking")
	u, err := c.User(t.Context())
	require.NoError(t, err)
	require.Equal(t, &driver.User{Email: "a@example.com", FirstName: "A", Team: driver.Project{ID: 3, Name: "Three"}}, u)
	k, err := c.Key(t.Context())
	require.NoError(t, err)
	require.Equal(t, &driver.KeyInfo{Label: "mcp read", Scopes: []string{"query:read", "cohort:write"}, ScopedTeams: []int64{1, 2}, ScopedOrganizations: []string{"o"}}, k)
	require.True(t, k.Allows("query:read"))
	require.True(t, k.Allows("cohort:read"))
	require.False(t, k.Allows("insight:read"))
	require.True(t, (&driver.KeyInfo{}).Allows("insight:read"))
	require.True(t, (&driver.KeyInfo{Scopes: []string{"*"}}).Allows("insight:read"))
	p, err := c.Project(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, &driver.Project{ID: 1, Name: "Demo", TimeZone: "Europe/Berlin", WeekStart: 1}, p)
	ps, err := c.Projects(t.Context())
	require.NoError(t, err)
	require.Len(t, ps, 2)
	_, err = newClient(t, &fake{answer: routes(nil)}, nil).User(t.Context())
	require.Equal(t, driver.NotFound, asError(t, err).Kind)
	_, err = newClient(t, &fake{answer: routes(nil)}, nil).Key(t.Context())
	require.Equal(t, driver.NotFound, asError(t, err).Kind)
	_, err = newClient(t, &fake{answer: routes(nil)}, nil).Probe(t.Context(), 0)
	require.Equal(t, driver.NotFound, asError(t, err).Kind)
}
