package driver

import (
	"context"
	"errors"
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

func (c class) String() string {
	if c == classQuery {
		return "query"
	}
	return "general"
}

const (
	generalPerMinute = 480
	generalPerHour   = 4800
	generalInFlight  = 6
	windowMargin     = time.Second // between our clock at sending and PostHog's at arrival
	probeGap         = time.Second // between the single requests after a pause, until one is answered
	longestPause     = time.Hour   // the longest window; a longer wait is a mistake of a proxy
)

// limits holds one limiter per project and class: PostHog counts per project, whatever the key.
type limits struct {
	opts Options
	mu   sync.Mutex
	m    map[limitKey]*limiter
}

type limitKey struct {
	project int64
	class   class
}

func newLimits(o Options) *limits { return &limits{opts: o, m: map[limitKey]*limiter{}} }

func (l *limits) get(project int64, c class) *limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := limitKey{project, c}
	if l.m[k] == nil {
		minute, hour, inFlight := l.opts.PerMinute, l.opts.PerHour, l.opts.MaxConcurrency
		if c == classGeneral {
			minute, hour, inFlight = generalPerMinute, generalPerHour, generalInFlight
		}
		l.m[k] = newLimiter(minute, hour, inFlight, l.opts.MaxQueue, l.opts.WinBack, func(n int) { l.opts.Hooks.inFlight(project, c, n) })
	}
	return l.m[k]
}

// lane says how a request queues.
type lane int

const (
	laneStart  lane = iota // takes a place in flight
	laneFollow             // asks for a run that has its place, or ends one: needs none and goes before those that start
)

// limiter admits requests, first come first served: a cap on those in flight, and hard sliding windows. No more
// than n requests lie in any span of a window; a token bucket alone would let twice as many through. The bucket
// paces inside the windows, so that a burst does not use up a minute at once. A few places of each window are
// kept for requests that follow, so that a cancellation need not wait for the window.
//
// It learns from PostHog's answers, because other processes may use the same project: a 429 that names a wait
// stops everybody for so long, and then one request goes ahead; a 429 about concurrency lowers the cap, which is
// won back one by one.
type limiter struct {
	windows []window
	most    int // in flight
	bound   int // of the queue
	winBack time.Duration
	watch   func(inFlight int)

	mu     sync.Mutex
	pace   *rate.Limiter
	log    []time.Time // when requests left, of the longest window, ascending
	flying int
	width  int       // in flight now allowed
	narrow time.Time // when width changed last
	shrunk int       // how often width was lowered
	until  time.Time // PostHog asked to wait until then
	gently bool      // after such a wait: one request a second until one is answered
	probed time.Time // when the last of those left
	queues [2][]*ticket
	turns  uint64
	timer  *time.Timer
}

type window struct {
	n    int
	span time.Duration
	kept int // of n, for laneFollow
}

// ticket is a place in the queue.
type ticket struct {
	turn  uint64 // smaller goes first; a call keeps its own over its attempts
	lane  lane
	ready chan struct{}
	pass  *pass // set before ready is closed
}

// pass is the right to send one request. It must be given back: done, or unused where nothing was sent.
type pass struct {
	l    *limiter
	at   time.Time
	lane lane
	era  int // shrunk when it was given
	back bool
}

func newLimiter(perMinute, perHour, inFlight, bound int, winBack time.Duration, watch func(int)) *limiter {
	return &limiter{
		windows: []window{
			{perMinute, time.Minute, min(inFlight, perMinute/100)},
			{perHour, time.Hour, min(inFlight, perHour/100)},
		},
		most: inFlight, width: inFlight, bound: bound, winBack: winBack, watch: watch,
		pace: rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(perMinute/4, 1)),
	}
}

var errAlarm = errors.New("the breaker opened")

