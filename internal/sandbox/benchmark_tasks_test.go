package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/golden"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// taskFile is testdata/tasks.json: what PostHog asks of agents in its own benchmark, as far as it is answered by
// reading. The calls of each are made through real clients by e2e; here its number is computed by ClickHouse's own SQL,
// written in another way and sent straight to the engine. The data ends on Monday 2026-06-15 at noon; the project's
// weeks begin on Sunday.
type taskFile struct {
	// Who stands for {who} in the SQL. It resolves merged persons by hand: the override of an event's distinct id wins
	// over the person stored on it.
	Who   string `json:"who"`
	Tasks []task `json:"tasks"`
}

type task struct {
	Task  string              `json:"task"`
	Calls [][]json.RawMessage `json:"calls"` // of tool and arguments
	Check string              `json:"check"` // rows, last row, or holds
	SQL   string              `json:"sql"`
}

func readTasks(t *testing.T) taskFile {
	t.Helper()
	text, err := os.ReadFile("../../testdata/tasks.json")
	require.NoError(t, err)
	var file taskFile
	require.NoError(t, json.Unmarshal(text, &file))
	return file
}

// query is the HogQL of the last call; "" where that is no query.
func (x task) query(t *testing.T) string {
	t.Helper()
	var last struct {
		Query string `json:"query"`
	}
	require.NoError(t, json.Unmarshal(x.Calls[len(x.Calls)-1][1], &last))
	return last.Query
}

// TestBenchmarkTasks writes what the engine says of each task into testdata/tasks.golden, with which e2e compares the
// answers, and compares what HogQL gives for it through the API.
func TestBenchmarkTasks(t *testing.T) {
	t.Parallel()
	file := readTasks(t)
	s := sandboxtest.Start(t)
	var lines []string
	for _, task := range file.Tasks {
		want := s.SQL(t, strings.ReplaceAll(task.SQL, "{who}", file.Who), 1)
		require.NotEmpty(t, want, "%s: the engine has no rows: this proves nothing", task.Task)
		line, err := json.Marshal(map[string]any{"task": task.Task, "rows": want})
		require.NoError(t, err)
		lines = append(lines, string(line))
		if task.Check == "rows" {
			got := read[answer](t, query(t, s, task.query(t)), http.StatusOK)
			require.Equal(t, fmt.Sprint(want), fmt.Sprint(got.Results), task.Task)
		}
	}
	golden.Check(t, "../../testdata/tasks.golden", strings.Join(lines, "\n")+"\n")
}

// Recordings with rage clicks can also be found by the join from recordings to events.
func TestRageClicksByJoin(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	got := read[answer](t, query(t, s, `SELECT session_id, count() AS rage_clicks FROM session_replay_events
		WHERE start_time >= toStartOfWeek(now()) AND events.event = '$rageclick' GROUP BY session_id ORDER BY rage_clicks DESC, session_id LIMIT 1000`), http.StatusOK)
	want := s.SQL(t, "SELECT `$session_id`, sum(1) AS n FROM project_1.events WHERE event = '$rageclick' AND `$session_id`"+` IN (
		SELECT session_id FROM project_1.session_replay_events WHERE start_time >= '2026-06-14 00:00:00') GROUP BY 1 ORDER BY n DESC, 1`, 1)
	require.NotEmpty(t, want)
	require.Equal(t, fmt.Sprint(want), fmt.Sprint(got.Results))
}
