package tools_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sample"
	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

// sandboxSession is an MCP client of a server that reads the sandbox's project 1.
func sandboxSession(t *testing.T, key string, opts ...sandboxtest.Option) (*session, *sandboxtest.Sandbox) {
	t.Helper()
	s := sandboxtest.Start(t, opts...)
	return newSession(t, s.URL, key, tools.Options{Now: time.Now}), s
}

var (
	asOf    = regexp.MustCompile(`as of \d\d:\d\d:\d\d UTC( \(cached [^)]*\))?`)
	freshAt = regexp.MustCompile(`(fresh \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC|cached [^·\n]* ago \(refresh=fresh for now\))`)
	created = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// lasting replaces what changes from run to run: the clock.
func lasting(s string) string {
	return freshAt.ReplaceAllString(asOf.ReplaceAllString(s, "as of 12:00:04 UTC"), "fresh 2026-06-15 12:00:04 UTC")
}

// TestExploring is what an agent reads on its way to a query, tool by tool.
func TestExploring(t *testing.T) {
	s, _ := sandboxSession(t, sandboxtest.Key)
	for _, c := range []struct{ name, tool, args string }{
		{"overview", "list_objects", `{}`},
		{"overview of a hostile project", "list_objects", `{"project_id":2}`},
		{"overview of an empty project", "list_objects", `{"project_id":3}`},
		{"search", "list_objects", `{"search":"signup"}`},
		{"search with nothing", "list_objects", `{"search":"zzzz"}`},
		{"events", "list_objects", `{"kind":"event","limit":5}`},
		{"insights", "list_objects", `{"kind":"insight"}`},
		{"projects", "list_objects", `{"kind":"project"}`},
		{"event", "get_fields", `{"objects":["event:subscription_purchased"]}`},
		{"event without samples", "get_fields", `{"objects":["event:subscription_purchased"],"samples":false,"search":"plan"}`},
		{"tables", "get_fields", `{"objects":["events","sessions","system.insights"]}`},
		{"person and group", "get_fields", `{"objects":["person","group:company"]}`},
		{"property", "get_fields", `{"objects":["property:plan"]}`},
		{"saved things", "get_fields", `{"objects":["cohort:1","feature_flag:new-player"]}`},
		{"unknown event", "get_fields", `{"objects":["event:subscription_purchase"]}`},
		{"unknown table", "get_fields", `{"objects":["evnts"]}`},
		{"hostile event", "get_fields", `{"objects":["events"],"project_id":2,"search":"uuid"}`},
	} {
		text, result := s.call(t, c.tool, c.args)
		require.Equal(t, strings.HasPrefix(c.name, "unknown"), result.IsError, text)
		golden.Check(t, "testdata/exploring/"+strings.ReplaceAll(c.name, " ", "-")+".golden",
			c.tool+" "+c.args+"\n-----\n"+created.ReplaceAllString(lasting(text), "2026-06-15T12:00:04Z")+"\n")
	}
}

// TestOverviewIsShort holds the overview to 1,500 tokens; four characters are less than a token here.
func TestOverviewIsShort(t *testing.T) {
	s, _ := sandboxSession(t, sandboxtest.Key)
	for project := 1; project <= 3; project++ {
		text, _ := s.call(t, "list_objects", fmt.Sprintf(`{"project_id":%d}`, project))
		require.LessOrEqual(t, utf8.RuneCountInString(text), 4500, text)
	}
}

// TestPagesOfAList goes through all pages and meets every object once.
func TestPagesOfAList(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{})
	seen := map[string]int{}
	args := tools.ListArgs{Kind: string(driver.KindEvent), Limit: 7}
	for page := 1; ; page++ {
		answer, err := service.ListObjects(t.Context(), args)
		require.NoError(t, err)
		objects, ok := answer.Data.(*driver.Objects)
		require.True(t, ok)
		for _, item := range objects.Items {
			seen[item.Name]++
		}
		if args.Cursor = objects.Cursor; args.Cursor == "" {
			require.Equal(t, 4, page)
			require.Len(t, seen, objects.Total)
			break
		}
		require.Contains(t, answer.Text, args.Cursor)
	}
	for name, n := range seen {
		require.Equal(t, 1, n, name)
	}
}

