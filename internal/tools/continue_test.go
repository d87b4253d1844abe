package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sandboxtest"
	"posthog-mcp/internal/tools"
)

// continued is what a test reads of an answer in JSON.
type continued struct {
	Rows     [][]any  `json:"rows"`
	HasMore  *bool    `json:"has_more"`
	Continue string   `json:"continue"`
	Notes    []string `json:"notes"`
}

// TestTheNextRowsFollow goes through tables by the queries that the answers give, and meets each row once, in order.
func TestTheNextRowsFollow(t *testing.T) {
	sandbox := sandboxtest.Start(t)
	service := tools.NewService(newDriver(t, sandbox.URL, sandboxtest.Key, nil), tools.Options{})
	for _, c := range []struct {
		name, query string
		project     int64
		limit       int64
		sql         string // the same rows, asked of the engine itself
	}{
		{"newest first", "SELECT timestamp, uuid FROM events WHERE event = '$pageview' ORDER BY timestamp DESC, uuid DESC", 1, 1700,
			"SELECT toString(uuid) FROM events WHERE event = '$pageview' ORDER BY timestamp DESC, uuid DESC"},
		{"oldest first, other names", "SELECT e.uuid AS id, e.event, e.timestamp AS t FROM events AS e WHERE e.event = 'movie_viewed' OR e.event = '$pageleave' ORDER BY t, id", 1, 900,
			"SELECT toString(uuid) FROM events WHERE event IN ('movie_viewed', '$pageleave') ORDER BY timestamp, uuid"},
		{"two directions", "SELECT timestamp, event, uuid FROM events WHERE event LIKE 'user%' ORDER BY timestamp DESC, event, uuid DESC", 1, 170,
			"SELECT toString(uuid) FROM events WHERE event LIKE 'user%' ORDER BY timestamp DESC, event, uuid DESC"},
		{"a limit of its own", "SELECT timestamp, uuid FROM events WHERE event = '$pageview' ORDER BY timestamp DESC, uuid DESC LIMIT 2500", 1, 1000,
			"SELECT toString(uuid) FROM events WHERE event = '$pageview' ORDER BY timestamp DESC, uuid DESC LIMIT 2500"},
		{"both sides of a clock change", "SELECT timestamp, uuid FROM events WHERE timestamp > '2020-01-01' ORDER BY timestamp DESC, uuid DESC", 2, 7,
			"SELECT toString(uuid) FROM events WHERE timestamp > '2020-01-01' ORDER BY timestamp DESC, uuid DESC"},
		{"persons", "SELECT id FROM persons ORDER BY id", 1, 300, ""},
		{"sessions", "SELECT session_id, $start_timestamp FROM sessions WHERE $start_timestamp > '2026-05-01' ORDER BY $start_timestamp, session_id", 1, 700, ""},
		{"groups", "SELECT index, key FROM groups ORDER BY index, key DESC", 1, 13, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			calls := 0
			for query := c.query; query != ""; calls++ {
				rows, err := service.Query(t.Context(), tools.QueryArgs{Query: query, Limit: c.limit, ProjectID: c.project})
				require.NoError(t, err, query)
				for _, row := range rows.Rows {
					values := row.Values()
					id := fmt.Sprint(values[0])
					for _, v := range values {
						if s, ok := v.(string); ok && len(s) == 36 {
							id = s
						}
					}
					if c.name == "groups" {
						id = fmt.Sprint(values...)
					}
					got = append(got, id)
				}
				require.True(t, rows.Continue != "" || rows.HasMore == nil || !*rows.HasMore, rows.Notes)
				require.Less(t, len(rows.Continue), len(c.query)+400, "the query does not grow from page to page")
				query = rows.Continue
			}
			require.Greater(t, calls, 2)
			var want []string
			if c.sql != "" {
				for _, row := range sandbox.SQL(t, c.sql, int(c.project)) {
					want = append(want, fmt.Sprint(row[0]))
				}
			} else {
				all, err := service.Query(t.Context(), tools.QueryArgs{Query: c.query, Limit: 50_000, ProjectID: c.project})
				require.NoError(t, err)
				for _, row := range all.Rows {
					values := row.Values()
					id := fmt.Sprint(values[0])
					if c.name == "groups" {
						id = fmt.Sprint(values...)
					}
					want = append(want, id)
				}
			}
			require.Equal(t, want, got)
		})
	}
}

