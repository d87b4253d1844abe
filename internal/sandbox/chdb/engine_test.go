package chdb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/chdb"
)

// endless runs for hours unless something ends it.
const endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"

// open starts an engine for one test. There can be only one in a process, so
// tests that use it are not parallel.
func open(t *testing.T) *chdb.Engine {
	t.Helper()
	path, _, err := chdb.Find("")
	require.NoError(t, err, "run: make engine")
	engine, err := chdb.Open(path)
	require.NoError(t, err, "run: make engine")
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	return engine
}

// rows runs a query that must succeed and returns its rows as JSON.
func rows(t *testing.T, e *chdb.Engine, sql string, s chdb.Settings) string {
	t.Helper()
	result, err := e.Query(t.Context(), sql, s)
	require.NoError(t, err, sql)
	return join(result)
}

func join(r *chdb.Result) string {
	lines := make([]string, len(r.Rows))
	for i, row := range r.Rows {
		lines[i] = string(row)
	}
	return strings.Join(lines, "\n")
}

// fails runs a query that ClickHouse must refuse and returns how.
func fails(t *testing.T, e *chdb.Engine, sql string, s chdb.Settings) *chdb.Error {
	t.Helper()
	_, err := e.Query(t.Context(), sql, s)
	failure, ok := errors.AsType[*chdb.Error](err)
	require.True(t, ok, "%s: %v", sql, err)
	return failure
}

// running counts the statements with the marker that the engine is busy with.
func running(t *testing.T, e *chdb.Engine, marker string) string {
	t.Helper()
	return rows(t, e, "SELECT count() FROM system.processes WHERE position(query, '"+marker+
		"') > 0 AND position(query, 'system.processes') = 0", chdb.Settings{})
}

func awaitRunning(t *testing.T, e *chdb.Engine, marker string) {
	t.Helper()
	for running(t, e, marker) == "[0]" {
		require.NoError(t, t.Context().Err())
		runtime.Gosched()
	}
}

