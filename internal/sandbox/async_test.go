package sandbox_test

import (
	"net/http"
	"regexp"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sandboxtest"
)

type statusAnswer struct {
	Status state `json:"query_status"`
}

// poll asks for a state until the run has ended.
func poll(t *testing.T, s *sandboxtest.Sandbox, id string) *exchange {
	t.Helper()
	for {
		e := get(t, s, "/api/projects/1/query/"+id+"/")
		if e.status != http.StatusAccepted {
			return e
		}
	}
}

func TestAsyncRun(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	const sql = "SELECT count() FROM events"
	start := query(t, s, sql, `"refresh":"force_async"`, `"client_query_id":"run-1"`)
	require.JSONEq(t, `{"query_status":{"id":"run-1","team_id":1,"query_async":true,"complete":false,"error":false,"error_message":null,`+
		`"results":null,"start_time":"…","pickup_time":null,"end_time":null,"expiration_time":null,"task_id":null,"query_progress":null,`+
		`"labels":null,"insight_id":null,"dashboard_id":null}}`,
		regexp.MustCompile(`"start_time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"`).ReplaceAllString(start.text, `"start_time":"…"`))
	st := read[statusAnswer](t, start, http.StatusAccepted).Status
	require.Equal(t, "run-1", st.ID)
	require.EqualValues(t, 1, st.Team)
	require.False(t, st.Complete)
	require.Nil(t, st.End)

	done := read[statusAnswer](t, poll(t, s, "run-1"), http.StatusOK).Status
	require.True(t, done.Complete)
	require.False(t, done.Error)
	require.NotNil(t, done.End)
	want := read[answer](t, query(t, s, sql), http.StatusOK)
	require.True(t, want.Cached, "the run's answer is cached")
	require.Equal(t, want.Results, done.Results.Results, "results holds the whole answer")
	require.Equal(t, []string{"count()"}, done.Results.Columns)

	again := read[statusAnswer](t, query(t, s, "SELECT 2", `"refresh":"async"`, `"client_query_id":"run-1"`), http.StatusOK)
	require.True(t, again.Status.Complete, "a known id gives its state and starts nothing")
	require.Equal(t, http.StatusAccepted, query(t, s, "SELECT 2", `"refresh":"force_async"`, `"client_query_id":"run-1"`).status)

	e := &exchange{method: "GET", path: "/api/projects/2/query/run-1/", key: keyAll}
	f := read[failed](t, e.do(t, s), http.StatusNotFound)
	require.Equal(t, "Query run-1 not found for team 2", f.Detail, "ids belong to a project")
	require.Equal(t, "not_found", f.Code)
}

func TestAsyncMiss(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for _, mode := range []string{`"refresh":"async"`, `"refresh":"lazy_async"`, `"async":true`} {
		s.Server.Reset()
		a := read[answer](t, query(t, s, "SELECT 1", mode), http.StatusAccepted)
		require.NotEmpty(t, a.CacheKey)
		require.Nil(t, a.Results)
		require.Regexp(t, "^[0-9a-f]{12}7[0-9a-f]{19}$", a.Status.ID)
		require.Equal(t, http.StatusOK, poll(t, s, a.Status.ID).status)
	}
	s.Server.Reset()
	a := read[answer](t, query(t, s, "SELECT 1", `"refresh":"async_except_on_cache_miss"`), http.StatusOK)
	require.False(t, a.Cached)
}

func TestAsyncFailure(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	query(t, s, "SELECT foo FROM events", `"refresh":"async"`, `"client_query_id":"shown"`)
	st := read[statusAnswer](t, poll(t, s, "shown"), http.StatusBadRequest).Status
	require.True(t, st.Complete)
	require.True(t, st.Error)
	require.Equal(t, "Unable to resolve field: foo", *st.Message)
	require.Nil(t, st.Results)

	query(t, s, "SELECT _toUInt128('1')", `"refresh":"async"`, `"client_query_id":"hidden"`)
	st = read[statusAnswer](t, poll(t, s, "hidden"), http.StatusInternalServerError).Status
	require.True(t, st.Complete)
	require.True(t, st.Error)
	require.Nil(t, st.Message)
}

