package driver

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Kind says what a failure means for the caller.
type Kind string

// The kinds of failure. Busy and Unavailable may pass by themselves; the others need a change.
const (
	Invalid      Kind = "invalid"      // the SQL or an argument is wrong (400)
	Unauthorized Kind = "unauthorized" // the key is missing, wrong, or of another region (401)
	Forbidden    Kind = "forbidden"    // the key lacks a scope or the project (403)
	NotFound     Kind = "not_found"    // no such project, object or query (404)
	Busy         Kind = "busy"         // a rate or concurrency limit, theirs or ours; or a cluster under load (429, 503, 513)
	TooSlow      Kind = "too_slow"     // the query ran, or would run, too long (504 with JSON, 512)
	TooLarge     Kind = "too_large"    // the query needs too much memory, or the answer or request is too big (513, 413)
	Quota        Kind = "quota"        // the plan's quota is used up (402)
	Unavailable  Kind = "unavailable"  // network, proxy or PostHog down; or the breaker is open
	Cancelled    Kind = "cancelled"    // the caller went away
	Deadline     Kind = "deadline"     // the caller's time was over before an answer came
	Internal     Kind = "internal"     // PostHog failed in itself (500)
)

// Error is the one error type of this package. Detail is cleaned for display: no markup, no control
// characters, no keys, at most a few hundred characters.
type Error struct {
	Kind       Kind
	Op         string        // what was asked, as a verb phrase: "run query", "list events"
	Status     int           // HTTP status of the last answer; 0 when there was none
	Code       string        // PostHog's code word, or one of the Code constants
	Detail     string        // PostHog's explanation or ours
	RetryAfter time.Duration // how long to wait before the same call can succeed; 0 when unknown or pointless
	Attempts   int           // requests sent for this call; 0 when nothing was sent
	Waited     time.Duration // in our own queue and between attempts
	Since      time.Time     // Unavailable: since when the host has not answered; zero when unknown
	Scope      string        // Forbidden: the missing scope, e.g. "query:read", when PostHog names it
	Nearest    []string      // NotFound: the nearest known names, best first

	once    bool  // worth one more attempt, not more
	crowded bool  // a 429 about queries at the same time, not about a rate
	final   bool  // Busy or Unavailable that another attempt cannot mend
	wrapped error // the cause, for errors.Is; never printed, because it may hold an address with a query
}

// Codes of failures that are found on this side of the wire.
const (
	CodeBreakerOpen     = "breaker_open"       // PostHog failed repeatedly: calls are answered at once until RetryAfter
	CodeRateLimit       = "local_rate_limit"   // our own window is full
	CodeConcurrency     = "local_concurrency"  // our own in-flight limit is reached
	CodeQueueFull       = "local_queue_full"   // as many calls wait already as may
	CodeStale           = "stale_answer"       // PostHog gave kept rows although fresh ones were asked for
	CodeNotJSON         = "not_json"           // a web page or text where JSON was due
	CodeBadBody         = "bad_body"           // JSON that is cut or does not fit
	CodeResponseTooBig  = "response_too_large" // more bytes than Options.MaxResponse
	CodeNetwork         = "network"            // no answer: connection refused, reset, name not found
	CodeTLS             = "tls"                // the certificate is not accepted
	CodeRedirect        = "redirect"           // an answer that sends the key elsewhere: refused
	CodeProjectRequired = "project_required"   // the key sees several projects and none was named
	CodeProjectDenied   = "project_not_allowed"
)

// codeQueryFailed is the verdict on a background run, or on a query whose error came with status 200.
const codeQueryFailed = "query_failed"

// Error tells the operation, PostHog's own words and the status, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	if e.Detail != "" {
		b.WriteString(strings.ReplaceAll(e.Detail, "\n", " "))
	} else {
		b.WriteString(strings.ReplaceAll(string(e.Kind), "_", " "))
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (status %d)", e.Status)
	}
	return b.String()
}

// throttled tells whether PostHog refused the request before doing any work.
func (e *Error) throttled() bool { return e != nil && e.Status == http.StatusTooManyRequests }

// Unwrap gives the cause (a context or network error), so that errors.Is works.
func (e *Error) Unwrap() error { return e.wrapped }
