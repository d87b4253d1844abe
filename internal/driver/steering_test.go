package driver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/sandbox"
	"posthog-mcp/internal/sandbox/sandboxtest"
)

// inMemory hands requests to a sandbox without a network, so that its limits work in a bubble. The engine does not:
// in here only checks of queries are asked for, which PostHog counts like queries.
type inMemory struct{ server http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	rec, done := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(done)
		m.server.ServeHTTP(rec, r.WithContext(context.WithoutCancel(r.Context())))
	}()
	select {
	case <-done:
		return rec.Result(), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// inBubble starts a sandbox outside of the bubble in which test runs.
func inBubble(t *testing.T, n sandbox.LimitNumbers, test func(t *testing.T, s *sandboxtest.Sandbox, m inMemory)) {
	t.Helper()
	s := sandboxtest.Start(t, sandboxtest.WithLimits(n))
	_, err := sandboxClient(t, s, s.Key, nil).Probe(t.Context(), 2) // wakes what outlives the bubble; limits are per project
	require.NoError(t, err)
	s.Server.Reset()
	synctest.Test(t, func(t *testing.T) { test(t, s, inMemory{s.Server}) })
}

// process is a client as another process would have it: with nothing shared but PostHog.
func process(t *testing.T, s *sandboxtest.Sandbox, m inMemory, change func(*driver.Options)) *driver.Client {
	t.Helper()
	return sandboxClient(t, s, s.Key, func(o *driver.Options) {
		o.HTTP, o.Timeout, o.PerMinute, o.PerHour = &http.Client{Transport: m}, 10*time.Minute, 0, 0
		change(o)
	})
}

// Two processes on one key, each with all of PostHog's numbers for its own, against limits that are lower: its answers
// steer both, every call is answered, and few requests are refused.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	n := sandbox.LimitNumbers{Query: sandbox.Rate{PerMinute: 60, PerHour: 10_000}}
	inBubble(t, n, func(t *testing.T, s *sandboxtest.Sandbox, m inMemory) {
		t.Helper()
		clients := []*driver.Client{process(t, s, m, func(*driver.Options) {}), process(t, s, m, func(*driver.Options) {})}
		var mu sync.Mutex
		var finished [2][]time.Time
		var wg sync.WaitGroup
		for i := range 240 {
			wg.Go(func() {
				_, err := clients[i%2].Validate(t.Context(), 0, "SELECT 1")
				require.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				finished[i%2] = append(finished[i%2], time.Now())
			})
		}
		began := time.Now()
		wg.Wait()
		stats := s.Server.Stats()
		require.Equal(t, 240, stats.Count(http.MethodPost, queryRoute, 200))
		refused := stats.Count(http.MethodPost, queryRoute, 429)
		took := time.Since(began)
		t.Logf("240 queries at 60 a minute: %s, %d refused", took, refused)
		require.Less(t, took, 5*time.Minute, "the best is just above 3 minutes")
		require.Less(t, refused, 120)
		for _, at := range finished { // neither starves the other
			require.Less(t, at[59].Sub(began), 4*time.Minute)
		}
	})
}

// The sandbox's log of arrivals never holds more than the numbers, and one process alone is never refused.
func TestArrivals(t *testing.T) {
	t.Parallel()
	n := sandbox.LimitNumbers{Query: sandbox.Rate{PerMinute: 50, PerHour: 120}}
	inBubble(t, n, func(t *testing.T, s *sandboxtest.Sandbox, m inMemory) {
		t.Helper()
		c := process(t, s, m, func(o *driver.Options) { o.PerMinute, o.PerHour, o.Timeout = 50, 120, 3*time.Hour })
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				_, err := c.Validate(t.Context(), 0, fmt.Sprintf("SELECT %d", i))
				require.NoError(t, err)
			})
		}
		wg.Wait()
		stats := s.Server.Stats()
		require.Zero(t, stats.Count(http.MethodPost, queryRoute, 429))
		var log []int64 // one for each arrival
		for _, a := range stats.Arrivals {
			for range a.Count {
				log = append(log, a.Second)
			}
		}
		require.Len(t, log, 200)
		for i := 50; i < len(log); i++ {
			require.GreaterOrEqual(t, log[i]-log[i-50], int64(60))
		}
		for i := 120; i < len(log); i++ {
			require.GreaterOrEqual(t, log[i]-log[i-120], int64(3600))
		}
	})
}

// Two processes against a place in flight that both want: nobody fails, and the engine never holds more than its number.
func TestTwoProcessesInFlight(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandboxtest.WithLimits(sandbox.LimitNumbers{Concurrency: 1, QueueWait: 20 * time.Millisecond, Query: sandbox.Rate{PerMinute: 100_000, PerHour: 1_000_000}}))
	var wg sync.WaitGroup
	for p := range 2 {
		c := sandboxClient(t, s, s.Key, func(o *driver.Options) { o.Timeout = 2 * time.Minute })
		for i := range 8 {
			wg.Go(func() {
				_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: fmt.Sprintf("SELECT count(), %d FROM numbers(30000000) LIMIT 1", 8*p+i), Fresh: true})
				require.NoError(t, err)
			})
		}
	}
	wg.Wait()
	stats := s.Server.Stats()
	require.Equal(t, 16, stats.Count(http.MethodPost, queryRoute, 200))
	t.Logf("16 queries for one place: %d refused", stats.Count(http.MethodPost, queryRoute, 429))
}
