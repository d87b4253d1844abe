package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

// one runs a query on the sandbox and returns its only number and its warnings.
func one(t *testing.T, s *tools.Service, a tools.QueryArgs) (n string, warnings []string) {
	t.Helper()
	rows, err := s.Query(t.Context(), a)
	require.NoError(t, err, a.Query)
	require.Len(t, rows.Rows, 1)
	for _, note := range rows.Notes {
		if note.Warning {
			warnings = append(warnings, note.Text)
		}
	}
	values := rows.Rows[0].Values()
	return fmt.Sprint(values[len(values)-1]), warnings
}

// TestWarningsPreventWrongNumbers has, for each warning, a query whose number is easily misread, and the number that was
// meant; the warning stands with the first alone.
func TestWarningsPreventWrongNumbers(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	const month = " AND timestamp >= now() - INTERVAL 30 DAY AND person.properties.email NOT ILIKE '%@hogflix.example%'"
	for _, c := range []struct {
		name           string
		misread, meant string
		project        int64
		warning        string
	}{
		{"a wrong event", "SELECT count() FROM events WHERE event = 'subscription_purchase'" + month, "SELECT count() FROM events WHERE event = 'subscription_purchased'" + month, 1,
			`no event named "subscription_purchase" has been seen here. Close: subscription_purchased (`},
		{"a wrong property", "SELECT count() FROM events WHERE event = 'subscription_purchased' AND properties.plann = 'pro'" + month,
			"SELECT count() FROM events WHERE event = 'subscription_purchased' AND properties.plan = 'pro'" + month, 1,
			`no event property named "plann" has been seen here; it reads as null. Close: plan`},
		{"a column of nulls", "SELECT count(), max(properties.plann) FROM events WHERE event = 'subscription_purchased'" + month,
			"SELECT count(), max(properties.plan) FROM events WHERE event = 'subscription_purchased'" + month, 1,
			`no event property named "plann" has been seen here; it reads as null. Close: plan`},
		{"all of history", "SELECT count() FROM events WHERE event = 'user_signed_up' AND person.properties.email != ''",
			"SELECT count() FROM events WHERE event = 'user_signed_up' AND person.properties.email != '' AND timestamp >= now() - INTERVAL 30 DAY", 1,
			"no time filter on events: all history is read"},
		{"test accounts", "SELECT count() FROM events WHERE event = 'user_logged_in' AND timestamp >= now() - INTERVAL 90 DAY",
			"SELECT count() FROM events WHERE event = 'user_logged_in' AND timestamp >= now() - INTERVAL 90 DAY AND person.properties.email NOT ILIKE '%@hogflix.example%'", 1,
			"test accounts are counted too. Leave them out: AND person.properties.email NOT ILIKE '%@hogflix.example%'"},
		{"days of another zone", "SELECT count() FROM events WHERE toDate(timestamp) = '2026-06-13'", "SELECT count() FROM events WHERE toDate(toTimeZone(timestamp, 'UTC')) = '2026-06-13'", 2,
			"days and hours are those of Europe/Berlin, not UTC"},
		{"a day of another zone", "SELECT count() FROM events WHERE timestamp >= '2026-06-13' AND timestamp < '2026-06-14'",
			"SELECT count() FROM events WHERE timestamp >= '2026-06-13T00:00:00Z' AND timestamp < '2026-06-14T00:00:00Z'", 2,
			"days and hours are those of Europe/Berlin, not UTC"},
		{"a day between", "SELECT count() FROM events WHERE timestamp BETWEEN '2026-06-13 00:00:00' AND '2026-06-13 23:59:59'",
			"SELECT count() FROM events WHERE timestamp BETWEEN toDateTime('2026-06-13 00:00:00', 'UTC') AND toDateTime('2026-06-13 23:59:59', 'UTC')", 2,
			"days and hours are those of Europe/Berlin, not UTC"},
		{"a sample", "SELECT count() FROM events SAMPLE 0.1 WHERE event = '$pageview'" + month, "SELECT count() FROM events WHERE event = '$pageview'" + month, 1,
			"SAMPLE 0.1 reads a part of the rows: counts and sums are not scaled up. Multiply them by 10, or leave SAMPLE out"},
		{"today's person", "SELECT count() FROM events WHERE event = 'user_logged_in' AND person.properties.plan = 'pro'" + month,
			"SELECT count() FROM events WHERE event = 'user_logged_in' AND person_properties.plan = 'pro'" + month, 1,
			"person.properties.plan is the person's value today, not at the time of the event"},
		{"an estimate", "SELECT uniq(number) AS n FROM numbers(1000000)", "SELECT count(DISTINCT number) AS n FROM numbers(1000000)", 1,
			"n is an estimate (uniq, about 1 % off): count(DISTINCT …) is exact"},
		{"an estimate with a condition", "SELECT uniqIf(number, number > 0) FROM numbers(1000000)", "SELECT uniqExactIf(number, number > 0) FROM numbers(1000000)", 1,
			"is an estimate (uniqIf, about 1 % off): uniqExactIf(…) is exact"},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{})
			misread, warnings := one(t, service, tools.QueryArgs{Query: c.misread, ProjectID: c.project})
			require.Contains(t, strings.Join(warnings, "\n"), c.warning)
			require.Len(t, warnings, 1, "nothing else is said")
			meant, warnings := one(t, service, tools.QueryArgs{Query: c.meant, ProjectID: c.project})
			require.Empty(t, warnings)
			require.NotEqual(t, meant, misread, "the number would have been misread")
		})
	}
}

