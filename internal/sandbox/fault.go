package sandbox

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// faultHeader asks for a fault for one request; its value is a fault as ParseFault reads it.
const faultHeader = "X-Sandbox-Fault"

// Fault is one way in which the server misbehaves.
type Fault struct {
	Kind  string // a name of the table of faults
	Arg   string // "" for the kind's default
	Times int    // how many requests it meets; 0 means all

	wait time.Duration // Arg of the kinds that take a duration
}

// String returns the fault as ParseFault reads it.
func (f Fault) String() string {
	s := f.Kind
	if f.Arg != "" {
		s += ":" + f.Arg
	}
	if f.Times > 0 {
		s += "*" + strconv.Itoa(f.Times)
	}
	return s
}

// respond writes the answer that the server gives without a fault.
type respond func(http.ResponseWriter)

// faultKind is one row of the table of faults.
type faultKind struct {
	name string
	// arg says what stands behind the colon; "" where nothing may.
	arg      string
	duration bool // arg is a duration; required
	// engine marks what only the query engine can cause: it meets POST …/query/ alone. Other faults come
	// from proxies and networks, and meet every request.
	engine bool
	serve  func(f Fault, w http.ResponseWriter, r *http.Request, next respond)
}

const (
	html502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
	html504 = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n</body>\r\n</html>\r\n"
	html200 = "<!doctype html>\n<html><head><title>PostHog</title></head><body><div id=\"root\"></div></body></html>\n"
)

// faultTable lists every kind of fault. A new kind is a new row.
func faultTable() []faultKind {
	return []faultKind{
		{name: "slow", arg: "DURATION", duration: true, serve: slow},
		{name: "cut", arg: "body", serve: cut},
		{name: "truncated", serve: truncated},
		{name: "html200", serve: htmlPage(http.StatusOK, html200)},
		{name: "502html", serve: htmlPage(http.StatusBadGateway, html502)},
		{name: "504html", serve: htmlPage(http.StatusGatewayTimeout, html504)},
		{name: "429rate", arg: "SECONDS", serve: func(f Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
			refuse(w, throttled("Request was throttled. Expected available in "+cmp.Or(f.Arg, "1")+" seconds."))
		}},
		{name: "500", serve: always(serverError("A server error occurred."))},
		{name: "503retry", serve: always(&failure{
			status: http.StatusServiceUnavailable, kind: typeServer, code: "database_unavailable",
			detail: "The database is unavailable for a moment. Please try again.", retryAfter: "1",
		})},
		{name: "429concurrency", engine: true, serve: always(concurrencyExceeded(3, 1, "sandbox-fault"))},
		{name: "503busy", engine: true, serve: always(busy())},
		{name: "504json", engine: true, serve: always(timedOut())},
		{name: "512", engine: true, serve: always(tooSlow("1200"))},
		{name: "513query", engine: true, serve: always(outOfMemory())},
		{name: "513cluster", engine: true, serve: always(heavyLoad())},
		{name: "402", engine: true, serve: always(&failure{
			status: http.StatusPaymentRequired, kind: typeServer, code: "quota_limit_exceeded",
			detail: "Your organization has used up its API query quota for this billing period.",
		})},
	}
}

// ParseFault reads KIND[:ARG][*TIMES], for example 503busy*2 or slow:250ms. The error names the kinds that
// there are.
func ParseFault(spec string) (Fault, error) {
	var f Fault
	rest, times, counted := strings.Cut(strings.TrimSpace(spec), "*")
	if counted {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return Fault{}, fmt.Errorf("fault %q: %q is no number of times; write for example 503busy*2", spec, times)
		}
		f.Times = n
	}
	f.Kind, f.Arg, _ = strings.Cut(rest, ":")
	kind, known := lookupFault(f.Kind)
	switch {
	case !known:
		return Fault{}, fmt.Errorf("fault %q: unknown kind %q; there are %s", spec, f.Kind, strings.Join(FaultKinds(), ", "))
	case kind.arg == "" && f.Arg != "":
		return Fault{}, fmt.Errorf("fault %q: %s takes nothing behind a colon", spec, f.Kind)
	case kind.duration:
		d, err := time.ParseDuration(f.Arg)
		if err != nil || d < 0 {
			return Fault{}, fmt.Errorf("fault %q: %s needs a duration; write for example %s:500ms", spec, f.Kind, f.Kind)
		}
		f.wait = d
	case kind.arg == "SECONDS" && f.Arg != "":
		if n, err := strconv.Atoi(f.Arg); err != nil || n < 0 {
			return Fault{}, fmt.Errorf("fault %q: %q is no number of seconds; write for example %s:37", spec, f.Arg, f.Kind)
		}
	case kind.arg == "body" && f.Arg != "" && f.Arg != "body":
		return Fault{}, fmt.Errorf("fault %q: write cut (no answer at all) or cut:body (half of the body)", spec)
	}
	return f, nil
}