func TestFailedQueryLeavesNothingBehind(t *testing.T) {
	e := open(t)
	// Rows come out before the failure: one block a row.
	broken := "SELECT number, throwIf(number = 500) FROM numbers(1000)"
	s := chdb.Settings{Threads: 1, Extra: map[string]string{"max_block_size": "1"}}
	for range 20 {
		require.Equal(t, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO", fails(t, e, broken, s).Name)
		result, err := e.Query(t.Context(), "SELECT 42 AS answer", s)
		require.NoError(t, err)
		require.Equal(t, []string{"answer"}, result.Names)
		require.Equal(t, []string{"UInt8"}, result.Types)
		require.Equal(t, "[42]", join(result))
	}
	require.Error(t, e.Exec(t.Context(), broken))
	require.NoError(t, e.Exec(t.Context(), "CREATE TABLE after (n UInt8) ENGINE = Memory"))
	require.Equal(t, "[0]", rows(t, e, "SELECT count() FROM after", s))
}

func TestConcurrentQueriesGetTheirOwnRows(t *testing.T) {
	e := open(t)
	var group sync.WaitGroup
	wrong := make(chan string, 8)
	for worker := range 8 {
		group.Go(func() {
			for i := range 40 {
				n := worker*1000 + i
				if i%4 == 3 { // failing in the middle of its output
					_, err := e.Query(t.Context(), fmt.Sprintf("SELECT %d, throwIf(number = 300) FROM numbers(400)", n),
						chdb.Settings{Extra: map[string]string{"max_block_size": "10"}})
					if failure, ok := errors.AsType[*chdb.Error](err); !ok || failure.Code != 395 {
						wrong <- fmt.Sprintf("query %d: %v", n, err)
						return
					}
					continue
				}
				result, err := e.Query(t.Context(), fmt.Sprintf("SELECT %d, sum(number) FROM numbers(%d)", n, n+1), chdb.Settings{Threads: 1})
				if want := fmt.Sprintf("[%d,%d]", n, n*(n+1)/2); err != nil || join(result) != want {
					wrong <- fmt.Sprintf("query %d: %v", n, err)
					return
				}
				if i%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	group.Wait()
	close(wrong)
	for w := range wrong {
		require.Fail(t, w)
	}
}

func TestLimitsEndAQuery(t *testing.T) {
	e := open(t)
	tests := []struct {
		name, sql string
		settings  chdb.Settings
		code      int
		want      string
	}{
		{"time", endless, chdb.Settings{MaxExecution: 50 * time.Millisecond}, 159, "TIMEOUT_EXCEEDED"},
		{"memory", "SELECT groupArray(number) FROM numbers(100000000)", chdb.Settings{MaxMemory: 20 << 20}, 241, "MEMORY_LIMIT_EXCEEDED"},
		{"rows", "SELECT number FROM numbers(11)", chdb.Settings{MaxRows: 10}, 396, "TOO_MANY_ROWS_OR_BYTES"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			failure := fails(t, e, test.sql, test.settings)
			require.Equal(t, test.code, failure.Code)
			require.Equal(t, test.want, failure.Name)
			require.NotContains(t, failure.Message, "DB::Exception")
			require.NotContains(t, failure.Message, "("+test.want)
		})
	}
	require.Equal(t, "[10]", rows(t, e, "SELECT count() FROM numbers(10)", chdb.Settings{MaxRows: 10}))
}

func TestCancelFreesTheSlot(t *testing.T) {
	e := open(t)
	gone := errors.New("the client is gone")
	t.Run("query", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, err := e.Query(ctx, endless+" AND 'marker-query' != ''", chdb.Settings{})
			failed <- err
		}()
		awaitRunning(t, e, "marker-query")
		cancel(gone)
		require.ErrorIs(t, <-failed, gone)
		require.Equal(t, "[0]", running(t, e, "marker-query"))
	})
	t.Run("exec, and the one that waits for it", func(t *testing.T) {
		require.NoError(t, e.Exec(t.Context(), "CREATE TABLE target (n UInt64) ENGINE = Null"))
		ctx, cancel := context.WithCancelCause(t.Context())
		failed := make(chan error, 1)
		go func() {
			failed <- e.Exec(ctx, "INSERT INTO target SELECT number FROM numbers(1000000000000) WHERE sipHash64(number, 'marker-exec') = 1")
		}()
		awaitRunning(t, e, "marker-exec")
		waiting, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		require.ErrorIs(t, e.Exec(waiting, "SELECT 1"), context.DeadlineExceeded)
		cancel(gone)
		require.ErrorIs(t, <-failed, gone)
		require.NoError(t, e.Exec(t.Context(), "SELECT 1"), "the connection is free again")
		require.Equal(t, "[0]", running(t, e, "marker-exec"))
	})
	t.Run("before it begins", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(gone)
		_, err := e.Query(ctx, endless, chdb.Settings{})
		require.ErrorIs(t, err, gone)
		require.ErrorIs(t, e.Exec(ctx, "CREATE TABLE never (n UInt8) ENGINE = Memory"), gone)
		require.Equal(t, "[0]", rows(t, e, "EXISTS never", chdb.Settings{}))
	})
}

func TestNilDereferenceStaysRecoverable(t *testing.T) {
	e := open(t)
	require.Equal(t, "[1]", rows(t, e, "SELECT 1", chdb.Settings{}))
	for range 3 {
		var nowhere *struct{ field int }
		require.Panics(t, func() { nowhere.field++ })
	}
	require.Equal(t, "[2]", rows(t, e, "SELECT 2", chdb.Settings{}))
}

func TestReadingConnectionCannotWrite(t *testing.T) {
	e := open(t)
	require.NoError(t, e.Exec(t.Context(), "CREATE TABLE kept (n UInt8) ENGINE = Memory"))
	for _, sql := range []string{
		"INSERT INTO kept VALUES (1)",
		"INSERT INTO kept SELECT 1",
		"CREATE TABLE other (n UInt8) ENGINE = Memory",
		"DROP TABLE kept",
		"ALTER TABLE kept ADD COLUMN m UInt8",
		"TRUNCATE TABLE kept",
		"SET max_threads = 1",
		"SELECT 1 SETTINGS max_threads = 1",
		"SELECT * FROM file('/etc/passwd', 'LineAsString')",
		"SYSTEM FLUSH LOGS",
	} {
		require.Equal(t, 164, fails(t, e, sql, chdb.Settings{}).Code, sql)
	}
	require.Equal(t, "[0]", rows(t, e, "SELECT count() FROM kept", chdb.Settings{}))
}

func TestSettingsBelongToOneQuery(t *testing.T) {
	e := open(t)
	for _, database := range []string{"one", "`od\\`d`"} {
		require.NoError(t, e.Exec(t.Context(), "CREATE DATABASE "+database))
		require.NoError(t, e.Exec(t.Context(), "CREATE TABLE "+database+".named (n String) ENGINE = Memory"))
		require.NoError(t, e.Exec(t.Context(), "INSERT INTO "+database+".named SELECT '"+strings.Trim(database, "`")+"'"))
	}
	tests := []struct {
		name, sql string
		settings  chdb.Settings
		want      string
	}{
		{"database", "SELECT n FROM named", chdb.Settings{Database: "one"}, `["one"]`},
		{"database with a quote", "SELECT n FROM named", chdb.Settings{Database: "od`d"}, "[\"od`d\"]"},
		{"zone", "SELECT timezone()", chdb.Settings{TimeZone: "Asia/Tokyo"}, `["Asia/Tokyo"]`},
		{"no zone", "SELECT timezone()", chdb.Settings{}, `["UTC"]`},
		{"threads", "SELECT getSetting('max_threads')", chdb.Settings{Threads: 1}, `[1]`},
		{"null in", "SELECT NULL IN (1, NULL)", chdb.Settings{}, `[1]`},
		{"null in, off", "SELECT NULL IN (1, NULL)", chdb.Settings{Extra: map[string]string{"transform_null_in": "0"}}, `[null]`},
		{"join default", "SELECT b.x FROM (SELECT 1 AS k) a LEFT JOIN (SELECT 2 AS k, 3 AS x) b ON a.k = b.k", chdb.Settings{}, `[0]`},
		{"join_use_nulls", "SELECT b.x FROM (SELECT 1 AS k) a LEFT JOIN (SELECT 2 AS k, 3 AS x) b ON a.k = b.k",
			chdb.Settings{Extra: map[string]string{"join_use_nulls": "1"}}, `[null]`},
	}
	var group sync.WaitGroup
	got := make([]string, len(tests))
	for i, test := range tests {
		group.Go(func() {
			if result, err := e.Query(t.Context(), test.sql, test.settings); err == nil {
				got[i] = join(result)
			} else {
				got[i] = err.Error()
			}
		})
	}
	group.Wait()
	for i, test := range tests {
		require.Equal(t, test.want, got[i], test.name)
	}
}

func TestWrongSettingsAreExplained(t *testing.T) {
	e := open(t)
	tests := []struct {
		name     string
		settings chdb.Settings
		want     string
	}{
		{"unknown name", chdb.Settings{Extra: map[string]string{"max_treads": "1"}}, `setting "max_treads" is not known to the engine`},
		{"frozen", chdb.Settings{Extra: map[string]string{"readonly": "0"}}, `setting "readonly" is the engine's own and cannot be changed`},
		{"the path", chdb.Settings{Extra: map[string]string{"path": "/"}}, `setting "path" is not known to the engine`},
		{"value", chdb.Settings{Extra: map[string]string{"max_threads": "frog"}}, "the engine refused the connection without saying why: it does not accept a value of {"},
		{"zero byte", chdb.Settings{Extra: map[string]string{"log_comment": "a\x00b"}}, "has a zero byte"},
		{"zone", chdb.Settings{TimeZone: "Mars/Olympus"}, "unknown time zone Mars/Olympus"},
		{"database", chdb.Settings{Database: "nowhere"}, "ClickHouse error 81 (UNKNOWN_DATABASE): Database nowhere does not exist"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := e.Query(t.Context(), "SELECT 1", test.settings)
			require.ErrorContains(t, err, test.want)
		})
	}
	require.Equal(t, "[1]", rows(t, e, "SELECT 1", chdb.Settings{}))
}

