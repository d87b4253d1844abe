package driver_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/driver"
)

// slowly answers queries after a time, and cancellations at once.
func slowly(d time.Duration) func(int, *http.Request) reaction {
	return func(_ int, r *http.Request) reaction {
		if r.Method == http.MethodDelete {
			return reply(200, jsonType, `{"message":"Cancelled query on clickhouse"}`)
		}
		select {
		case <-time.After(d):
			return reply(200, jsonType, okBody)
		case <-r.Context().Done():
			return reaction{err: r.Context().Err()}
		}
	}
}

func methods(sent []sentRequest) map[string]int {
	out := map[string]int{}
	for _, r := range sent {
		out[r.Method]++
	}
	return out
}

// Who asks the same at the same time shares one call; other text, values, filters, project or freshness do not.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(time.Second)}
		c := newClient(t, f, nil)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				res, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT {x}", Values: map[string]any{"x": 1, "y": "z"}})
				require.NoError(t, err)
				require.Len(t, res.Rows, 1)
				require.Equal(t, "Demo", res.Project.Name)
				res.Project.Name = fmt.Sprint(i) // each has a result of its own
			})
		}
		wg.Wait()
		require.Len(t, f.requests(), 1)
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(time.Second)}
		c := newClient(t, f, nil)
		var wg sync.WaitGroup
		different := []driver.QueryRequest{
			{HogQL: "SELECT {x}", Values: map[string]any{"x": 1}},
			{HogQL: "SELECT {x}", Values: map[string]any{"x": "1"}},
			{HogQL: "SELECT  {x}", Values: map[string]any{"x": 1}},
			{HogQL: "SELECT {x}", Values: map[string]any{"x": 1}, Fresh: true},
			{HogQL: "SELECT {x}", Values: map[string]any{"x": 1}, Project: 2},
			{HogQL: "SELECT {x}", Values: map[string]any{"x": 1}, Filters: &driver.Filters{DateFrom: "-7d"}},
			{HogQL: "SELECT {x}", Values: map[string]any{"x": 1}, Filters: &driver.Filters{DateTo: "-7d"}},
		}
		for _, q := range different {
			wg.Go(func() {
				_, err := c.Query(t.Context(), q)
				require.NoError(t, err)
			})
		}
		wg.Wait()
		require.Len(t, f.requests(), len(different))
	})
}

// One who leaves, by cancelling or by its deadline, leaves at once and takes nothing from the others.
func TestLeavingAFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(10 * time.Second)}
		c := newClient(t, f, nil)
		began := time.Now()
		var wg sync.WaitGroup
		leaver, leave := context.WithCancel(t.Context())
		ask := func(ctx context.Context, timeout time.Duration) (*driver.Result, error) {
			return c.Query(ctx, driver.QueryRequest{HogQL: "SELECT 1", Timeout: timeout})
		}
		wg.Go(func() { // the first, who started it
			_, err := ask(leaver, 0)
			require.Equal(t, driver.Cancelled, asError(t, err).Kind)
			require.Equal(t, 2*time.Second, time.Since(began))
		})
		synctest.Wait()
		wg.Go(func() {
			_, err := ask(t.Context(), 4*time.Second)
			require.Equal(t, driver.Deadline, asError(t, err).Kind)
			require.Equal(t, 4*time.Second, time.Since(began))
		})
		wg.Go(func() {
			res, err := ask(t.Context(), 20*time.Second)
			require.NoError(t, err)
			require.Len(t, res.Rows, 1)
			require.Equal(t, 10*time.Second, time.Since(began))
		})
		time.AfterFunc(2*time.Second, leave)
		wg.Wait()
		require.Equal(t, map[string]int{"POST": 1}, methods(f.requests()))
	})
}

// The last who leaves ends the call, here and at PostHog; who comes after starts a new one.
func TestLastLeaves(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"cancel", "deadline"} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{answer: slowly(time.Minute)}
			c := newClient(t, f, nil)
			began := time.Now()
			var wg sync.WaitGroup
			for i := range 5 {
				wg.Go(func() {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					q, wait := driver.QueryRequest{HogQL: "SELECT 1"}, time.Duration(i+1)*time.Second
					want := driver.Cancelled
					if by == "deadline" {
						q.Timeout, want = wait, driver.Deadline
					} else {
						time.AfterFunc(wait, cancel)
					}
					_, err := c.Query(ctx, q)
					e := asError(t, err)
					require.Equal(t, want, e.Kind)
					require.Equal(t, wait, time.Since(began))
					if i == 4 {
						require.Equal(t, 1, e.Attempts, "the last one knows what it cost")
					}
				})
			}
			wg.Wait()
			synctest.Wait()
			require.Equal(t, map[string]int{"POST": 1, "DELETE": 1}, methods(f.requests()))
			require.Equal(t, 5*time.Second, f.requests()[1].At.Sub(began))
			f.answer = slowly(0)
			_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1"})
			require.NoError(t, err)
		})
	}
}

// A shared call waits as long as the most patient of its callers would.
func TestFlightDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: failFirst(1, always(503, jsonType, detail("server_error", "database_unavailable", "x"), "Retry-After", "10"))}
		inner := f.answer
		f.answer = func(n int, r *http.Request) reaction {
			time.Sleep(time.Second)
			return inner(n, r)
		}
		c := newClient(t, f, nil)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Timeout: 5 * time.Second})
			require.Equal(t, driver.Deadline, asError(t, err).Kind)
		})
		wg.Go(func() {
			_, err := c.Query(t.Context(), driver.QueryRequest{HogQL: "SELECT 1", Timeout: 20 * time.Second})
			require.NoError(t, err)
		})
		wg.Wait()
		require.Len(t, f.requests(), 2)
	})
}

// A panic inside a shared call reaches its callers, who can recover from it.
func TestFlightPanics(t *testing.T) {
	t.Parallel()
	f := &fake{answer: func(int, *http.Request) reaction { panic("a bug") }}
	c := newClient(t, f, nil)
	require.Panics(t, func() { _, _ = selectOne(t, c) })
	f.answer = always(200, jsonType, okBody)
	_, err := selectOne(t, c)
	require.NoError(t, err, "what was taken is given back")
}

// Closing ends what runs, with an answer to its callers and a cancellation upstream.
func TestCloseEndsRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: slowly(time.Minute)}
		c := newClient(t, f, nil)
		var wg sync.WaitGroup
		var ended atomic.Int32
		for range 2 {
			wg.Go(func() {
				_, err := selectOne(t, c)
				e := asError(t, err)
				require.Equal(t, driver.Cancelled, e.Kind)
				require.Equal(t, "run query: the client was closed", e.Error())
				ended.Add(1)
			})
		}
		time.Sleep(time.Second)
		began := time.Now()
		c.Close()
		require.Zero(t, time.Since(began))
		require.Equal(t, map[string]int{"POST": 2, "DELETE": 2}, methods(f.requests()))
		wg.Wait()
		require.Equal(t, int32(2), ended.Load())
		_, err := selectOne(t, c)
		require.ErrorContains(t, err, "the client is closed")
	})
}
