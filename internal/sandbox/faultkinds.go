package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// respond writes the answer that the server gives without a fault.
type respond func(http.ResponseWriter)

// faultKind is one row of the table of faults.
type faultKind struct {
	name  string
	arg   argument
	usual string // what arg is where none is given; "" where one must be given
	// engine marks what only the query engine can cause: it meets POST …/query/ alone. Other faults come
	// from proxies and networks, and meet every request.
	engine bool
	// weight is how many of 1000 requests chaos gives this fault; vary is then its argument.
	weight int
	vary   func(*rand.Rand) string
	serve  func(f Fault, w http.ResponseWriter, r *http.Request, next respond)
}

// argument is what stands behind the colon of a fault.
type argument string

const (
	noArg       argument = ""
	wordArg     argument = "body" // this word, or nothing
	durationArg argument = "duration"
	offsetArg   argument = "offset" // a duration that may be negative
	secondsArg  argument = "seconds"
	sizeArg     argument = "megabytes"
	seedArg     argument = "seed"
)

func (a argument) example() string {
	switch a {
	case durationArg:
		return "500ms"
	case offsetArg:
		return "-2h"
	case wordArg:
		return string(wordArg)
	}
	return "37"
}

// faultTable lists every kind of fault. A new kind is a new row. Each can be told from a right answer by the
// client, even where the status is 200.
func faultTable() []faultKind {
	return []faultKind{
		// late answers
		{name: "slow", arg: durationArg, weight: 40, vary: milliseconds(200), serve: slow},
		{name: "drip", arg: durationArg, usual: "50ms", weight: 20, vary: milliseconds(5), serve: drip},
		{name: "silent", weight: 2, serve: silent},
		// connections and bodies
		{name: "cut", arg: wordArg, weight: 25, vary: either("", "body"), serve: cut},
		{name: "truncated", weight: 10, serve: truncated},
		{name: "garbage", weight: 8, serve: garbage},
		{name: "types", weight: 8, serve: wrongTypes},
		{name: "empty", weight: 5, serve: empty},
		{name: "endless", weight: 2, serve: endless},
		{name: "bomb", arg: sizeArg, usual: "256", weight: 2, serve: bomb},
		{name: "header", arg: sizeArg, usual: "2", weight: 2, serve: hugeHeader},
		// proxies
		{name: "html200", weight: 6, serve: htmlPage(http.StatusOK, html200)},
		{name: "redirect", weight: 2, serve: redirect},
		{name: "502html", weight: 20, serve: htmlPage(http.StatusBadGateway, html502)},
		{name: "504html", weight: 15, serve: htmlPage(http.StatusGatewayTimeout, html504)},
		// PostHog's web servers
		{name: "429rate", arg: secondsArg, usual: "1", weight: 6, serve: rateExceeded},
		{name: "500", weight: 10, serve: always(serverError("A server error occurred."))},
		{name: "503retry", weight: 6, serve: always(databaseUnavailable("1"))},
		{name: "503skew", arg: offsetArg, usual: "1h", weight: 4, vary: either("1h", "-1h"), serve: skewed},
		// PostHog's query engine
		{name: "429concurrency", engine: true, weight: 10, serve: always(concurrencyExceeded(3, 1, "sandbox-fault"))},
		{name: "503busy", engine: true, weight: 10, serve: always(busy())},
		{name: "504json", engine: true, weight: 4, serve: always(timedOut())},
		{name: "512", engine: true, weight: 2, serve: always(tooSlow("1200"))},
		{name: "513query", engine: true, weight: 2, serve: always(outOfMemory())},
		{name: "513cluster", engine: true, weight: 1, serve: always(heavyLoad())},
		{name: "402", engine: true, weight: 1, serve: always(&failure{
			status: http.StatusPaymentRequired, kind: typeServer, code: "quota_limit_exceeded",
			detail: "Your organization has used up its API query quota for this billing period.",
		})},
		{name: chaosName, arg: seedArg},
	}
}

// chaosName is the kind that is a mix of all others.
const chaosName = "chaos"

// Chaos returns the fault that chaos:seed has for the n-th request, counted from 1; none for most of them.
// The same seed gives the same faults.
func Chaos(seed uint64, n int) (Fault, bool) {
	rng := rand.New(rand.NewPCG(seed, uint64(n))) // #nosec G404 -- must be repeatable
	roll := rng.IntN(1000)
	for _, k := range faultTable() {
		if roll -= k.weight; roll >= 0 {
			continue
		}
		f := Fault{Kind: k.name}
		if k.vary != nil {
			f.Arg = k.vary(rng)
		}
		return f, k.readArg(&f) == nil
	}
	return Fault{}, false
}

// milliseconds draws a time of 1 to n of them.
func milliseconds(n int) func(*rand.Rand) string {
	return func(rng *rand.Rand) string { return strconv.Itoa(1+rng.IntN(n)) + "ms" }
}

func either(args ...string) func(*rand.Rand) string {
	return func(rng *rand.Rand) string { return args[rng.IntN(len(args))] }
}

// refuse writes f.
func refuse(w http.ResponseWriter, f *failure) {
	if f.allow != "" {
		w.Header().Set("Allow", f.allow)
	}
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	writeJSON(w, f.status, f.body())
}

// always answers with one failure.
func always(f *failure) func(Fault, http.ResponseWriter, *http.Request, respond) {
	return func(_ Fault, w http.ResponseWriter, _ *http.Request, _ respond) { refuse(w, f) }
}

func rateExceeded(f Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
	refuse(w, throttled(fmt.Sprintf("Request was throttled. Expected available in %d seconds.", f.number)))
}

// databaseUnavailable is the only answer in which PostHog sets Retry-After.
func databaseUnavailable(retryAfter string) *failure {
	return &failure{
		status: http.StatusServiceUnavailable, kind: typeServer, code: "database_unavailable",
		detail: "The database is unavailable for a moment. Please try again.", retryAfter: retryAfter,
	}
}

// skewed asks for a second's patience by a date, and its clock is wrong: Date tells by how much.
func skewed(f Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
	now := time.Now().Add(f.wait).UTC()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	refuse(w, databaseUnavailable(now.Add(time.Second).Format(http.TimeFormat)))
}