func TestErrorsComeApart(t *testing.T) {
	e := open(t)
	tests := []struct {
		sql  string
		want chdb.Error
	}{
		{"SELECT nope", chdb.Error{Code: 47, Name: "UNKNOWN_IDENTIFIER", Message: "Unknown expression identifier `nope` in scope SELECT nope: Note: the query does not have the FROM clause. Did you forget to add it?"}},
		{"SELECT foo(1)", chdb.Error{Code: 46, Name: "UNKNOWN_FUNCTION", Message: "Function with name `foo` does not exist. In scope SELECT foo(1)"}},
		{"SELECT * FROM missing_table_zz", chdb.Error{Code: 60, Name: "UNKNOWN_TABLE"}},
		{"SELECT toUInt8('a (B)')", chdb.Error{Code: 6, Name: "CANNOT_PARSE_TEXT"}},
		{"SELEC 1", chdb.Error{Code: 62, Name: "SYNTAX_ERROR"}},
	}
	for _, test := range tests {
		t.Run(test.sql, func(t *testing.T) {
			got := fails(t, e, test.sql, chdb.Settings{})
			if test.want.Message == "" {
				test.want.Message = got.Message
			}
			require.Equal(t, test.want, *got)
			require.NotContains(t, got.Message, "Code: ")
			require.NotContains(t, got.Message, "(version")
			require.Equal(t, fmt.Sprintf("ClickHouse error %d (%s): %s", got.Code, got.Name, got.Message), got.Error())
		})
	}
}

func TestTwoStatementsAreNoAnswer(t *testing.T) {
	_, err := open(t).Query(t.Context(), "SELECT 1; SELECT 2", chdb.Settings{})
	require.ErrorContains(t, err, "decode")
}

func TestDeepNestingIsAnError(t *testing.T) {
	e := open(t)
	sql := "SELECT " + strings.Repeat("(1+", 50000) + "1" + strings.Repeat(")", 50000)
	require.Contains(t, []int{167, 306}, fails(t, e, sql, chdb.Settings{}).Code)
	require.Equal(t, "[1]", rows(t, e, "SELECT 1", chdb.Settings{}))
}

