package driver_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// endless runs in the engine until somebody stops it.
const endless = "SELECT sum(cityHash64(toString(number))) AS s FROM numbers(1000000000000)"

// However a caller goes away in the middle of a query, its run in the engine is gone within a second.
func TestSandboxRunsAreEnded(t *testing.T) {
	t.Parallel()
	for _, long := range []bool{false, true} {
		for _, how := range []string{"cancel", "deadline", "close"} {
			t.Run(map[bool]string{false: "sync ", true: "async "}[long]+how, func(t *testing.T) {
				t.Parallel()
				s := sandboxtest.Start(t, sandboxtest.WithQueryTimeout(time.Minute))
				c := sandboxClient(t, s, s.Key, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				q := driver.QueryRequest{HogQL: endless, Long: long, Fresh: true}
				if how == "deadline" {
					q.Timeout = time.Second
				}
				ended := make(chan error)
				go func() {
					_, err := c.Query(ctx, q)
					ended <- err
				}()
				require.Eventually(t, func() bool { return len(s.Server.Stats().Running) == 1 }, 20*time.Second, 5*time.Millisecond)
				require.Equal(t, long, s.Server.Stats().Running[0].Async)
				switch how {
				case "cancel":
					cancel()
				case "close":
					go c.Close()
				}
				e := asError(t, <-ended)
				require.Equal(t, how == "deadline", e.Kind == driver.Deadline, e)
				require.Eventually(t, func() bool { return len(s.Server.Stats().Running) == 0 }, time.Second, 5*time.Millisecond, "an orphan")
				require.Eventually(t, func() bool { return s.Server.Stats().Count(http.MethodDelete, queryRoute+"{id}/", 200) == 1 }, time.Second, 5*time.Millisecond)
			})
		}
	}
}

// A background run's rows are those of a run that is waited for.
func TestSandboxBackground(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.With(func(o *sandbox.Options) { o.CacheFresh = time.Second }))
	c := sandboxClient(t, s, s.Key, func(o *driver.Options) { o.CacheAge = -1 })
	q := driver.QueryRequest{HogQL: "SELECT event, count() AS n FROM events GROUP BY event ORDER BY event LIMIT 100", Long: true}
	var heard int
	q.Progress = func(driver.Progress) { heard++ }
	first, err := c.Query(t.Context(), q)
	require.NoError(t, err)
	require.False(t, first.Cached)
	require.Positive(t, heard)
	plain, err := c.Query(t.Context(), driver.QueryRequest{HogQL: q.HogQL, Fresh: true})
	require.NoError(t, err)
	require.Equal(t, plain.Rows, first.Rows)
	require.Equal(t, plain.Types, first.Types)

	time.Sleep(1100 * time.Millisecond) // now PostHog's cache is stale: rows with their age, and a run beside them
	stale, err := c.Query(t.Context(), q)
	require.NoError(t, err)
	require.True(t, stale.Cached)
	require.Equal(t, plain.Rows, stale.Rows)
	require.Greater(t, time.Since(stale.AsOf), time.Second)
	q.Fresh = true
	fresh, err := c.Query(t.Context(), q)
	require.NoError(t, err)
	require.False(t, fresh.Cached)
	require.Less(t, time.Since(fresh.AsOf), 3*time.Second)
	c.Close()
	require.Empty(t, s.Server.Stats().Running)

	_, err = sandboxClient(t, s, s.Key, nil).Query(t.Context(), driver.QueryRequest{HogQL: "SELECT toFloat('x') + throwIf(1 = 1) FROM events LIMIT 1", Long: true})
	e := asError(t, err)
	require.Contains(t, []driver.Kind{driver.Invalid, driver.Internal}, e.Kind, "the query's failure, not the connection's")
}