// FaultKinds returns how each kind is written, in the order of the table.
func FaultKinds() []string {
	var names []string
	for _, k := range faultTable() {
		switch {
		case k.duration:
			names = append(names, k.name+":"+k.arg)
		case k.arg != "":
			names = append(names, k.name+"[:"+k.arg+"]")
		default:
			names = append(names, k.name)
		}
	}
	return names
}

func lookupFault(name string) (faultKind, bool) {
	table := faultTable()
	i := slices.IndexFunc(table, func(k faultKind) bool { return k.name == name })
	if i < 0 {
		return faultKind{}, false
	}
	return table[i], true
}

// faults are those that wait for a request, in order.
type faults struct {
	mu   sync.Mutex
	list []Fault
}

// set replaces the faults.
func (f *faults) set(list []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.Clone(list)
}

// take returns the first fault that meets a request, and counts it.
func (f *faults) take(query bool) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.list {
		if kind, _ := lookupFault(fault.Kind); kind.engine && !query {
			continue
		}
		if fault.Times > 0 {
			if f.list[i].Times--; f.list[i].Times == 0 {
				f.list = slices.Delete(f.list, i, i+1)
			}
		}
		return fault, true
	}
	return Fault{}, false
}

// withFaults answers with the request's own fault, or the next one that waits, or else as it should.
func (s *Server) withFaults(w http.ResponseWriter, c *call, next respond) {
	query := c.route != nil && c.route.handle != nil && c.Method == http.MethodPost
	fault, found := Fault{}, false
	if spec := c.Header.Get(faultHeader); spec != "" {
		f, err := ParseFault(spec)
		if err != nil {
			refuse(w, invalidInput(faultHeader, "%s", err))
			return
		}
		kind, _ := lookupFault(f.Kind)
		fault, found = f, !kind.engine || query
	} else {
		fault, found = s.faults.take(query)
	}
	if !found {
		next(w)
		return
	}
	kind, _ := lookupFault(fault.Kind)
	kind.serve(fault, w, c.Request, next)
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

// htmlPage answers with HTML, as a load balancer does.
func htmlPage(status int, html string) func(Fault, http.ResponseWriter, *http.Request, respond) {
	return func(_ Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(html)) // a client that went away is no concern of the server
	}
}

// slow answers as it should, but late; not at all to a client that goes away meanwhile.
func slow(f Fault, w http.ResponseWriter, r *http.Request, next respond) {
	timer := time.NewTimer(f.wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		next(w)
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

// cut closes the connection: before any answer, or (cut:body) after half of the body.
func cut(f Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	if f.Arg == "body" {
		rec := record(next)
		w.Header().Set("Content-Length", strconv.Itoa(rec.body.Len()))
		rec.half(w)
		_ = http.NewResponseController(w).Flush() // without it the abort would drop the half
	}
	panic(http.ErrAbortHandler)
}

// truncated answers with half of the JSON in a message that is complete as far as HTTP can tell.
func truncated(_ Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	record(next).half(w)
}

// recorder keeps an answer, so that a fault can spoil it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (rec *recorder) Header() http.Header         { return rec.header }
func (rec *recorder) WriteHeader(status int)      { rec.status = status }
func (rec *recorder) Write(b []byte) (int, error) { return rec.body.Write(b) }

func record(next respond) *recorder {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	next(rec)
	return rec
}

// half writes the headers and the first half of the body.
func (rec *recorder) half(w http.ResponseWriter) {
	maps.Copy(w.Header(), rec.header)
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body.Bytes()[:rec.body.Len()/2]) // a client that went away is no concern of the server
}
