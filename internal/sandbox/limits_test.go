package sandbox_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

func TestConcurrencyGate(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.WithLimits(sandbox.LimitNumbers{Concurrency: 2, QueueWait: time.Millisecond}))
	var wait sync.WaitGroup
	for range 2 {
		e := queryOf(slow, `"client_query_id":"full"`)
		wait.Go(func() { e.err = e.try(t, s) })
	}
	defer func() {
		(&exchange{method: "DELETE", path: "/api/projects/1/query/full/", key: keyAll}).do(t, s)
		wait.Wait()
	}()
	// The third is refused as soon as the others have their places; until then it may get one.
	until(t, func() bool { return len(s.Server.Stats().Running) == 2 })
	var e *exchange
	until(t, func() bool {
		e = query(t, s, "SELECT 1", `"client_query_id":"third"`, `"refresh":"force_blocking"`)
		return e.status == http.StatusTooManyRequests
	})
	f := read[failed](t, e, http.StatusTooManyRequests)
	require.Equal(t, "throttled_error", f.Type)
	require.Equal(t, "throttled", f.Code)
	require.Equal(t, "Exceeded maximum concurrency limit: 2 for key: api:query:per-team:1 and task: third", f.Detail)
	require.Empty(t, e.reply.Get("Retry-After"))

	other := queryOf("SELECT 1")
	other.path = "/api/projects/2/query/"
	require.Equal(t, http.StatusOK, other.do(t, s).status, "other projects have places of their own")

	queued := read[statusAnswer](t, query(t, s, "SELECT 1", `"refresh":"force_async"`, `"client_query_id":"patient"`), http.StatusAccepted)
	require.False(t, queued.Status.Complete, "background runs wait for their turn")
	require.Nil(t, read[statusAnswer](t, get(t, s, "/api/projects/1/query/patient/"), http.StatusAccepted).Status.Pickup)
	dequeued := (&exchange{method: "DELETE", path: "/api/projects/1/query/patient/?dequeue_only=true", key: keyAll}).do(t, s)
	require.Equal(t, http.StatusOK, dequeued.status)
	require.Equal(t, http.StatusNotFound, get(t, s, "/api/projects/1/query/patient/").status)
}

func TestRates(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.WithLimits(sandbox.LimitNumbers{
		Query: sandbox.Rate{PerMinute: 2, PerHour: 100}, General: sandbox.Rate{PerMinute: 3, PerHour: 3}, Values: sandbox.Rate{PerMinute: 1, PerHour: 1},
	}))
	require.Equal(t, http.StatusOK, query(t, s, "SELECT 1").status)
	require.Equal(t, http.StatusNotFound, get(t, s, "/api/projects/1/query/x/").status, "polls count too")
	e := query(t, s, "SELECT 1")
	f := read[failed](t, e, http.StatusTooManyRequests)
	require.Regexp(t, `^Request was throttled\. Expected available in \d+ seconds?\.$`, f.Detail)
	require.Empty(t, e.reply.Get("Retry-After"), "PostHog's 429 has no such header")

	other := queryOf("SELECT 1")
	other.path = "/api/projects/2/query/"
	require.Equal(t, http.StatusOK, other.do(t, s).status, "windows belong to a project")
	for range 3 {
		require.Equal(t, http.StatusOK, get(t, s, "/api/projects/1/event_definitions/").status)
	}
	f = read[failed](t, get(t, s, "/api/projects/1/property_definitions/"), http.StatusTooManyRequests)
	require.Regexp(t, `(3600|35\d\d) seconds`, f.Detail, "the longer of the windows counts")
	require.Equal(t, http.StatusUnauthorized, (&exchange{method: "GET", path: "/api/projects/1/query/x/", key: "phx_wrong"}).do(t, s).status,
		"a wrong key is refused before it counts")
	require.Equal(t, http.StatusOK, get(t, s, "/api/projects/1/events/values/?key=$browser&event_name=$pageview").status)
	require.Equal(t, http.StatusTooManyRequests, get(t, s, "/api/projects/1/events/values/?key=$browser&event_name=$pageview").status)
}

func TestNoLimits(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t)
	for range 500 {
		require.Equal(t, http.StatusOK, get(t, s, "/api/projects/3/groups_types/").status)
	}
}
