package driver

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	ratioSpan   = time.Minute // over which the failing ratio is taken
	ratioBucket = 10 * time.Second
	ratioLeast  = 20                     // answers in it, below which a ratio says nothing
	trialWait   = 250 * time.Millisecond // between looks at a trial that other callers make
)

// breaker stops calls to a host that does not answer. Only Unavailable counts as a failure: an answer of
// any other kind shows that the host is there. Calls that the caller ended count for nothing.
type breaker struct {
	cb     *gobreaker.CircuitBreaker[struct{}]
	trials uint32 // how many may try whether the host is back

	mu        sync.Mutex
	openUntil time.Time
	since     time.Time // first failure of the present series
	series    int       // failures since the last answer
	last      *Error
	open      chan struct{} // closed while the breaker is open
	changed   chan struct{} // closed at the next change
}

func newBreaker(o Options, log *slog.Logger) *breaker {
	b := &breaker{trials: uint32(o.BreakerSuccesses), open: make(chan struct{}), changed: make(chan struct{})}
	b.cb = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: b.trials,
		Timeout:     o.BreakerTimeout,
		Interval:    ratioSpan, BucketPeriod: ratioBucket,
		ReadyToTrip: func(n gobreaker.Counts) bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.series >= o.BreakerFailures || n.TotalFailures+n.TotalSuccesses >= ratioLeast && n.TotalFailures >= n.TotalSuccesses
		},
		IsSuccessful: func(err error) bool { return kindOf(err) != Unavailable },
		IsExcluded:   func(err error) bool { k := kindOf(err); return k == Cancelled || k == Deadline },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			b.mu.Lock()
			if to == gobreaker.StateOpen {
				b.openUntil = time.Now().Add(o.BreakerTimeout)
				close(b.open)
			} else if from == gobreaker.StateOpen {
				b.open = make(chan struct{})
			}
			close(b.changed)
			b.changed = make(chan struct{})
			b.mu.Unlock()
			o.Hooks.breaker(to.String())
			log.Warn("breaker changed state", "from", from.String(), "to", to.String())
		},
	})
	return b
}

// check answers with an error while the breaker is open, so that nobody waits in a queue for nothing.
func (b *breaker) check(op string) error {
	if b.cb.State() != gobreaker.StateOpen {
		return nil
	}
	return b.refusal(op)
}

// alarm is closed when the breaker opens.
func (b *breaker) alarm() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// trying tells whether others are trying whether the host is back, as many as may.
func (b *breaker) trying() bool {
	if b.cb.State() != gobreaker.StateHalfOpen {
		return false
	}
	n := b.cb.Counts()
	return n.Requests-n.TotalExclusions >= b.trials
}

// do runs one attempt if the breaker admits it. An attempt that is not admitted because others are trying says so: it
// may wait for them.
func (b *breaker) do(op string, attempt func() error) (trying bool, err error) {
	_, err = b.cb.Execute(func() (struct{}, error) {
		err := attempt()
		b.note(err)
		return struct{}{}, err
	})
	switch {
	case errors.Is(err, gobreaker.ErrTooManyRequests):
		return true, b.refusal(op)
	case errors.Is(err, gobreaker.ErrOpenState):
		return false, b.refusal(op)
	}
	return false, err
}

// await waits until others have found out whether the host is back, or for a moment.
func (b *breaker) await(ctx context.Context) {
	b.mu.Lock()
	changed := b.changed
	b.mu.Unlock()
	t := time.NewTimer(trialWait)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-ctx.Done():
	}
}

// note keeps what refusal tells later: since when the host fails, and how.
func (b *breaker) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch k := kindOf(err); {
	case k == Unavailable:
		if b.since.IsZero() {
			b.since = time.Now()
		}
		b.series++
		b.last, _ = errors.AsType[*Error](err)
	case k != Cancelled && k != Deadline:
		b.since, b.series, b.last = time.Time{}, 0, nil
	}
}

func (b *breaker) refusal(op string) *Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &Error{Kind: Unavailable, Op: op, Code: CodeBreakerOpen, Since: b.since, final: true,
		Detail: "PostHog does not answer; no request was sent"}
	e.RetryAfter = max(time.Until(b.openUntil), time.Second)
	if b.last != nil {
		e.Status, e.Detail = b.last.Status, "PostHog does not answer (last: "+b.last.Detail+"); no request was sent"
	}
	return e
}

// kindOf is the kind of an error of this package, "" for none.
func kindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if err != nil {
		return Internal
	}
	return ""
}