func TestCancelAsync(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	query(t, s, slow, `"refresh":"force_async"`, `"client_query_id":"long"`)
	until(t, func() bool {
		e := get(t, s, "/api/projects/1/query/long/?show_progress=true")
		st := read[statusAnswer](t, e, http.StatusAccepted).Status
		require.NotNil(t, st.Progress)
		return st.Pickup != nil
	})
	require.Len(t, s.Server.Stats().Running, 1)
	require.Equal(t, slow, s.Server.Stats().Running[0].HogQL)
	require.True(t, s.Server.Stats().Running[0].Async)

	dequeue := (&exchange{method: "DELETE", path: "/api/projects/1/query/long/?dequeue_only=true", key: keyAll}).do(t, s)
	require.JSONEq(t, `{"message":"Only tried to dequeue, not cancelling a running query on clickhouse"}`, dequeue.text)
	require.Len(t, s.Server.Stats().Running, 1)

	cancel := (&exchange{method: "DELETE", path: "/api/projects/1/query/long/", key: keyAll}).do(t, s)
	require.Equal(t, http.StatusOK, cancel.status)
	require.JSONEq(t, `{"message":"Cancelled query on clickhouse"}`, cancel.text)
	require.Equal(t, http.StatusNotFound, get(t, s, "/api/projects/1/query/long/").status)
	until(t, func() bool { return len(s.Server.Stats().Running) == 0 })
}

func TestCancelBlocking(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := queryOf(slow, `"client_query_id":"mine"`)
	var wait sync.WaitGroup
	wait.Go(func() { e.err = e.try(t, s) })
	until(t, func() bool { return len(s.Server.Stats().Running) == 1 })
	other := (&exchange{method: "DELETE", path: "/api/projects/2/query/mine/", key: keyAll}).do(t, s)
	require.Equal(t, http.StatusOK, other.status, "an unknown id is no error")
	require.Len(t, s.Server.Stats().Running, 1)
	(&exchange{method: "DELETE", path: "/api/projects/1/query/mine/", key: keyAll}).do(t, s)
	wait.Wait()
	require.NoError(t, e.err)
	f := read[failed](t, e, http.StatusInternalServerError)
	require.Equal(t, "ClickHouse error while executing query.", f.Detail)
	require.Empty(t, s.Server.Stats().Running)
}

func TestRunOutlivesItsClient(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	e := queryOf(slow, `"client_query_id":"left"`)
	var wait sync.WaitGroup
	stop := e.interruptible(t)
	wait.Go(func() { e.err = e.try(t, s) })
	until(t, func() bool { return len(s.Server.Stats().Running) == 1 })
	stop()
	wait.Wait()
	require.Error(t, e.err)
	require.Len(t, s.Server.Stats().Running, 1, "PostHog goes on when the client has gone")
	(&exchange{method: "DELETE", path: "/api/projects/1/query/left/", key: keyAll}).do(t, s)
	until(t, func() bool { return len(s.Server.Stats().Running) == 0 })
}

func TestCompleteRunIsForgotten(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	query(t, s, "SELECT 1", `"refresh":"force_async"`, `"client_query_id":"x"`)
	poll(t, s, "x")
	e := (&exchange{method: "DELETE", path: "/api/projects/1/query/x/", key: keyAll}).do(t, s)
	require.JSONEq(t, `{"message":"Query already complete"}`, e.text)
	require.Equal(t, http.StatusNotFound, get(t, s, "/api/projects/1/query/x/").status)
}

func TestForcedRunReplacesTheOld(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	query(t, s, slow, `"refresh":"force_async"`, `"client_query_id":"again"`)
	until(t, func() bool { return len(s.Server.Stats().Running) == 1 })
	query(t, s, "SELECT 'new'", `"refresh":"force_async"`, `"client_query_id":"again"`)
	until(t, func() bool { return len(s.Server.Stats().Running) == 0 })
	st := read[statusAnswer](t, poll(t, s, "again"), http.StatusOK).Status
	require.Equal(t, [][]any{{"new"}}, st.Results.Results, "the end of the killed run does not count")
}
