package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

const queryRoute = "/api/projects/{project}/query/"

// sandboxClient makes a client of a sandbox with a key of its own choice.
func sandboxClient(t *testing.T, s *sandboxtest.Sandbox, key string, change func(*driver.Options)) *driver.Client {
	t.Helper()
	log, logger := newLog()
	o := driver.Options{BaseURL: s.URL, Key: func() string { return key }, ProjectID: 1, MaxRetries: 3, PerMinute: 100_000, PerHour: 1_000_000, Logger: logger}
	if change != nil {
		change(&o)
	}
	c, err := driver.New(o)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Close()
		require.NotContains(t, log.String(), key)
	})
	return c
}

func TestSandboxQueries(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT event, count() AS n FROM events WHERE event IN {names} GROUP BY event ORDER BY event LIMIT 10",
		Values: map[string]any{"names": []string{"$pageview", "movie_viewed", "it's \\ 'x'"}}, Fresh: true})
	require.NoError(t, err)
	require.Equal(t, s.SQL(t, "SELECT event, toUInt64(count()) FROM events WHERE event IN ('$pageview', 'movie_viewed') GROUP BY event ORDER BY event", 1), cells(res.Rows))
	require.Equal(t, []string{"event", "n"}, res.Columns)
	require.Equal(t, []string{"String", "UInt64"}, res.Types)
	require.Equal(t, driver.Project{ID: 1, Name: "Demo", TimeZone: "UTC"}, driver.Project{ID: res.Project.ID, Name: res.Project.Name, TimeZone: res.Project.TimeZone})
	require.False(t, res.Cached)

	again, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 AS one LIMIT 1"})
	require.NoError(t, err)
	require.False(t, again.Cached)
	again, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 AS one LIMIT 1"})
	require.NoError(t, err)
	require.True(t, again.Cached, "cached is PostHog's default mode")
	again, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 AS one LIMIT 1", Fresh: true})
	require.NoError(t, err)
	require.False(t, again.Cached)

	_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT evnt FROM events"})
	e := asError(t, err)
	require.Equal(t, driver.Invalid, e.Kind)
	require.Contains(t, e.Detail, "evnt")
	m, err := c.Validate(t.Context(), 0, "SELECT evnt FROM events")
	require.NoError(t, err)
	require.False(t, m.Valid)
	require.Equal(t, []int{7, 11}, []int{m.Errors[0].Start, m.Errors[0].End})
	_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Project: 99})
	require.Contains(t, []driver.Kind{driver.NotFound, driver.Forbidden}, asError(t, err).Kind)
	took, err := c.Probe(t.Context(), 0)
	require.NoError(t, err)
	require.Positive(t, took)
}

func TestSandboxKeys(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	_, err := sandboxClient(t, s, canary, nil).Probe(t.Context(), 0)
	require.Equal(t, driver.Unauthorized, asError(t, err).Kind)
	noQuery := sandboxClient(t, s, "phx_sandbox_noquery", nil)
	_, err = noQuery.Probe(t.Context(), 0)
	e := asError(t, err)
	require.Equal(t, driver.Forbidden, e.Kind)
	require.Equal(t, "query:read", e.Scope)
	o, err := noQuery.ListObjects(t.Context(), driver.ListRequest{Search: "signup"})
	require.NoError(t, err)
	require.Contains(t, brief(o.Items)[0], "event user_signed_up ")
	require.NotEmpty(t, o.Notes)

	berlin := sandboxClient(t, s, "phx_sandbox_berlin", func(o *driver.Options) { o.ProjectID = 0 })
	res, err := berlin.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 LIMIT 1"})
	require.NoError(t, err)
	require.Equal(t, int64(2), res.Project.ID)
	_, err = berlin.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 LIMIT 1", Project: 1})
	require.Equal(t, driver.Forbidden, asError(t, err).Kind)
	all, err := sandboxClient(t, s, s.Key, nil).Projects(t.Context())
	require.NoError(t, err)
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	require.Equal(t, []string{"Demo", "Berlin", "Empty"}, names)
	k, err := sandboxClient(t, s, s.Key, nil).Key(t.Context())
	require.NoError(t, err)
	require.True(t, k.Allows("query:read"))
}

func TestSandboxOverview(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Empty(t, o.Notes)
	require.LessOrEqual(t, len(s.Server.Log()), 5, "requests of a first overview")
	asked := len(s.Server.Log())
	_, err = c.ListObjects(t.Context(), driver.ListRequest{})
	require.NoError(t, err)
	require.Len(t, s.Server.Log(), asked, "the next one asks nothing")
	counts := s.SQL(t, "SELECT event, toUInt64(count()) AS n FROM events WHERE timestamp >= toDateTime('2026-05-16 12:00:00', 'UTC') AND timestamp <= toDateTime('2026-06-15 12:00:00', 'UTC') GROUP BY event ORDER BY n DESC, event LIMIT 25", 1)
	require.NotEmpty(t, counts)
	var got [][]any
	for _, e := range o.Overview.Events {
		if *e.Count > 0 {
			got = append(got, []any{e.Name, json.Number(fmt.Sprint(*e.Count))})
		}
	}
	require.Equal(t, counts, got)
	require.Equal(t, "company", o.Overview.GroupTypes[0].Name)
	var tables []string
	for _, f := range o.Overview.Families {
		for _, tab := range f.Tables {
			tables = append(tables, tab.Name)
		}
	}
	for _, name := range []string{"events", "persons", "sessions", "groups", "person_distinct_ids", "cohort_people", "numbers", "system.insights", "system.information_schema.tables"} {
		require.Contains(t, tables, name)
	}
}

