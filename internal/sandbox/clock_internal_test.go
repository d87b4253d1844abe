package sandbox

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"posthog-mcp/internal/sandbox/sample"
)

// These tests are inside the package because they need a clock that can be moved, which a real network
// connection does not allow.

func TestSlidingLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(LimitNumbers{Query: Rate{PerMinute: 2, PerHour: 7}})
		c := &call{route: &route{class: classQuery}, project: &project{Project: &sample.Project{ID: 1}}}
		require.NoError(t, l.admit(c))
		time.Sleep(30 * time.Second)
		require.NoError(t, l.admit(c))
		require.EqualError(t, l.admit(c), "429 throttled: Request was throttled. Expected available in 30 seconds.")
		time.Sleep(29 * time.Second)
		require.EqualError(t, l.admit(c), "429 throttled: Request was throttled. Expected available in 1 second.")
		time.Sleep(time.Second)
		require.NoError(t, l.admit(c), "the first one has left the window")
		require.ErrorContains(t, l.admit(c), "in 30 seconds", "a log, no bucket that is full again")
		time.Sleep(2 * time.Minute)
		require.NoError(t, l.admit(c))
		require.ErrorContains(t, l.admit(c), "in 3420 seconds", "refused requests of one window count in the other, as with PostHog")
	})
}

func TestQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(LimitNumbers{})
		var leaves []func()
		for range 3 {
			leave, err := l.enter(t.Context(), 1, "a", false)
			require.NoError(t, err)
			leaves = append(leaves, leave)
		}
		start := time.Now()
		_, err := l.enter(t.Context(), 1, "late", false)
		require.EqualError(t, err, "429 throttled: Exceeded maximum concurrency limit: 3 for key: api:query:per-team:1 and task: late")
		require.Equal(t, 30*time.Second, time.Since(start))
		time.AfterFunc(10*time.Second, leaves[0])
		start = time.Now()
		leave, err := l.enter(t.Context(), 1, "lucky", false)
		require.NoError(t, err)
		require.Equal(t, 10*time.Second, time.Since(start))
		time.AfterFunc(time.Hour, leave)
		start = time.Now()
		_, err = l.enter(t.Context(), 1, "patient", true)
		require.NoError(t, err)
		require.Equal(t, time.Hour, time.Since(start))
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errKilled)
		_, err = l.enter(ctx, 1, "gone", true)
		require.ErrorIs(t, err, errKilled)
	})
}

func TestStatusLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStatuses()
		s.open(1, "a")
		time.Sleep(19 * time.Minute)
		require.NotNil(t, s.get(1, "a"), "reading does not extend a state's life")
		time.Sleep(time.Minute)
		require.Nil(t, s.get(1, "a"))

		b, _ := s.open(1, "b")
		time.Sleep(19 * time.Minute)
		s.change(b, func(q *queryStatus) { q.finish(&response{}, nil) })
		time.Sleep(19 * time.Minute)
		require.NotNil(t, s.get(1, "b"), "writing does")
		require.True(t, s.get(1, "b").Complete)
		time.Sleep(time.Minute)
		require.Nil(t, s.get(1, "b"))
		s.change(b, func(*queryStatus) { t.Error("an expired state cannot be written") })
	})
}

func TestArrivals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCounters()
		first := time.Now().Unix()
		c.begin()
		c.begin()
		require.Equal(t, []Arrival{{first, 2}}, c.snapshot().Arrivals)
		for range keepArrivals {
			time.Sleep(time.Second)
			c.begin()
		}
		a := c.snapshot().Arrivals
		require.Len(t, a, keepArrivals)
		require.Equal(t, Arrival{first + 1, 1}, a[0], "the oldest second is forgotten")
		c.reset()
		require.Equal(t, keepArrivals+2, c.snapshot().HighestInFlight, "requests in flight stay")
	})
}

func TestCacheBounds(t *testing.T) {
	t.Parallel()
	c := newCache()
	entry := func(key string, bytes int) *response {
		return &response{CacheKey: key, Results: []json.RawMessage{make(json.RawMessage, bytes)}}
	}
	c.put(entry("large", maxCachedBytes+1))
	r, _ := c.get("large")
	require.Nil(t, r)
	c.put(entry("a", maxCachedBytes/2))
	c.put(entry("b", maxCachedBytes/2))
	c.put(entry("a", maxCachedBytes/2))
	r, _ = c.get("b")
	require.NotNil(t, r, "writing again does not count twice")
	c.put(entry("c", 1))
	r, _ = c.get("b")
	require.Nil(t, r, "the oldest goes first")
	r, _ = c.get("a")
	require.NotNil(t, r)
	for i := range maxCached {
		c.put(entry("n"+string(rune('a'+i)), 1))
	}
	r, _ = c.get("a")
	require.Nil(t, r)
	require.Len(t, c.entries, maxCached)
}