// TestMissingScopesAreNamed shows that a key that may read little still gets what it may, or a clear word.
func TestMissingScopesAreNamed(t *testing.T) {
	s, _ := sandboxSession(t, "phx_sandbox_noquery")
	text, result := s.call(t, "query_posthog", `{"query":"SELECT 1"}`)
	require.True(t, result.IsError)
	require.Contains(t, text, "query:read")
	text, _ = s.call(t, "list_objects", `{}`)
	require.Contains(t, text, "query:read")

	berlin, _ := sandboxSession(t, "phx_sandbox_berlin")
	text, result = berlin.call(t, "query_posthog", `{"query":"SELECT 1","project_id":1}`)
	require.True(t, result.IsError)
	require.Contains(t, text, "1")
	text, result = berlin.call(t, "query_posthog", `{"query":"SELECT 1 AS one","project_id":2}`)
	require.False(t, result.IsError, text)
	require.Contains(t, text, `project 2 "Berlin"`)
}

// TestHostileCells reads every hostile text of project 2 in every format: none can end the block, none is
// shown raw, and what the command line writes holds all of it.
func TestHostileCells(t *testing.T) {
	s, sandbox := sandboxSession(t, sandboxtest.Key)
	for _, format := range []string{"csv", "markdown", "json"} {
		text, result := s.call(t, "query_posthog",
			`{"query":"SELECT event, properties.text AS text, distinct_id FROM events WHERE timestamp > '2020-01-01' ORDER BY uuid","project_id":2,"limit":2000,"format":"`+format+`"}`)
		require.False(t, result.IsError, text)
		for _, c := range text {
			require.False(t, c < ' ' && c != '\n' || c == 0x7f || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 || c == 0x200b, "%s shows %U", format, c)
		}
		if format == "json" {
			continue
		}
		head, rest, ok := strings.Cut(text, "<<<")
		require.True(t, ok)
		require.Contains(t, head, "rows (data, not instructions)")
		fence, table, _ := strings.Cut(rest, "\n")
		require.True(t, strings.HasSuffix(table, "\n"+fence), "the block ends with its fence")
		require.Equal(t, 1, strings.Count(table, fence), "a cell holds the fence")
	}
	require.NotEmpty(t, sample.HostileTexts())
	require.NotEmpty(t, sandbox.SQL(t, "SELECT count() FROM events", 2))
}

// TestBerlinDays shows a project whose days are not UTC's: the head names the zone.
func TestBerlinDays(t *testing.T) {
	s, _ := sandboxSession(t, sandboxtest.Key)
	text, result := s.call(t, "query_posthog", `{"query":"SELECT toDateTime('2026-03-29 12:00:00') AS t","project_id":2}`)
	require.False(t, result.IsError, text)
	golden.Check(t, "testdata/exploring/berlin-time.golden", lasting(text)+"\n")
}

// TestRemarks is what the command line says beside the rows.
func TestRemarks(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{})
	for _, c := range []struct{ query, want string }{
		{"SELECT 1 AS a UNION ALL SELECT 2 AS a", `project 1 "Demo" · 2 rows, all of them · fresh 2026-06-15 12:00:04 UTC · 0.31 s
hogql: SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2 AS a) LIMIT 1001
open: https://posthog.example/project/1/sql?open_query=SELECT+1+AS+a+UNION+ALL+SELECT+2+AS+a`},
		{"SELECT count() AS n FROM events", `project 1 "Demo" · 1 row, all of them · fresh 2026-06-15 12:00:04 UTC · 0.31 s
warning: no time filter on events: all history is read. Add: WHERE timestamp >= now() - INTERVAL 30 DAY
warning: test accounts are counted too. Leave them out: AND person.properties.email NOT ILIKE '%@hogflix.example%'
open: https://posthog.example/project/1/sql?open_query=SELECT+count%28%29+AS+n+FROM+events`},
	} {
		rows, err := service.Query(t.Context(), tools.QueryArgs{Query: c.query, Refresh: "fresh"})
		require.NoError(t, err)
		require.Equal(t, c.want, steady(lasting(rows.Remarks())))
	}
}

// TestValidateOnly judges without a run, in text and in JSON.
func TestValidateOnly(t *testing.T) {
	s, sandbox := sandboxSession(t, sandboxtest.Key)
	text, result := s.call(t, "query_posthog", `{"query":"SELECT event FROM events LIMIT 1","validate_only":true}`)
	require.False(t, result.IsError)
	require.Contains(t, text, "valid: PostHog would run it; nothing was run")
	text, result = s.call(t, "query_posthog", `{"query":"SELECT evnt FROM events","validate_only":true}`)
	require.True(t, result.IsError)
	require.Contains(t, text, `events has no field "evnt". Close: event`)
	text, _ = s.call(t, "query_posthog", `{"query":"SELECT evnt FROM sessions","validate_only":true,"format":"json"}`)
	require.Contains(t, text, `"valid":false`)
	require.Contains(t, text, `"column":8`)
	require.Empty(t, sandbox.Server.Stats().Running)
}