func TestResultTellsItsCost(t *testing.T) {
	e := open(t)
	require.NoError(t, e.Exec(t.Context(), "CREATE TABLE counted (n UInt64) ENGINE = MergeTree ORDER BY n"))
	require.NoError(t, e.Exec(t.Context(), "INSERT INTO counted SELECT number FROM numbers(1000)"))
	result, err := e.Query(t.Context(), "SELECT sum(n) FROM counted", chdb.Settings{})
	require.NoError(t, err)
	require.Equal(t, uint64(1000), result.RowsRead)
	require.Equal(t, uint64(8000), result.BytesRead)
	require.Positive(t, result.Elapsed)

	empty, err := e.Query(t.Context(), "SELECT n FROM counted WHERE n > 5000", chdb.Settings{})
	require.NoError(t, err)
	require.Equal(t, []string{"n"}, empty.Names)
	require.NotNil(t, empty.Rows)
	require.Empty(t, empty.Rows)

	large, err := e.Query(t.Context(), "SELECT number, repeat('x', 100) FROM numbers(50000)", chdb.Settings{})
	require.NoError(t, err)
	require.Len(t, large.Rows, 50000)
	for i, row := range large.Rows {
		var cells []json.RawMessage
		require.NoError(t, json.Unmarshal(row, &cells))
		require.Equal(t, fmt.Sprint(i), string(cells[0]))
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	e := open(t)
	failed := make(chan error, 3)
	for range 2 {
		go func() {
			_, err := e.Query(t.Context(), endless+" AND 'marker-close' != ''", chdb.Settings{})
			failed <- err
		}()
	}
	for running(t, e, "marker-close") != "[2]" {
		require.NoError(t, t.Context().Err())
	}
	require.NoError(t, e.Close())
	require.ErrorIs(t, <-failed, chdb.ErrClosed)
	require.ErrorIs(t, <-failed, chdb.ErrClosed)

	_, err := e.Query(t.Context(), "SELECT 1", chdb.Settings{})
	require.ErrorIs(t, err, chdb.ErrClosed)
	require.ErrorIs(t, e.Exec(t.Context(), "SELECT 1"), chdb.ErrClosed)
	require.NoError(t, e.Close(), "a second Close does nothing")
}

func TestTablesLiveInAFolderOfTheirOwn(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	abandoned := filepath.Join(temporary, "posthog-sandbox-engine-abandoned")
	require.NoError(t, os.MkdirAll(filepath.Join(abandoned, "store"), 0o700))
	foreign := filepath.Join(temporary, "something-else")
	require.NoError(t, os.Mkdir(foreign, 0o700))
	plain := filepath.Join(temporary, "posthog-sandbox-engine-file")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	own, err := filepath.Glob("/tmp/clickhouse-embedded-*") // where chDB goes when it is given no path
	require.NoError(t, err)

	e := open(t)
	require.NoDirExists(t, abandoned)
	require.DirExists(t, foreign)
	require.FileExists(t, plain)
	folders, err := filepath.Glob(filepath.Join(temporary, "posthog-sandbox-engine-*"))
	require.NoError(t, err)
	require.Len(t, folders, 2, "the engine's and the plain file: %q", folders)
	require.NoError(t, e.Exec(t.Context(), "CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n"))
	require.NoError(t, e.Exec(t.Context(), "INSERT INTO t VALUES (1)"))

	// A second engine cannot start beside it, and takes nothing away.
	path, _, err := chdb.Find("")
	require.NoError(t, err)
	_, err = chdb.Open(path)
	require.ErrorContains(t, err, "another engine may be open in this process")
	require.Equal(t, "[1]", rows(t, e, "SELECT count() FROM t", chdb.Settings{}))

	require.NoError(t, e.Close())
	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	require.Len(t, left, 2, "only what is not ours: %v", left)
	now, err := filepath.Glob("/tmp/clickhouse-embedded-*")
	require.NoError(t, err)
	require.Equal(t, own, now)
}

// What a query costs beyond its work: connection, settings, decoding.
func BenchmarkQuery(b *testing.B) {
	path, _, err := chdb.Find("")
	require.NoError(b, err, "run: make engine")
	e, err := chdb.Open(path)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, e.Close()) })
	for name, sql := range map[string]string{
		"one":   "SELECT 1",
		"50000": "SELECT number, toFloat64(number), toString(number), toDateTime64(number, 6, 'UTC'), repeat('x', 50) FROM numbers(50000)",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := e.Query(b.Context(), sql, chdb.Settings{Database: "default", TimeZone: "UTC"})
				require.NoError(b, err)
			}
		})
	}
}