// TestNoFalseAlarms has queries that look like the ones above and are right as they are.
func TestNoFalseAlarms(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{})
	for _, c := range []struct {
		query   string
		project int64
	}{
		{"SELECT event, timestamp FROM events WHERE timestamp >= now() - INTERVAL 1 DAY LIMIT 5", 1},
		{"SELECT count() FROM events WHERE distinct_id = 'nobody' AND timestamp >= now() - INTERVAL 1 DAY", 1},
		{"SELECT count() FROM system.insights", 1},
		{"SELECT count() FROM events WHERE person_id IN ('018f0000-0000-7000-8000-000000000002') AND timestamp >= now() - INTERVAL 1 DAY", 1},
		{"SELECT count() FROM events WHERE timestamp > '2020-01-01'", 2},
		{"SELECT count() FROM events WHERE timestamp >= now() - INTERVAL 30 DAY AND event = 'movie_viewed'", 2},
		{"SELECT count() FROM events WHERE timestamp >= now() + INTERVAL 30 DAY AND event = '$pageview' AND person.properties['email'] != 'x'", 1},
		{"SELECT uniq(event) FROM events WHERE timestamp >= now() - INTERVAL 30 DAY AND person.properties.email = 'x'", 1},
		{"SELECT formatDateTime(timestamp, '%Y-%m-%d', 'UTC') AS d FROM events WHERE timestamp > '2020-01-01' LIMIT 1", 2},
		{"SELECT toHour(toTimeZone(timestamp, 'UTC')) AS d FROM events WHERE timestamp > '2020-01-01' LIMIT 1", 2},
		{"SELECT person.properties.plan, person.properties.email FROM events WHERE timestamp >= now() - INTERVAL 1 DAY LIMIT 1", 1},
		{"SELECT count() FROM events WHERE timestamp >= now() - INTERVAL 1 DAY AND person.properties.$initial_browser = 'Chrome' AND person.properties.email != ''", 1},
		{"SELECT toStartOfDay(timestamp) AS d, uniq(person_id) FROM events WHERE timestamp >= now() - INTERVAL 3 DAY AND person.properties.email != '' GROUP BY d", 1},
	} {
		rows, err := service.Query(t.Context(), tools.QueryArgs{Query: c.query, ProjectID: c.project})
		require.NoError(t, err, c.query)
		for _, n := range rows.Notes {
			if strings.Contains(c.query, "movie_viewed") && c.project == 2 {
				require.Contains(t, n.Text, `no event named "movie_viewed"`)
				continue
			}
			require.Fail(t, "a false alarm", "%s\n%s", c.query, n)
		}
	}
}

// TestOurLimitAndOurCacheAreTold: numbers that are cut or old say so in the head.
func TestOurLimitAndOurCacheAreTold(t *testing.T) {
	s, sandbox := sandboxSession(t, sandboxtest.Key)
	const query = `{"query":"SELECT event, uuid FROM events WHERE event = '$pageview' AND timestamp >= now() - INTERVAL 60 DAY"}`
	text, _ := s.call(t, "query_posthog", query)
	require.Contains(t, text, "1,000 rows, more exist (our default limit 1000; pass limit up to 50000) · fresh ")
	require.NotEqual(t, "1000", fmt.Sprint(sandbox.SQL(t, "SELECT count() FROM events WHERE event = '$pageview'", 1)[0][0]))
	text, _ = s.call(t, "query_posthog", query)
	require.Regexp(t, `1,000 rows, more exist \(our default limit 1000; pass limit up to 50000\) · cached \d+ s ago \(refresh=fresh for now\)`, text)
}

