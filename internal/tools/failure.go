package tools

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// sqlError is a query that PostHog refused, with the place in the text that its check names.
type sqlError struct {
	at    *hogql.Error
	cause *driver.Error
}

func (e *sqlError) Error() string { return e.at.Error() }

// Unwrap gives PostHog's refusal.
func (e *sqlError) Unwrap() error { return e.cause }

// cheaper is what helps a query that costs too much.
const cheaper = "Make it cheaper: a shorter time (timestamp >= now() - INTERVAL 7 DAY), a filter on event, fewer columns, " +
	"aggregates instead of rows, uniq() instead of count(DISTINCT …), SAMPLE 0.1, no join that is not needed."

// Advice says in plain words what failed, where, what to do next, and whether trying again helps and
// when. It is the only place that writes failures for people and models; err is an *ArgumentError, a
// *hogql.Error or a *driver.Error, and of anything else nothing is told.
func Advice(err error) string { return adviceAt(err, time.Now()) }

func adviceAt(err error, now time.Time) string {
	if e, ok := errors.AsType[*ArgumentError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*sqlError](err); ok {
		return e.Error() + "\nPostHog refused the query; unchanged it will be refused again." + nameHint(e.at.Message)
	}
	if e, ok := errors.AsType[*hogql.Error](err); ok {
		return e.Error() + "\nNothing was sent."
	}
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return driverAdvice(e, now)
	}
	return "This server failed in itself; the details are in its log. Calling again once may help."
}

func driverAdvice(e *driver.Error, now time.Time) string {
	detail := sentence(strings.TrimRight(e.Detail, ". "), 600)
	switch e.Kind {
	case driver.Invalid:
		return invalidAdvice(e, detail)
	case driver.Unauthorized:
		return "PostHog does not accept the API key" + because(e, detail) + ". Calling again does not help.\n" +
			"Check that it is a personal API key (phx_…), not deleted or replaced, and of this host: a key of us.posthog.com is " +
			"unknown at eu.posthog.com (POSTHOG_API_URL). A new key: PostHog, Settings, Personal API keys, with the scopes query:read and project:read."
	case driver.Forbidden:
		return forbiddenAdvice(e, detail)
	case driver.NotFound:
		return notFoundAdvice(e, detail)
	case driver.Busy:
		return busyAdvice(e, detail, now)
	case driver.TooSlow:
		return "PostHog stopped the query because it takes too long (10 s of computing for API keys)" + because(e, detail) +
			". The same query will be stopped again.\n" + cheaper
	case driver.TooLarge:
		return tooLargeAdvice(e, detail)
	case driver.Quota:
		return "The PostHog plan's quota is used up" + because(e, detail) + ". Calling again helps only after the quota is renewed or raised in PostHog's billing settings."
	case driver.Unavailable:
		return unavailableAdvice(e, detail, now)
	case driver.Cancelled:
		return "The call was cancelled, here and at PostHog. Nothing is running any more."
	case driver.Deadline:
		return "No answer from PostHog in time, queueing and retries included; the query was cancelled there. " +
			"Calling again may help once, if PostHog was busy.\n" + cheaper
	default:
		if e.Code == driver.CodeStale {
			return "PostHog gave kept rows although refresh=fresh asked for new ones. Call again, or pass refresh=cached to get them with their age."
		}
		return "PostHog failed in itself" + because(e, detail) + ". Calling again once may help. If it fails the same way, the query is " +
			"the cause: wrap 128-bit integers and maps with other than text keys in toString(), and simplify step by step."
	}
}

// because gives PostHog's own words in brackets, or the status when it said nothing.
func because(e *driver.Error, detail string) string {
	switch {
	case detail != "" && e.Status != 0:
		return fmt.Sprintf(" (%d: %s)", e.Status, detail)
	case detail != "":
		return " (" + detail + ")"
	case e.Status != 0:
		return fmt.Sprintf(" (status %d)", e.Status)
	default:
		return ""
	}
}

func invalidAdvice(e *driver.Error, detail string) string {
	if e.Code == driver.CodeProjectRequired {
		return "Which project? " + sentence(e.Detail, 2000) + ". Pass project_id, or set POSTHOG_PROJECT_ID."
	}
	if detail == "" {
		detail = fmt.Sprintf("status %d", e.Status)
	}
	if strings.Contains(detail, "OFFSET") {
		return "PostHog refused the query: " + stopped(detail) + "\n" + keysetHint
	}
	return "PostHog refused the query: " + stopped(detail) + "\nUnchanged it will be refused again." + nameHint(detail)
}