// Saved objects are read by name too, and a name full of markup still leads to its object and to its events.
func TestSandboxSavedByName(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	read := func(project int64, object string) (driver.Object, error) {
		f, err := c.GetFields(t.Context(), driver.FieldsRequest{Project: project, Objects: []string{object}})
		if err != nil {
			return driver.Object{}, err
		}
		return f.Objects[0], nil
	}
	o, err := read(1, "insight:WEEKLY revenue")
	require.NoError(t, err)
	require.Equal(t, "insight:wKr3vN8a", o.Object)
	require.Contains(t, o.HogQL, "sum(properties.amount)")
	for _, unknown := range []string{"insight:weekly", "insight:!!!"} {
		_, err = read(1, unknown)
		require.Equal(t, driver.NotFound, asError(t, err).Kind, unknown)
	}

	flags, err := c.ListObjects(t.Context(), driver.ListRequest{Project: 2, Kinds: []driver.ObjectKind{driver.KindFeatureFlag}})
	require.NoError(t, err)
	require.Len(t, flags.Items, 1)
	require.Equal(t, "feature_flag:<img src=x onerror=alert(1)>", flags.Items[0].Object)
	o, err = read(2, flags.Items[0].Object)
	require.NoError(t, err)
	require.Equal(t, "FROM events WHERE event = '$feature_flag_called' AND properties.$feature_flag = '<img src=x onerror=alert(1)>'", o.From)
}

func TestSandboxSearch(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	for search, objects := range map[string][]string{
		"signup":         {"event:user_signed_up", "property:signup_date"},
		"subscribe":      {"event:subscription_purchased"},
		"browser":        {"property:$browser"},
		"sessions":       {"sessions"},
		"weekly revenue": {"insight:"},
		"funnel":         {"insight:"},
		"power users":    {"cohort:"},
		"growth":         {"dashboard:"},
		"pricing":        {"feature_flag:pricing-v2", "experiment:"},
		"company":        {"group:company"},
		"bounce":         {"sessions"},
	} {
		o, err := c.ListObjects(t.Context(), driver.ListRequest{Search: search})
		require.NoError(t, err)
		require.Empty(t, o.Notes)
		for _, want := range objects {
			i := slices.IndexFunc(o.Items, func(it driver.Item) bool { return strings.HasPrefix(it.Object, want) })
			require.GreaterOrEqual(t, i, 0, "%s: %v", search, brief(o.Items))
			require.Less(t, i, 12, "%s: %v", search, brief(o.Items))
		}
		for _, it := range o.Items { // every item leads on
			if it.Object != "" && strings.Contains(it.Object, ":") {
				_, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{it.Object}})
				require.NoError(t, err, it.Object)
			}
		}
	}
}

// Every HogQL text that GetFields gives runs as it stands, in the friendly project and in the hostile one.
func TestSandboxFieldsRun(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for _, project := range []int64{1, 2} {
		c := sandboxClient(t, s, s.Key, func(o *driver.Options) { o.ProjectID = project })
		events, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindEvent}, Limit: 6})
		require.NoError(t, err)
		require.NotEmpty(t, events.Items)
		objects := []string{"person", "events", "persons", "sessions", "groups", "person_distinct_ids", "cohort_people", "system.insights"}
		for _, e := range events.Items {
			objects = append(objects, e.Object)
		}
		for _, name := range objects {
			got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{name}, Samples: true})
			require.NoError(t, err, name)
			require.Empty(t, got.Notes, name)
			o := got.Objects[0]
			require.NotEmpty(t, o.Fields, name)
			var texts []string
			for _, f := range o.Fields {
				if f.Join == "" {
					texts = append(texts, f.Write)
				}
			}
			_, err = c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT " + strings.Join(texts, ", ") + " " + o.From + " LIMIT 1"})
			require.NoError(t, err, "%s: %s %s", name, texts, o.From)
		}
	}
}

// Whatever an event or a property is called, it is found by its name, and the condition written for it selects it.
func TestSandboxHostileNames(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, func(o *driver.Options) { o.ProjectID = 2 })
	o, err := c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindEvent}, Limit: 1000})
	require.NoError(t, err)
	require.Greater(t, o.Total, 40)
	for _, it := range o.Items {
		got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{it.Object}})
		require.NoError(t, err, "%q", it.Object)
		require.Equal(t, it.Name, got.Objects[0].Name)
		res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT count() FROM events WHERE " + it.Write + " LIMIT 1"})
		require.NoError(t, err, "%q", it.Write)
		require.NotEqual(t, json.Number("0"), res.Rows[0].Values()[0], "%q", it.Write)
	}
	o, err = c.ListObjects(t.Context(), driver.ListRequest{Kinds: []driver.ObjectKind{driver.KindProperty}, Limit: 1000})
	require.NoError(t, err)
	for _, it := range o.Items {
		got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{it.Object}, Samples: true})
		require.NoError(t, err, "%q", it.Object)
		require.Empty(t, got.Notes, "%q", it.Object)
	}
}