// TestOtherFilters writes a project's filters for its own people as a condition, or says that there are some.
func TestOtherFilters(t *testing.T) {
	t.Parallel()
	const query = "SELECT count() AS n FROM events WHERE timestamp >= now() - INTERVAL 1 DAY"
	for filters, want := range map[string]string{
		`null`: "", `[]`: "", `{"broken":1}`: "",
		`[{"key":"$host","type":"event","operator":"is_not","value":["localhost:8000"]}]`:                                                        "Leave them out: AND properties.$host != 'localhost:8000'",
		`[{"key":"$host","type":"event","operator":"is_not","value":["a","b"]}]`:                                                                 "Leave them out: AND properties.$host NOT IN ('a', 'b')",
		`[{"key":"plan","type":"person","operator":"exact","value":"pro"}]`:                                                                      "Leave them out: AND person.properties.plan = 'pro'",
		`[{"key":"plan","type":"person","operator":"exact","value":["pro","basic"]}]`:                                                            "Leave them out: AND person.properties.plan IN ('pro', 'basic')",
		`[{"key":"email","type":"person","operator":"not_regex","value":"@x$"},{"key":"b c","type":"event","operator":"icontains","value":"y"}]`: "Leave them out: AND person.properties.email !~ '@x$' AND properties.`b c` ILIKE '%y%'",
		`[{"key":"email","type":"person","operator":"regex","value":"@x$"}]`:                                                                     "Leave them out: AND person.properties.email =~ '@x$'",
		`[{"key":"id","type":"cohort","operator":"not_in","value":3}]`:                                                                           "test accounts are counted too: the project has filters for them that are no plain condition",
		`[{"key":"a","type":"event","operator":"is_set","value":"is_set"}]`:                                                                      "that are no plain condition",
		`[{"key":"a","type":"event","operator":"is_not","value":{"x":1}}]`:                                                                       "that are no plain condition",
	} {
		u := newUpstream(t, always("n:UInt64", "[[7]]"))
		u.project = `{"id":1,"name":"Demo","timezone":"UTC","test_account_filters":` + filters + `}`
		text, result := newSession(t, u.url, canaryKey, tools.Options{}).call(t, "query_posthog", string(mustJSON(map[string]any{"query": query})))
		require.False(t, result.IsError)
		if want == "" {
			require.NotContains(t, text, "warning", filters)
			continue
		}
		require.Contains(t, text, want)
	}
}

// TestPersonsByMode: whether an event's person is today's depends on the project, which the answer tells.
func TestPersonsByMode(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]bool{
		`{"personsOnEventsMode":"disabled"}`: true, `{"personsOnEventsMode":"person_id_override_properties_joined"}`: true,
		`{"personsOnEventsMode":"person_id_override_properties_on_events"}`: false, `{}`: false, `null`: false, `"odd"`: false,
	} {
		u := newUpstream(t, func(string, string) (int, string) {
			return http.StatusOK, strings.Replace(rowsBody("n:UInt64", "[[7]]"), `{`, `{"modifiers":`+mode+`,`, 1)
		})
		text, result := newSession(t, u.url, canaryKey, tools.Options{}).call(t, "query_posthog",
			`{"query":"SELECT count() AS n FROM events WHERE timestamp > now() - INTERVAL 1 DAY AND person.properties.plan = 'pro'"}`)
		require.False(t, result.IsError)
		require.Equal(t, want, strings.Contains(text, "person.properties.plan is the person's value today"), mode)
	}
}

// TestTheLinkOpensTheQuery as it was asked, with its values, or as PostHog filled it.
func TestTheLinkOpensTheQuery(t *testing.T) {
	t.Parallel()
	u := newUpstream(t, always("n:UInt64", "[[7]]"))
	s := newSession(t, u.url, canaryKey, tools.Options{})
	for _, c := range []struct{ arguments, want string }{
		{`{"query":"SELECT 1 AS n"}`, "open_query=SELECT+1+AS+n"},
		{`{"query":"SELECT {a} AS n","values":{"a":"x'&y"}}`, "open_query=SELECT+%27x%27%27%26y%27+AS+n"},
		{`{"query":"SELECT count() AS n FROM events WHERE {filters}","time_period":"7d"}`, "open_query=SELECT+1"},
		{`{"query":"SELECT '` + strings.Repeat("x", 5000) + `' AS n"}`, ""},
	} {
		for _, format := range []string{"json", "markdown", "csv"} {
			text, result := s.call(t, "query_posthog", strings.Replace(c.arguments, `}`, `}`, 1)[:len(c.arguments)-1]+`,"format":"`+format+`"}`)
			require.False(t, result.IsError, text)
			switch {
			case format == "csv" || c.want == "":
				require.NotContains(t, text, "open_query")
			case format == "json":
				var v struct{ Link string }
				require.NoError(t, json.Unmarshal([]byte(text), &v))
				require.Equal(t, "https://posthog.example/project/1/sql?"+c.want, v.Link)
			default:
				require.Contains(t, text, "[open in PostHog](https://posthog.example/project/1/sql?"+c.want+")\n")
			}
		}
	}
}