// stopped ends a sentence that has no end yet.
func stopped(s string) string {
	if strings.HasSuffix(s, "?") || strings.HasSuffix(s, "!") {
		return s
	}
	return s + "."
}

// nameHint says where names are found, for the refusals of PostHog that are about a name.
func nameHint(detail string) string {
	switch {
	case strings.Contains(detail, "Unable to resolve field"):
		return " get_fields shows the fields of a table and how to write each."
	case strings.Contains(detail, "Unknown table"):
		return " list_objects kind=table shows the tables."
	case strings.Contains(detail, "Unsupported function"):
		return " HogQL has most ClickHouse functions, written the same way."
	default:
		return ""
	}
}

func forbiddenAdvice(e *driver.Error, detail string) string {
	switch {
	case e.Code == driver.CodeProjectDenied:
		return "This server may not read it: " + detail + ". Pass one of those as project_id; POSTHOG_ALLOWED_PROJECTS decides."
	case e.Scope != "":
		return "The API key lacks the scope " + e.Scope + ". Add it in PostHog, Settings, Personal API keys. Until then calling again does not help."
	default:
		return "The API key may not do this" + because(e, detail) + ". It may be limited to other projects or lack a scope: " +
			"list_objects kind=project shows what it may see. Calling again does not help."
	}
}

func notFoundAdvice(e *driver.Error, detail string) string {
	if len(e.Nearest) > 0 {
		names := make([]string, len(e.Nearest))
		for i, n := range e.Nearest {
			names[i] = label(n)
		}
		return detail + ". Close: " + strings.Join(names, ", ")
	}
	if e.Status == 0 && detail != "" {
		return detail + ". list_objects search=\"…\" finds names by a word."
	}
	return "PostHog has no such project or object" + because(e, detail) + ". list_objects kind=project shows the projects that the key may see."
}

func busyAdvice(e *driver.Error, detail string, now time.Time) string {
	who := "PostHog"
	switch e.Code {
	case driver.CodeRateLimit, driver.CodeConcurrency, driver.CodeQueueFull:
		who = "This server" // keeps below PostHog's limits
	}
	if e.RetryAfter <= 0 {
		return who + " is busy" + because(e, detail) + ". Nothing was lost: call again in about a minute."
	}
	return fmt.Sprintf("%s asks to wait %s%s. Nothing was lost: call again after %s.",
		who, ago(e.RetryAfter), because(e, detail), clock(now.Add(e.RetryAfter)))
}

func tooLargeAdvice(e *driver.Error, detail string) string {
	if e.Code == driver.CodeResponseTooBig {
		return "The answer is too large" + because(e, detail) + ". Select fewer columns, cut long ones (substring(x, 1, 200)), or lower limit."
	}
	return "The query needs more than PostHog gives it" + because(e, detail) + ". The same query will fail again.\n" + cheaper
}

func unavailableAdvice(e *driver.Error, detail string, now time.Time) string {
	switch e.Code {
	case driver.CodeBreakerOpen:
		since := ""
		if !e.Since.IsZero() {
			since = " for " + ago(now.Sub(e.Since))
		}
		last := ""
		if detail != "" {
			last = " (" + detail + ")"
		}
		return fmt.Sprintf("PostHog has not answered%s%s. Next try at %s; calls until then are answered at once like this one.",
			since, last, clock(now.Add(e.RetryAfter)))
	case driver.CodeTLS, driver.CodeRedirect:
		return "PostHog cannot be reached safely: " + detail + ". Calling again does not help: check POSTHOG_API_URL."
	default:
		tries := ""
		if e.Attempts > 1 {
			tries = fmt.Sprintf(" after %d attempts", e.Attempts)
		}
		wait := "in a minute"
		if e.RetryAfter > 0 {
			wait = "after " + clock(now.Add(e.RetryAfter))
		}
		return "PostHog gave no usable answer" + tries + because(e, detail) + ". This usually passes: call again " + wait +
			". If it does not, check POSTHOG_API_URL and PostHog's status page."
	}
}

// clock writes a time of today as a caller can compare it: 12:00:41 UTC, rounded up to the second.
func clock(t time.Time) string {
	return t.Add(time.Second - 1).Truncate(time.Second).UTC().Format("15:04:05 UTC")
}
