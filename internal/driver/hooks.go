package driver

import "time"

// Hooks tell an observer what the driver does, for metrics. Each may be nil; each is called where the thing
// happens, from many goroutines, and must return at once.
type Hooks struct {
	// Attempt: one request was answered or failed. Class is "query" or "general"; status is 0 without an answer;
	// kind is "" for success.
	Attempt func(op, class string, status int, kind Kind, took time.Duration)
	// Retry: a request will be sent again after wait, because of reason. Refused retries (the budget is spent)
	// come with allowed false.
	Retry func(op string, reason Kind, wait time.Duration, allowed bool)
	// Wait: a request stood in the queue of its project and class for so long before it left or gave up.
	Wait func(class string, took time.Duration)
	// InFlight: so many requests or background runs of a project and class are in flight.
	InFlight func(project int64, class string, n int)
	// Breaker: the breaker is now "open", "half-open" or "closed".
	Breaker func(state string)
	// Cache: a reading of part ("answer", "tables", "event definitions", …) was a "hit", "stale", "shared" (with a
	// call that runs) or a "miss".
	Cache func(part, outcome string)
}

func (h Hooks) attempt(r request, status int, kind Kind, took time.Duration) {
	if h.Attempt != nil {
		h.Attempt(r.op, r.class.String(), status, kind, took)
	}
}

func (h Hooks) retry(op string, reason Kind, wait time.Duration, allowed bool) {
	if h.Retry != nil {
		h.Retry(op, reason, wait, allowed)
	}
}

func (h Hooks) wait(c class, took time.Duration) {
	if h.Wait != nil {
		h.Wait(c.String(), took)
	}
}

func (h Hooks) inFlight(project int64, c class, n int) {
	if h.InFlight != nil {
		h.InFlight(project, c.String(), n)
	}
}

func (h Hooks) breaker(state string) {
	if h.Breaker != nil {
		h.Breaker(state)
	}
}

func (h Hooks) cache(part, outcome string) {
	if h.Cache != nil {
		h.Cache(part, outcome)
	}
}