// enter waits for a pass. It never waits in vain: a wait that is certain to end behind the deadline is answered
// at once. turn is 0 at a call's first attempt and then its place. errAlarm says that alarm was closed.
func (l *limiter) enter(ctx context.Context, op string, ln lane, turn *uint64, alarm <-chan struct{}) (*pass, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx, op)
	}
	t, err := l.join(ctx, op, ln, turn)
	if err != nil {
		return nil, err
	}
	select {
	case <-t.ready:
	case <-alarm:
		l.leave(t)
		return nil, errAlarm
	case <-ctx.Done():
		e := contextError(ctx, op)
		if e.Kind == Deadline {
			e = l.late(ctx, op)
		}
		l.leave(t)
		return nil, e
	}
	return t.pass, nil
}

// late is the error of a caller whose time ended in the queue.
func (l *limiter) late(ctx context.Context, op string) *Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	e := &Error{Kind: Busy, Op: op, Code: CodeConcurrency, RetryAfter: time.Second, final: true, wrapped: ctx.Err(),
		Detail: "all slots for this project stayed in use until the time was over"}
	if l.flying < l.allowed(now) {
		e.Code, e.Detail = CodeRateLimit, "this project's request limit is used up for now"
		e.RetryAfter = max(l.plan(now, 0, laneStart).Sub(now), time.Second)
	}
	return e
}

// join puts a ticket into the queue, unless that is useless.
func (l *limiter) join(ctx context.Context, op string, ln lane, turn *uint64) (*ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	first := *turn == 0
	if first {
		l.turns++
		*turn = l.turns
	}
	q := l.queues[ln]
	place, _ := slices.BinarySearchFunc(q, *turn, func(t *ticket, turn uint64) int {
		if t.turn < turn {
			return -1
		}
		return 1
	})
	ahead := place
	if ln == laneStart {
		ahead += len(l.queues[laneFollow])
	}
	at := l.plan(now, ahead, ln)
	if deadline, ok := ctx.Deadline(); ok && at.After(now) && !at.Before(deadline) {
		return nil, &Error{Kind: Busy, Op: op, Code: CodeRateLimit, RetryAfter: at.Sub(now), final: true,
			Detail: "this project's request limit is used up for now"}
	}
	if first && ln == laneStart && len(q) >= l.bound {
		return nil, &Error{Kind: Busy, Op: op, Code: CodeQueueFull, RetryAfter: max(at.Sub(now), time.Second), final: true,
			Detail: "too many calls for this project are waiting already"}
	}
	t := &ticket{turn: *turn, lane: ln, ready: make(chan struct{})}
	l.queues[ln] = slices.Insert(q, place, t)
	l.dispatch(now)
	return t, nil
}

// leave takes a ticket out of the queue, or gives back the pass that it became meanwhile.
func (l *limiter) leave(t *ticket) {
	l.mu.Lock()
	if t.pass != nil {
		l.mu.Unlock()
		t.pass.unused()
		return
	}
	l.queues[t.lane] = slices.DeleteFunc(l.queues[t.lane], func(other *ticket) bool { return other == t })
	l.dispatch(time.Now())
	l.mu.Unlock()
}

// allowed is how many may be in flight; a place that PostHog refused comes back after a while.
func (l *limiter) allowed(now time.Time) int {
	for l.width < l.most && now.Sub(l.narrow) >= l.winBack {
		l.width++
		l.narrow = l.narrow.Add(l.winBack)
	}
	return l.width
}

// dispatch hands out what can be handed out now, and sets the timer for what can be later.
func (l *limiter) dispatch(now time.Time) {
	for {
		ln := laneFollow
		if len(l.queues[ln]) == 0 {
			ln = laneStart
		}
		if len(l.queues[ln]) == 0 {
			return
		}
		if ln == laneStart && l.flying >= l.allowed(now) {
			if l.width < l.most {
				l.wakeAt(now, l.narrow.Add(l.winBack))
			}
			return
		}
		at := l.plan(now, 0, ln)
		if at.After(now) {
			l.wakeAt(now, at)
			return
		}
		if !l.pace.AllowN(now, 1) { // plan rounds otherwise by a nanosecond
			l.wakeAt(now, now.Add(time.Millisecond))
			return
		}
		l.grant(now, ln)
	}
}

