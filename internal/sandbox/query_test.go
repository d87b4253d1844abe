package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestBodyForm(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var log transcript
	const path = "/api/projects/1/query/"
	for _, c := range []struct{ title, body string }{
		{"no JSON", `{"query":`},
		{"no object", `[]`},
		{"null", `null`},
		{"empty object", `{}`},
		{"query is a text", `{"query":"SELECT 1"}`},
		{"unknown key", `{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"limit":5}`},
		{"unknown key in the query", `{"query":{"kind":"HogQLQuery","query":"SELECT 1","limit":5}}`},
		{"several faults", `{"query":{"kind":"HogQLQuery","queri":"SELECT 1","values":[]}}`},
		{"unknown mode", `{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"refresh":"now"}`},
		{"name too long", `{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"name":"` + strings.Repeat("ü", 129) + `"}`},
		{"wrong type", `{"query":{"kind":"HogQLQuery","query":1}}`},
		{"unknown modifier", `{"query":{"kind":"HogQLQuery","query":"SELECT 1","modifiers":{"speed":true}}}`},
		{"variable without id", `{"query":{"kind":"HogQLQuery","query":"SELECT 1","variables":{"a":{"code_name":"a"}}}}`},
		{"kind missing", `{"query":{"query":"SELECT 1"}}`},
		{"unknown kind", `{"query":{"kind":"SQLQuery","query":"SELECT 1"}}`},
		{"kind of PostHog's that is not run here", `{"query":{"kind":"TrendsQuery","series":[]}}`},
	} {
		log.add(t, c.title, (&exchange{method: "POST", path: path, key: keyAll, body: c.body}).do(t, s))
	}
	log.add(t, "no content type", (&exchange{method: "POST", path: path, key: keyAll, body: "SELECT 1", header: map[string]string{"Content-Type": "text/plain"}}).do(t, s))
	log.check(t, "body")
	for _, body := range []string{
		`{"query":{"kind":"HogQLQuery","query":"SELECT 1","values":null,"filters":null,"modifiers":null,"tags":{"scene":"x"}},"name":null,"refresh":null,"async":null}`,
		`{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"filters_override":{},"variables_override":null,"name":"` + strings.Repeat("ü", 128) + `"}`,
	} {
		e := (&exchange{method: "POST", path: path, key: keyAll, body: body}).do(t, s)
		require.Equal(t, http.StatusOK, e.status, e.text)
	}
	large := `{"query":{"kind":"HogQLQuery","query":"SELECT 1"},"name":"` + strings.Repeat("x", 21<<20) + `"}`
	require.Equal(t, http.StatusRequestEntityTooLarge, (&exchange{method: "POST", path: path, key: keyAll, body: large}).do(t, s).status)
}

// changing are the parts of an answer that differ from run to run.
var changing = regexp.MustCompile(`("t": ?)[0-9.e-]+|("(?:last_refresh|next_allowed_client_refresh)": ?)"[^"]+"`)

func TestAnswerForm(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := query(t, s, "SELECT event, uniq(event) AS n FROM events WHERE event IN ('$pageview', 'movie_viewed') GROUP BY event ORDER BY event", `"refresh":"force_blocking"`)
	read[answer](t, e, http.StatusOK)
	e.text = changing.ReplaceAllString(e.text, "$1$2\"…\"")
	var log transcript
	log.add(t, "every key of an answer", e)
	log.check(t, "answer")
}

func TestAnswerIsTheEngines(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	direct := s.SQL(t, "SELECT count(), countIf(event = '$pageview') FROM events", 1)
	require.Equal(t, fmt.Sprintf("[[%v,%v]]", direct[0][0], direct[0][1]), rows(t, s, "SELECT count(), countIf(event = '$pageview') FROM events"))
	require.Equal(t, `[["2026-06-15T12:00:00Z"]]`, rows(t, s, "SELECT now()"), "now() is the end of the data")
}

