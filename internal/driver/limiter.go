package driver

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// class is a group of endpoints that PostHog throttles together.
type class int

const (
	classQuery   class = iota // everything under …/query/, status and cancel included: 240 a minute, 2400 an hour
	classGeneral              // definitions, projects, user: 480 a minute, 4800 an hour
)

const (
	generalPerMinute = 480
	generalPerHour   = 4800
	generalInFlight  = 6
	windowMargin     = time.Second // between our clock at sending and PostHog's at arrival
)

// limiters holds one limiter per project and class: PostHog counts per project, whatever the key.
type limiters struct {
	opts Options
	mu   sync.Mutex
	m    map[limitKey]*limiter
}

type limitKey struct {
	project int64
	class   class
}

func newLimiters(o Options) *limiters { return &limiters{opts: o, m: map[limitKey]*limiter{}} }

func (l *limiters) get(project int64, c class) *limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := limitKey{project, c}
	if l.m[k] == nil {
		if c == classQuery {
			l.m[k] = newLimiter(l.opts.PerMinute, l.opts.PerHour, l.opts.MaxConcurrency)
		} else {
			l.m[k] = newLimiter(generalPerMinute, generalPerHour, generalInFlight)
		}
	}
	return l.m[k]
}

// limiter admits requests: a cap on those in flight, and two hard sliding windows. No more than perMinute
// requests lie in any minute and perHour in any hour; a token bucket alone would let twice as many through.
// The bucket paces inside the windows, so that a burst does not use up a minute at once.
type limiter struct {
	slots     chan struct{}
	perMinute int
	perHour   int

	mu   sync.Mutex
	pace *rate.Limiter
	log  []time.Time // planned send times of the last hour, ascending
}

func newLimiter(perMinute, perHour, inFlight int) *limiter {
	return &limiter{
		slots: make(chan struct{}, inFlight), perMinute: perMinute, perHour: perHour,
		pace: rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(perMinute/4, 1)),
	}
}

// enter takes an in-flight slot. The caller gives it back with leave.
func (l *limiter) enter(ctx context.Context, op string) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		if ctx.Err() == context.DeadlineExceeded {
			return &Error{Kind: Busy, Op: op, Code: CodeConcurrency, RetryAfter: time.Second, final: true, wrapped: ctx.Err(),
				Detail: "all slots for this project stayed in use until the time was over"}
		}
		return contextError(ctx, op)
	}
}

func (l *limiter) leave() { <-l.slots }

// admit waits for a place in both windows. It never waits in vain: when the place lies behind the
// deadline it answers at once with the wait.
func (l *limiter) admit(ctx context.Context, op string) error {
	if ctx.Err() != nil {
		return contextError(ctx, op)
	}
	now := time.Now()
	at, give := l.reserve(now)
	wait := at.Sub(now)
	if wait <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && !at.Before(deadline) {
		give()
		return &Error{Kind: Busy, Op: op, Code: CodeRateLimit, RetryAfter: wait, final: true,
			Detail: "this project's request limit is used up for now"}
	}
	if err := sleep(ctx, wait); err != nil {
		give()
		return contextError(ctx, op)
	}
	return nil
}

// reserve plans one request at the earliest allowed time; give takes the plan back.
func (l *limiter) reserve(now time.Time) (at time.Time, give func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, _ := slices.BinarySearchFunc(l.log, now.Add(-time.Hour-windowMargin), time.Time.Compare)
	l.log = slices.Delete(l.log, 0, old)
	r := l.pace.ReserveN(now, 1)
	at = now.Add(r.DelayFrom(now))
	for _, w := range []struct {
		n    int
		span time.Duration
	}{{l.perMinute, time.Minute}, {l.perHour, time.Hour}} {
		if i := len(l.log) - w.n; i >= 0 {
			at = later(at, l.log[i].Add(w.span+windowMargin))
		}
	}
	if n := len(l.log); n > 0 {
		at = later(at, l.log[n-1])
	}
	l.log = append(l.log, at)
	return at, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i, ok := slices.BinarySearchFunc(l.log, at, time.Time.Compare); ok {
			l.log = slices.Delete(l.log, i, i+1)
		}
		r.CancelAt(time.Now())
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// sleep waits for d or the end of the context.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