func (l *limiter) grant(now time.Time, ln lane) {
	t := l.queues[ln][0]
	l.queues[ln] = slices.Delete(l.queues[ln], 0, 1)
	old, _ := slices.BinarySearchFunc(l.log, now.Add(-time.Hour-windowMargin), time.Time.Compare)
	l.log = append(slices.Delete(l.log, 0, old), now)
	t.pass = &pass{l: l, at: now, lane: ln, era: l.shrunk}
	if ln == laneStart {
		l.flying++
		l.watch(l.flying)
	}
	if l.gently {
		l.probed = now
	}
	close(t.ready)
}

func (l *limiter) wakeAt(now, at time.Time) {
	if l.timer == nil {
		l.timer = time.AfterFunc(at.Sub(now), func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.dispatch(time.Now())
		})
		return
	}
	l.timer.Reset(at.Sub(now))
}

// plan is the earliest time at which a request may leave that has so many others ahead. How long those in flight
// take, nobody knows: that is not part of it.
func (l *limiter) plan(now time.Time, ahead int, ln lane) time.Time {
	base := later(now, l.until)
	if l.gently && !l.probed.IsZero() {
		base = later(base, l.probed.Add(probeGap))
	}
	tokens, perToken := l.pace.TokensAt(now), time.Duration(float64(time.Second)/float64(l.pace.Limit()))
	var planned []time.Time
	if ahead > 0 {
		planned = make([]time.Time, 0, ahead+1)
	}
	at := base
	for i := range ahead + 1 {
		if missing := float64(i+1) - tokens; missing > 0 {
			at = later(at, now.Add(time.Duration(missing*float64(perToken))))
		}
		for _, w := range l.windows {
			n := w.n
			if ln == laneStart {
				n -= w.kept
			}
			switch back := len(l.log) + i - n; {
			case back >= len(l.log):
				at = later(at, planned[back-len(l.log)].Add(w.span+windowMargin))
			case back >= 0:
				at = later(at, l.log[back].Add(w.span+windowMargin))
			}
		}
		if ahead > 0 {
			planned = append(planned, at)
		}
	}
	return at
}

// done gives the place in flight back.
func (p *pass) done() {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	p.release()
}

// unused is done for a request that was not sent: it does not count in the windows.
func (p *pass) unused() {
	p.l.mu.Lock()
	defer p.l.mu.Unlock()
	if i, ok := slices.BinarySearchFunc(p.l.log, p.at, time.Time.Compare); ok && !p.back {
		p.l.log = slices.Delete(p.l.log, i, i+1)
	}
	p.release()
}

func (p *pass) release() {
	if p.back {
		return
	}
	p.back = true
	if p.lane == laneStart {
		p.l.flying--
		p.l.watch(p.l.flying)
	}
	p.l.dispatch(time.Now())
}

// report learns from what became of a request: nil for an answer.
func (p *pass) report(e *Error) {
	l := p.l
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	switch {
	case e == nil || e.Status != 0 && !e.throttled():
		if l.gently && !p.at.Before(l.until) {
			l.gently = false
			l.dispatch(now)
		}
	case !e.throttled():
	case e.crowded:
		if p.era == l.shrunk { // those sent before it was lowered last tell nothing new
			l.width, l.narrow = max(min(l.width, l.flying)-1, 1), now
			l.shrunk++
		}
	default:
		wait := orDefault(e.RetryAfter, defaultThrottle)
		l.until = later(l.until, now.Add(min(wait, longestPause)+jitter(throttleJitter)))
		l.gently, l.probed = true, time.Time{}
	}
}

// pausedUntil is when the wait ends that PostHog asked for; the past where there is none.
func (l *limiter) pausedUntil() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