func TestValues(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for _, c := range []struct{ sql, want string }{
		{"SELECT _toUInt64('18446744073709551615')", `[[18446744073709551615]]`},
		{"SELECT 1 / 0, 0 / 0", `[[null,null]]`},
		{"SELECT toDecimal('1.50', 2)", `[["1.50"]]`},
		{"SELECT toDate('2026-03-01')", `[["2026-03-01"]]`},
		{"SELECT toDateTime('2026-03-01 10:00:00')", `[["2026-03-01T10:00:00Z"]]`},
		{"SELECT toDateTime('2026-03-01 10:00:00.5')", `[["2026-03-01T10:00:00.500000Z"]]`},
		{"SELECT [1, 2], tuple('a', NULL)", `[[[1,2],["a",null]]]`},
		{"SELECT 1 = 1, 'a' = 'b'", `[[1,0]]`},
		{"SELECT '<b>&'", `[["\u003cb\u003e\u0026"]]`},
	} {
		require.Equal(t, c.want, rows(t, s, c.sql), c.sql)
	}
	require.Contains(t, query(t, s, "SELECT '<b>&'").text, `[["<b>&"]]`, "PostHog does not escape for HTML")
	for _, sql := range []string{"SELECT _toUInt128('1')", "SELECT [_toUInt128('1')]", "SELECT map(1, 'a')"} {
		require.Equal(t, http.StatusInternalServerError, query(t, s, sql).status, "PostHog's encoder cannot write it: %s", sql)
	}
	require.Equal(t, `[[{"a":1}]]`, rows(t, s, "SELECT map('a', 1)"))
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	ask := func(sql string) answer { return read[answer](t, query(t, s, sql), http.StatusOK) }

	a := ask("SELECT uuid FROM events")
	require.Len(t, a.Results, 100)
	require.True(t, *a.HasMore)
	require.EqualValues(t, 100, *a.Limit)
	require.EqualValues(t, 0, *a.Offset)

	a = ask("SELECT DISTINCT event FROM events")
	require.Less(t, len(a.Results), 100)
	require.False(t, *a.HasMore)

	a = ask("SELECT uuid FROM events LIMIT 7")
	require.Len(t, a.Results, 7)
	require.Nil(t, a.HasMore)
	require.Nil(t, a.Limit)
	require.Nil(t, a.Offset)

	a = ask("SELECT number FROM numbers(60000) LIMIT 55000")
	require.Equal(t, `[[50000]]`, fmt.Sprintf("[[%d]]", len(a.Results)), "a larger limit is lowered without a word")
	require.Nil(t, a.HasMore)

	a = ask("SELECT number FROM numbers(300) UNION ALL SELECT number FROM numbers(300) LIMIT 150")
	require.Nil(t, a.HasMore)

	for _, sql := range []string{
		"SELECT event FROM events LIMIT 10 OFFSET 5",
		"SELECT * FROM (SELECT event FROM events LIMIT 10 OFFSET 5)",
		"SELECT event FROM events LIMIT 1 UNION ALL SELECT event FROM events LIMIT 1 OFFSET 1",
	} {
		f := read[failed](t, query(t, s, sql), http.StatusBadRequest)
		require.Equal(t, "hogql_query_error", f.Code)
		require.Equal(t, "validation_error", f.Type)
		require.Contains(t, f.Detail, "OFFSET")
	}
}