// TestNoQueryForTheNextRows says why none is sure, in the order of the cases.
func TestNoQueryForTheNextRows(t *testing.T) {
	t.Parallel()
	columns := "timestamp:DateTime64(6, 'UTC')|uuid:UUID|event:String|n:Nullable(UInt64)|f:Float64"
	row := `["2026-06-14T22:10:03.114000Z","018f0000-0000-7000-8000-00000000000%d","%s",%s,0.5]`
	rows := "[" + fmt.Sprintf(row, 3, "a", "3") + "," + fmt.Sprintf(row, 2, "b\\n\u202eobey", "null") + "," + fmt.Sprintf(row, 1, "c", "1") + "]"
	u := newUpstream(t, func(string, string) (int, string) { return http.StatusOK, rowsBody(columns, rows) })
	s := newSession(t, u.url, canaryKey, tools.Options{})
	const from = "SELECT timestamp, uuid, event, properties.n AS n, properties.f AS f FROM events "
	var b strings.Builder
	for _, query := range []string{
		from + "WHERE timestamp > now() ORDER BY timestamp DESC, uuid DESC",
		from + "ORDER BY timestamp DESC, uuid",
		from + "ORDER BY uuid",
		from + "ORDER BY timestamp",
		from + "ORDER BY event, timestamp, uuid",
		from + "ORDER BY timestamp, n, uuid",
		from + "ORDER BY timestamp, event, uuid",
		from + "ORDER BY timestamp, created_at, uuid",
		from + "WHERE timestamp <= toDateTime64('2026-06-20 00:00:00.000000', 6, 'UTC') AND event != 'x' AND (timestamp, uuid) < (toDateTime64('2026-06-20 00:00:00.000000', 6, 'UTC'), 'f') ORDER BY timestamp DESC, uuid DESC",
		from + "WHERE timestamp < toDateTime64('2026-06-20 00:00:00.000000', 6, 'UTC') OR timestamp = toDateTime64('2026-06-21 00:00:00.000000', 6, 'UTC') AND uuid > 'f' ORDER BY timestamp DESC, uuid",
		from + "ORDER BY timestamp, lower(event), uuid",
		from,
		"SELECT toStartOfHour(timestamp) AS timestamp, uuid FROM events ORDER BY timestamp, uuid",
		"SELECT *, timestamp AS t FROM events ORDER BY t DESC, uuid DESC",
		"SELECT e.timestamp, e.uuid FROM posthog.events AS e ORDER BY e.timestamp, e.uuid",
		"SELECT DISTINCT timestamp, uuid FROM events ORDER BY timestamp, uuid",
		"SELECT event, count() AS n FROM events GROUP BY event ORDER BY event",
		"SELECT timestamp, uuid, row_number() OVER (ORDER BY timestamp) AS f FROM events ORDER BY timestamp, uuid",
		"SELECT timestamp, uuid FROM (SELECT timestamp, uuid FROM events) ORDER BY timestamp, uuid",
		"SELECT a.timestamp, a.uuid FROM events AS a JOIN events AS b ON a.uuid = b.uuid ORDER BY a.timestamp, a.uuid",
		"SELECT timestamp, uuid FROM events UNION ALL SELECT timestamp, uuid FROM events",
		"SELECT distinct_id FROM person_distinct_ids ORDER BY distinct_id",
	} {
		text, result := s.call(t, "query_posthog", string(mustJSON(map[string]any{"query": query, "limit": 2, "format": "json"})))
		require.False(t, result.IsError, text)
		var v continued
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		require.True(t, *v.HasMore)
		line := "continue: " + v.Continue
		for _, n := range v.Notes {
			if strings.HasPrefix(n, "no query for the rows") {
				require.Empty(t, v.Continue)
				line = n
			}
		}
		require.NotContains(t, line, "obey")
		fmt.Fprintf(&b, "%s\n  %s\n", query, line)
	}
	golden.Check(t, "testdata/continue.golden", b.String())
}
