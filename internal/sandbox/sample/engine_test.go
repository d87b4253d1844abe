package sample_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/chdb"
	"posthog-mcp/internal/sandbox/sample"
)

// fixture is the one engine that a process can have, and the data that it holds. Tests that use it are
// not parallel.
type fixture struct {
	engine *chdb.Engine
	err    error
	held   sample.Options
	world  *sample.World
}

var shared fixture

func TestMain(m *testing.M) {
	path, _, err := chdb.Find("")
	if err == nil {
		shared.engine, err = chdb.Open(path)
	}
	shared.err = err
	code := m.Run()
	if shared.engine != nil {
		if err := shared.engine.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func engine(tb testing.TB) *chdb.Engine {
	tb.Helper()
	require.NoError(tb, shared.err, "run: make engine")
	return shared.engine
}

// small is enough for all but statistics.
func small() sample.Options { return sample.Options{Events: 20_000, Seed: 1, Now: now} }

// large is enough for statistics.
func large() sample.Options { return sample.Options{Events: 200_000, Seed: 1, Now: now} }

// load returns the world of these options, made anew only where the engine holds another one.
func load(t *testing.T, o sample.Options) *sample.World {
	t.Helper()
	if shared.world == nil || shared.held != o {
		w, err := sample.Load(t.Context(), engine(t), o)
		require.NoError(t, err)
		shared.world, shared.held = w, o
	}
	return shared.world
}

// rows returns the answer of ClickHouse in JSON, a line for each row.
func rows(t *testing.T, project int64, sql string) string {
	t.Helper()
	r, err := shared.engine.Query(t.Context(), sql, chdb.Settings{Database: fmt.Sprintf("project_%d", project)})
	require.NoError(t, err, sql)
	lines := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		lines[i] = string(row)
	}
	return strings.Join(lines, "\n")
}

// values reads the single row of an answer.
func values(t *testing.T, project int64, sql string, into ...any) {
	t.Helper()
	text := rows(t, project, sql)
	require.NotContains(t, text, "\n", "one row: %s", sql)
	require.NoError(t, json.Unmarshal([]byte(text), &into), sql)
}

// one reads a single number.
func one(t *testing.T, project int64, sql string) float64 {
	t.Helper()
	var n float64
	values(t, project, sql, &n)
	return n
}