func TestSandboxSamples(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{"event:subscription_purchased", "person", "group:company", "property:$browser"}, Samples: true})
	require.NoError(t, err)
	require.Empty(t, got.Notes)
	field := func(o driver.Object, name string) driver.Field {
		i := slices.IndexFunc(o.Fields, func(f driver.Field) bool { return f.Name == name })
		require.GreaterOrEqual(t, i, 0, "%s: %v", name, o.Fields)
		return o.Fields[i]
	}
	require.Subset(t, []string{"free", "basic", "pro", "family"}, field(got.Objects[0], "plan").Samples)
	require.NotEmpty(t, field(got.Objects[0], "plan").Samples)
	require.Equal(t, "Numeric", field(got.Objects[0], "amount").Type)
	require.Equal(t, "properties.amount", field(got.Objects[0], "amount").Write)
	require.Equal(t, "person.properties.email", field(got.Objects[1], "email").Write)
	require.Subset(t, []string{"Chrome", "Safari", "Firefox", "Edge"}, field(got.Objects[3], "event").Samples)
}

func TestSandboxSavedObjects(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	o, err := c.ListObjects(t.Context(), driver.ListRequest{Limit: 200, Kinds: []driver.ObjectKind{driver.KindInsight, driver.KindDashboard, driver.KindCohort, driver.KindAction,
		driver.KindFeatureFlag, driver.KindExperiment, driver.KindSurvey}})
	require.NoError(t, err)
	require.Empty(t, o.Notes)
	seen := map[driver.ObjectKind]int{}
	for _, it := range o.Items {
		seen[it.Kind]++
		got, err := c.GetFields(t.Context(), driver.FieldsRequest{Objects: []string{it.Object}})
		require.NoError(t, err, it.Object)
		obj := got.Objects[0]
		require.True(t, json.Valid(obj.Definition), it.Object)
		require.Greater(t, len(obj.Definition), 2, it.Object)
		require.Equal(t, it.Name, obj.Name)
		if it.Name == "Weekly revenue" {
			require.NotEmpty(t, obj.HogQL)
			_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: obj.HogQL})
			require.NoError(t, err)
		}
	}
	require.Len(t, seen, 7, "%v", seen)
}

// Faults of one or two requests are bridged; the answer is the same as without.
func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"503retry*1", "502html*1", "504html*1", "cut*1", "truncated*1", "cut:body*1", "500*1", "429rate:1*1"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := sandboxtest.Start(t, sandboxtest.WithFaults(t, fault))
			res, err := sandboxClient(t, s, s.Key, nil).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 41 + 1 AS n LIMIT 1"})
			require.NoError(t, err)
			require.Equal(t, [][]any{{json.Number("42")}}, cells(res.Rows))
			require.Equal(t, 2, res.Attempts)
		})
	}
	for fault, kind := range map[string]driver.Kind{"504json": driver.TooSlow, "512": driver.TooSlow, "html200": driver.Unavailable} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := sandboxtest.Start(t, sandboxtest.WithFaults(t, fault))
			_, err := sandboxClient(t, s, s.Key, func(o *driver.Options) { o.MaxRetries = 1 }).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1 LIMIT 1"})
			e := asError(t, err)
			require.Equal(t, kind, e.Kind)
			require.NotContains(t, e.Detail, "<")
		})
	}
}

// However many callers there are, PostHog sees three queries at a time; who leaves, leaves nothing behind.
func TestSandboxConcurrencyAndCancel(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	c := sandboxClient(t, s, s.Key, nil)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: fmt.Sprintf("SELECT count(), %d FROM events LIMIT 1", i), Fresh: true})
			require.NoError(t, err)
		})
	}
	wg.Wait()
	stats := s.Server.Stats()
	require.LessOrEqual(t, stats.HighestInFlight, 4, "three queries, and the project's name")
	require.Equal(t, 20, stats.Count(http.MethodPost, queryRoute, 200))

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := c.Query(ctx, driver.QueryRequest{HogQL: "SELECT count() FROM numbers(100000) AS a CROSS JOIN numbers(10000000) AS b LIMIT 1", Fresh: true})
	require.Equal(t, driver.Deadline, asError(t, err).Kind)
	c.Close()
	stats = s.Server.Stats()
	require.Equal(t, 1, stats.Count(http.MethodDelete, queryRoute+"{id}/", 200))
	require.Eventually(t, func() bool { return len(s.Server.Stats().Running) == 0 }, 10*time.Second, 20*time.Millisecond)
}