func TestWrongHogQL(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	var log transcript
	for _, c := range []struct{ title, sql string }{
		{"nothing", ""},
		{"unfinished", "SELECT event FROM"},
		{"syntax", "SELECT event FROM events WHERE )"},
		{"syntax with line breaks", "SELECT\n\tevent,\nFROM events GROUP\nx"},
		{"unknown table", "SELECT 1 FROM evnts"},
		{"unknown field", "SELECT foo FROM events"},
		{"unknown function", "SELECT coutn() FROM events"},
		{"wrong number of arguments", "SELECT toDate() FROM events"},
		{"placeholder without value", "SELECT event FROM events WHERE event = {name}"},
		{"engine: types do not fit", "SELECT 'a' + 1"},
		{"engine: aggregate inside", "SELECT arrayMap(x -> x.1, [1])"},
		{"engine: text is no number", "SELECT accurateCast('abc', 'Int64')"},
		{"not for PostHog's encoder", "SELECT _toUInt128('1')"},
	} {
		log.add(t, c.title, query(t, s, c.sql))
	}
	log.check(t, "wrong")
}

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	require.Equal(t, `[["it's","a\\b",1.5,12345678901234567890,1,null,["x","y"]]]`,
		rows(t, s, "SELECT {a}, {b}, {c}, {d}, {e} = true, {f}, {g}",
			`query."values":{"a":"it's","b":"a\\b","c":1.5,"d":12345678901234567890,"e":true,"f":null,"g":["x","y"]}`))
	injected := `') OR 1 = 1 --`
	require.Equal(t, `[["`+injected+`"]]`, rows(t, s, "SELECT {a}", `query."values":{"a":"`+injected+`"}`))
	require.Equal(t, `[["v"]]`, rows(t, s, "SELECT {variables.v}", `query."variables":{"1":{"variableId":"1","code_name":"v","value":"v"}}`))
	require.Equal(t, `[[null]]`, rows(t, s, "SELECT {variables.v}", `query."variables":{"1":{"variableId":"1","code_name":"v","value":"v","isNull":true}}`))
	f := read[failed](t, query(t, s, "SELECT {filters}", `query."values":{"filters":1}`, `query."filters":{}`), http.StatusBadRequest)
	require.Contains(t, f.Detail, "filters")
	for _, more := range []string{`query."values":{"a":{}}`, `query."variables":{"1":{"variableId":"1","code_name":"a","value":{}}}`} {
		f := read[failed](t, query(t, s, "SELECT 1", more), http.StatusBadRequest)
		require.Contains(t, f.Detail, "is no constant")
	}
	require.Equal(t, `[["own"]]`, rows(t, s, "SELECT {filters}", `query."values":{"filters":"own"}`), "a value may have that name")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	count := func(where string) string {
		return fmt.Sprintf("[[%v]]", s.SQL(t, "SELECT count() FROM events WHERE "+where, 1)[0][0])
	}
	const ask = "SELECT count() FROM events WHERE {filters}"
	property := "replaceRegexpAll(nullIf(nullIf(JSONExtractRaw(properties, '%s'), ''), 'null'), '^\"|\"$', '')"
	browser := fmt.Sprintf(property, "$browser")
	for _, c := range []struct{ filters, want string }{
		{``, "1"},
		{`{}`, "1"},
		{`{"dateRange":{"date_from":"all"}}`, "1"},
		{`{"dateRange":{"date_from":"-7d"}}`, "timestamp >= toDateTime64('2026-06-08 12:00:00', 6, 'UTC')"},
		{`{"dateRange":{"date_from":"dStart"}}`, "timestamp >= toDateTime64('2026-06-15 00:00:00', 6, 'UTC')"},
		{`{"dateRange":{"date_from":"-1mStart","date_to":"mStart"}}`, "timestamp >= toDateTime64('2026-05-01 00:00:00', 6, 'UTC') AND timestamp < toDateTime64('2026-06-01 00:00:00', 6, 'UTC')"},
		{`{"dateRange":{"date_from":"2026-06-01","date_to":"2026-06-02T12:00:00Z"}}`, "timestamp >= toDateTime64('2026-06-01 00:00:00', 6, 'UTC') AND timestamp < toDateTime64('2026-06-02 12:00:00', 6, 'UTC')"},
		{`{"properties":[{"key":"$browser","type":"event","value":"Chrome","operator":"exact"}]}`, browser + " = 'Chrome'"},
		{`{"properties":[{"key":"$browser","value":["Chrome","Safari"]}]}`, browser + " IN ('Chrome', 'Safari')"},
		{`{"properties":[{"key":"$browser","value":["Chrome","Safari"],"operator":"is_not"}]}`, "ifNull(" + browser + " NOT IN ('Chrome', 'Safari'), 1)"},
		{`{"properties":[{"key":"$browser","value":"hro","operator":"icontains"}]}`, browser + " ILIKE '%hro%'"},
		{`{"properties":[{"key":"$browser","value":"_hrome","operator":"icontains"}]}`, "0"},
		{`{"properties":[{"key":"$browser","value":"^S","operator":"regex"}]}`, "match(" + browser + ", '^S')"},
		{`{"properties":[{"key":"$browser","operator":"is_not_set"}]}`, "isNull(" + browser + ")"},
		{`{"properties":[{"key":"amount","value":10,"operator":"gt"}]}`, "toFloat64OrNull(" + fmt.Sprintf(property, "amount") + ") > 10"},
		{`{"properties":[{"key":"$browser","operator":"is_set"}]}`, "isNotNull(" + browser + ")"},
		{`{"properties":[{"key":"$browser","value":"^S","operator":"not_regex"}]}`, "ifNull(NOT match(" + browser + ", '^S'), 1)"},
		{`{"properties":[{"key":"$browser","value":"hro","operator":"not_icontains"}]}`, "ifNull(" + browser + " NOT ILIKE '%hro%', 1)"},
		{`{"properties":[{"key":"$browser","value":[]}]}`, "1"},
		{`{"properties":[{"key":"is_trial","value":["true"]}]}`, "JSONExtractRaw(properties, 'is_trial') = 'true'"},
		{`{"properties":[{"key":"distinct_id","type":"event_metadata","value":"nobody"}]}`, "0"},
		{`{"properties":[{"key":"$session_duration","type":"session","value":-1,"operator":"lt"}]}`, "0"},
		{`{"properties":[{"key":"name","type":"group","group_type_index":0,"value":"no such company"}]}`, "0"},
		{`{"properties":[{"key":"event = '$pageview'","type":"hogql"}]}`, "event = '$pageview'"},
		{`{"properties":[{"key":"id","type":"cohort","value":1}]}`, "if(distinct_id IN (SELECT distinct_id FROM person_distinct_id_overrides), (SELECT groupArray((distinct_id, person_id)) FROM person_distinct_id_overrides)[indexOf((SELECT groupArray(distinct_id) FROM person_distinct_id_overrides), distinct_id)].2, person_id) IN (SELECT person_id FROM cohort_people WHERE cohort_id = 1)"},
	} {
		more := []string{}
		if c.filters != "" {
			more = append(more, `query."filters":`+c.filters)
		}
		require.Equal(t, count(c.want), rows(t, s, ask, more...), c.filters)
	}
	require.Equal(t, `[["2026-06-08T12:00:00Z",null]]`,
		rows(t, s, "SELECT {filters.dateRange.from}, {filters.dateRange.to}", `query."filters":{"dateRange":{"date_from":"-7d"}}`))
	inner := read[answer](t, query(t, s, ask, `query."filters":{"filterTestAccounts":true}`), http.StatusOK)
	require.NotEqual(t, rows(t, s, ask), fmt.Sprint(inner.Results), "staff are left out")
	for _, bad := range []string{
		`{"dateRange":{"date_from":"soon"}}`, `{"properties":[{"key":"a","type":"planet","value":1}]}`,
		`{"properties":[{"key":"a","value":1,"operator":"almost"}]}`, `{"properties":[{"key":"a","value":"x","operator":"almost"}]}`,
		`{"properties":[{"key":"a","value":{}}]}`, `{"properties":[{"key":"a"}]}`, `{"properties":[{"key":"id","type":"cohort"}]}`,
		`{"properties":[{"key":")","type":"hogql"}]}`, `{"properties":[{"key":"a","value":1,"operator":"icontains"}]}`,
	} {
		require.Equal(t, http.StatusBadRequest, query(t, s, ask, `query."filters":`+bad).status, bad)
	}
}

