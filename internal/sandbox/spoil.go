package sandbox

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	html502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
	html504 = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n</body>\r\n</html>\r\n"
	html200 = "<!doctype html>\n<html><head><title>PostHog</title></head><body><div id=\"root\"></div></body></html>\n"
)

// htmlPage answers with HTML, as a load balancer does.
func htmlPage(status int, html string) func(Fault, http.ResponseWriter, *http.Request, respond) {
	return func(_ Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		write(w, html)
	}
}

// redirect sends the client, and with it the key, to another host.
func redirect(_ Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
	w.Header().Set("Location", "http://elsewhere.invalid/")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// pause waits for d. The fault ends without an answer when the client goes away, or the server ends.
func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}

// slow answers as it should, but late.
func slow(f Fault, w http.ResponseWriter, r *http.Request, next respond) {
	pause(r, f.wait)
	next(w)
}

// silent never answers, and never closes the connection.
func silent(_ Fault, _ http.ResponseWriter, r *http.Request, _ respond) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// drip answers as it should, but in 16 pieces with a pause before each.
func drip(f Fault, w http.ResponseWriter, r *http.Request, next respond) {
	const pieces = 16
	rec := record(next)
	rec.head(w)
	body := rec.body.Bytes()
	for i := range pieces {
		pause(r, f.wait)
		write(w, string(body[len(body)*i/pieces:len(body)*(i+1)/pieces]))
		flush(w)
	}
}

// cut closes the connection: before any answer, or (cut:body) after half of the body.
func cut(f Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	if f.Arg == string(wordArg) {
		rec := record(next)
		w.Header().Set("Content-Length", strconv.Itoa(rec.body.Len()))
		rec.half(w)
		flush(w) // without it the abort would drop the half
	}
	panic(http.ErrAbortHandler)
}

// truncated answers with half of the JSON in a message that is complete as far as HTTP can tell.
func truncated(_ Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	record(next).half(w)
}

// garbage answers with bytes in the middle of the JSON that no JSON can hold.
func garbage(_ Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	rec := record(next)
	rec.half(w)
	write(w, "\x00\xff}{\x00"+rec.body.String()[rec.body.Len()/2:])
}

// wrongTypes answers with JSON in which no value of the object is of the type that it should be.
func wrongTypes(_ Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	rec := record(next)
	rec.head(w)
	var object map[string]json.RawMessage
	if json.Unmarshal(rec.body.Bytes(), &object) != nil {
		write(w, `"neither a list nor an object"`)
		return
	}
	wrong := map[string]any{}
	for name, value := range object {
		switch kindOf(value) {
		case textKind, objectKind:
			wrong[name] = 7
		case "null":
			wrong[name] = nil
		default:
			wrong[name] = map[string]string{"type": "wrong"}
		}
	}
	text, _ := json.Marshal(wrong) // texts, numbers and nulls: it cannot fail
	write(w, string(text))
}

// empty answers with a success and nothing.
func empty(_ Fault, w http.ResponseWriter, _ *http.Request, _ respond) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
}

// endless answers with rows until the client has had enough.
func endless(_ Fault, w http.ResponseWriter, r *http.Request, _ respond) {
	w.Header().Set("Content-Type", "application/json")
	rows := []byte(strings.Repeat(`["endless",1],`, 4096))
	for head := []byte(`{"columns":["word","n"],"results":[`); r.Context().Err() == nil; head = nil {
		if _, err := w.Write(append(head, rows...)); err != nil {
			break
		}
	}
	panic(http.ErrAbortHandler)
}

// bomb answers with a few kilobytes that gunzip to many megabytes: JSON that is all blanks and never ends, so
// that it is wrong for a client of any appetite.
func bomb(f Fault, w http.ResponseWriter, r *http.Request, _ respond) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	write(w, gzipped(`{"results":[`))
	for blanks := gzipped(strings.Repeat(" ", 1<<20)); f.number > 0 && r.Context().Err() == nil; f.number-- {
		write(w, blanks) // a gzip file may have many parts
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a buffer takes everything
	_ = z.Close()
	return b.String()
}

// hugeHeader answers as it should, under a header of many megabytes.
func hugeHeader(f Fault, w http.ResponseWriter, _ *http.Request, next respond) {
	w.Header().Set("X-Huge", strings.Repeat("x", int(min(f.number, 64))<<20))
	next(w)
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

// head writes the status and the headers.
func (rec *recorder) head(w http.ResponseWriter) {
	maps.Copy(w.Header(), rec.header)
	w.WriteHeader(rec.status)
}

// half writes the headers and the first half of the body.
func (rec *recorder) half(w http.ResponseWriter) {
	rec.head(w)
	write(w, string(rec.body.Bytes()[:rec.body.Len()/2]))
}

// write writes text; a client that went away is no concern of the server.
func write(w http.ResponseWriter, text string) { _, _ = w.Write([]byte(text)) }

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
