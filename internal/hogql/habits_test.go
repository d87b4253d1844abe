package hogql_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// runs runs a query on the sandbox, placeholders filled with a name, and fails the test where it is refused.
func runs(t *testing.T, s *sandboxtest.Sandbox, query string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": map[string]any{
		"kind": "HogQLQuery", "query": query, "values": map[string]any{"name": "movie_viewed", "p1": "movie_viewed"},
	}})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/api/projects/1/query/", bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	if strings.Contains(query, " OFFSET ") { // it compiles, but a personal key may not
		require.Contains(t, string(answer), "OFFSET is not supported for personal API keys", query)
		return
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s\n%s", query, answer)
	}
}

// TestHabits shows what is written for each habit of another dialect, and that it runs.
func TestHabits(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	data, err := os.ReadFile("testdata/habits.txt")
	require.NoError(t, err)
	var b strings.Builder
	for src := range strings.Lines(string(data)) {
		src = strings.TrimSpace(src)
		q, err := hogql.Parse(src)
		require.NoError(t, err, src)
		fmt.Fprintf(&b, "## %s\n", src)
		list := hogql.Habits(q, src)
		for _, f := range list {
			fmt.Fprintf(&b, "%d:%d %s %s: %s\n", f.Line, f.Column, f.Severity, f.Code, f.Message)
			require.Equal(t, list[0].Hint, f.Hint)
		}
		if len(list) > 0 {
			fmt.Fprintf(&b, "write: %s\n", list[0].Hint)
			again, err := hogql.Parse(list[0].Hint)
			require.NoError(t, err)
			require.Empty(t, hogql.Habits(again, list[0].Hint), "what is written has no habit left")
			runs(t, s, list[0].Hint)
		}
		b.WriteString("\n")
	}
	golden.Check(t, "testdata/habits.golden", b.String())
}

// TestHabitsSilent shows texts that look like habits and are none.
func TestHabitsSilent(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"SELECT dateDiff('day', a, b), date_diff('day', a, b), dateTrunc('day', a), today() - INTERVAL 7 DAY FROM events",
		`SELECT "event" FROM events WHERE "event" = 'a' AND distinct_id = "person_id"`,
		`SELECT event AS "my name" FROM events WHERE event = "my name"`,
		"WITH x -> x + 1 AS nvl SELECT nvl(1) FROM events",
		"SELECT count(DISTINCT a), countIf(b), sum(x) OVER (PARTITION BY y), any(z), x::int, now() - 7 FROM events",
		"SELECT a FROM t LIMIT 10 OFFSET 5",
		"SELECT current_date AS current_date FROM t",
		"SELECT {name}, $browser, $1a FROM t",
		"SELECT JSONExtractString(properties, 'a'), ISNULL(a), ifNull(a, b) FROM events",
		"SELECT a FROM t GLOBAL WHERE b",
		"SELECT JSON_VALUE(properties, '$.a[0]'), SAFE_CAST(a AS geography), SAFE_CAST(a), x -> 'a', (properties) -> 'a' FROM t",
		"SELECT a FROM t WHERE b = all(SELECT 1) AND c < any((1, 2)) AND d LIKE any(e)(f) AND g = any(h)",
		"SELECT a FROM t QUALIFY rank() OVER (PARTITION BY b ORDER BY c) = 1",
		"SELECT a FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY c) = 2",
		"SELECT DISTINCT on(a), b FROM t",
		"SELECT a FROM t JOIN u ON t.x = u.y AND t.z < u.z",
		"SELECT a FROM t LEFT JOIN u ON t.z < u.z",
		"(SELECT a FROM t LIMIT 1) ORDER BY a",
		"SELECT quantile(0.5)(a) FILTER (WHERE b), sum(DISTINCT a) FILTER (WHERE b), nope(a) FILTER (WHERE b) FROM t",
	} {
		q, err := hogql.Parse(src)
		require.NoError(t, err, src)
		require.Empty(t, hogql.Habits(q, src), src)
	}
}

// TestHabitsCorpus checks that every text gets an answer, and that what is written is HogQL.
func TestHabitsCorpus(t *testing.T) {
	t.Parallel()
	for _, c := range corpus(t) {
		if c.Rule != "select" || !c.OK {
			continue
		}
		q, err := hogql.Parse(c.Text)
		if err != nil {
			continue
		}
		for _, f := range hogql.Habits(q, c.Text) {
			require.NotEmpty(t, f.Message)
			if len(c.Text) > 400 { // of a long text the hint is a part
				require.NotEmpty(t, f.Hint)
				continue
			}
			_, err := hogql.Parse(f.Hint)
			require.NoError(t, err, c.Text)
		}
	}
}