func TestRelativeDates(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for text, want := range map[string]string{
		"-1h": "2026-06-15T11:00:00Z", "hStart": "2026-06-15T12:00:00Z", "-36hStart": "2026-06-14T00:00:00Z",
		"-2w": "2026-06-01T12:00:00Z", "wStart": "2026-06-14T00:00:00Z",
		"-1m": "2026-05-15T12:00:00Z", "-1mEnd": "2026-05-31T23:59:59.999999Z",
		"-1q": "2026-03-15T12:00:00Z", "qStart": "2026-04-01T00:00:00Z",
		"-1y": "2025-06-15T12:00:00Z", "-1yStart": "2025-01-01T00:00:00Z",
		"2026-05-01 10:00:00": "2026-05-01T10:00:00Z", "2026-05-01T10:00:00.250+02:00": "2026-05-01T08:00:00.250000Z",
	} {
		got := rows(t, s, "SELECT {filters.dateRange.from}", `query."filters":{"dateRange":{"date_from":"`+text+`"}}`)
		require.Equal(t, `[["`+want+`"]]`, got, text)
	}
	berlin := queryOf("SELECT {filters.dateRange.from}, {filters.dateRange.to}", `query."filters":{"dateRange":{"date_from":"dStart","date_to":"2026-01-01"}}`)
	berlin.path = "/api/projects/2/query/"
	require.Equal(t, [][]any{{"2026-06-14T22:00:00Z", "2025-12-31T23:00:00Z"}}, read[answer](t, berlin.do(t, s), http.StatusOK).Results,
		"days begin in the project's zone")
	for _, bad := range []string{"-1x", "-9999999d", "-99999999999999999999d", "2026-13-01"} {
		e := query(t, s, "SELECT {filters}", `query."filters":{"dateRange":{"date_to":"`+bad+`"}}`)
		require.Equal(t, http.StatusBadRequest, e.status, bad)
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := queryOf("SELECT toDateTime('2026-06-15 12:00:00') AS t", `query."modifiers":{}`)
	e.path = "/api/projects/2/query/"
	a := read[answer](t, e.do(t, s), http.StatusOK)
	require.Equal(t, "Europe/Berlin", a.TimeZone)
	require.Equal(t, "2026-06-15T12:00:00+02:00", a.Results[0][0])
	require.Equal(t, [2]string{"t", "DateTime64(6, 'Europe/Berlin')"}, [2]string{a.Types[0][0], strings.TrimSuffix(strings.TrimPrefix(a.Types[0][1], "Nullable("), ")")})
	e = queryOf("SELECT timestamp AS t FROM events LIMIT 1", `query."modifiers":{"convertToProjectTimezone":false}`)
	e.path = "/api/projects/2/query/"
	a = read[answer](t, e.do(t, s), http.StatusOK)
	require.Contains(t, a.Results[0][0], "Z")
}

func TestClientHeaderChangesNothing(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := queryOf("SELECT 1")
	e.header = map[string]string{"X-PostHog-Client": "mcp"}
	require.NotContains(t, e.do(t, s).text, "formatted_results")
}

func TestManyRows(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	a := read[answer](t, query(t, s, "SELECT number, '<' FROM numbers(50000) LIMIT 50000"), http.StatusOK)
	for i, row := range a.Results {
		if fmt.Sprint(row) != fmt.Sprintf("[%d <]", i) {
			require.Failf(t, "wrong row", "row %d is %v", i, row)
		}
	}
	require.Equal(t, `[[50000]]`, fmt.Sprintf("[[%d]]", len(a.Results)))
	require.Equal(t, []string{"number", "'<'"}, a.Columns)
	require.Equal(t, `[]`, rows(t, s, "SELECT event FROM events WHERE event = 'none'"))
}

// Whatever the data holds, an answer is JSON and UTF-8.
func TestHostileData(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for _, sql := range []string{
		"SELECT * FROM events LIMIT 50000", "SELECT * FROM persons LIMIT 50000", "SELECT * FROM groups LIMIT 50000",
		"SELECT event, count() FROM events GROUP BY event LIMIT 50000",
	} {
		e := queryOf(sql)
		e.path = "/api/projects/2/query/"
		read[answer](t, e.do(t, s), http.StatusOK)
		require.True(t, utf8.ValidString(e.text), sql)
		require.True(t, json.Valid([]byte(e.text)), sql)
	}
	stored := s.SQL(t, "SELECT DISTINCT event FROM events ORDER BY event", 2)
	listed := list(t, s, "/api/projects/2/event_definitions/?ordering=name&limit=1000").names()
	require.Len(t, listed, len(stored))
	for i, row := range stored {
		require.Equal(t, row[0], listed[i])
	}
}

func TestCacheModes(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	const sql = "SELECT count() FROM events"
	first := read[answer](t, query(t, s, sql), http.StatusOK)
	require.False(t, first.Cached)
	second := read[answer](t, query(t, s, sql, `"name":"another name"`, `query."tags":{"scene":"x"}`), http.StatusOK)
	require.True(t, second.Cached)
	require.Equal(t, first.Refresh, second.Refresh)
	require.Equal(t, first.CacheKey, second.CacheKey)
	forced := read[answer](t, query(t, s, sql, `"refresh":"force_blocking"`), http.StatusOK)
	require.False(t, forced.Cached)
	require.NotEqual(t, first.Refresh, forced.Refresh)
	for _, mode := range []string{"blocking", "async", "lazy_async", "async_except_on_cache_miss", "force_cache"} {
		a := read[answer](t, query(t, s, sql, `"refresh":"`+mode+`"`), http.StatusOK)
		require.True(t, a.Cached, mode)
		require.Nil(t, a.Status, mode)
		require.Equal(t, forced.Refresh, a.Refresh, mode)
	}
	for _, more := range []string{`query."values":{"a":1}`, `query."modifiers":{"convertToProjectTimezone":false}`, `query."filters":{}`} {
		a := read[answer](t, query(t, s, sql, more), http.StatusOK)
		require.False(t, a.Cached, more)
	}
	schema := "SELECT count() FROM system.information_schema.tables"
	for range 2 {
		require.False(t, read[answer](t, query(t, s, schema), http.StatusOK).Cached, "the schema is always read anew")
	}
	s.Server.Reset()
	require.False(t, read[answer](t, query(t, s, sql), http.StatusOK).Cached)
}

func TestStaleCache(t *testing.T) {
	t.Parallel()
	stale := sandboxtest.With(func(o *sandbox.Options) { o.CacheFresh = time.Nanosecond })
	s := sandboxtest.Start(t, stale)
	const sql = "SELECT count() FROM events"
	first := read[answer](t, query(t, s, sql), http.StatusOK)
	require.False(t, read[answer](t, query(t, s, sql), http.StatusOK).Cached, "blocking computes what is stale")
	require.True(t, read[answer](t, query(t, s, sql, `"refresh":"force_cache"`), http.StatusOK).Cached)
	a := read[answer](t, query(t, s, sql, `"refresh":"lazy_async"`), http.StatusOK)
	require.True(t, a.Cached)
	require.Nil(t, a.Status, "lazy_async has the longer patience")
	for _, mode := range []string{"async", "async_except_on_cache_miss"} {
		a := read[answer](t, query(t, s, sql, `"refresh":"`+mode+`"`), http.StatusAccepted)
		require.Equal(t, first.Results, a.Results, "stale rows come along")
		require.True(t, a.Cached)
		require.False(t, a.Status.Complete)
	}
	very := sandboxtest.Start(t, stale, sandboxtest.With(func(o *sandbox.Options) { o.CacheLazy = time.Nanosecond }))
	query(t, very, sql)
	require.NotNil(t, read[answer](t, query(t, very, sql, `"refresh":"lazy_async"`), http.StatusAccepted).Status)
}

func TestDebug(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	a := read[answer](t, query(t, s, "SELECT 'a' + 1", `query."modifiers":{"debug":true}`), http.StatusOK)
	require.NotNil(t, a.Error)
	require.Equal(t, [][]any{}, a.Results)
	require.False(t, read[answer](t, query(t, s, "SELECT 'a' + 1", `query."modifiers":{"debug":true}`), http.StatusOK).Cached)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.WithQueryTimeout(50*time.Millisecond))
	e := query(t, s, slow)
	f := read[failed](t, e, http.StatusGatewayTimeout)
	require.Equal(t, "server_error", f.Type)
	require.Equal(t, "error", f.Code)
	require.Contains(t, f.Detail, "max execution time")
}

// slow is a query that runs until it is stopped.
const slow = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)"

func TestMemory(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.With(func(o *sandbox.Options) { o.QueryMemory = 10 << 20 }))
	f := read[failed](t, query(t, s, "SELECT uniqExact(number) FROM numbers(10000000)"), 513)
	require.Equal(t, "clickhouse_memory_limit_exceeded", f.Code)
	require.Contains(t, f.Detail, "ran out of memory")
}
