package tools

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// Bounds of what is kept of results that did not fit in one answer.
const (
	keptAge   = 30 * time.Minute
	keptBytes = 64 << 20
	keptMost  = 1000
)

// resultURI is how a kept result is read as a resource.
const resultURI = "posthog://result/"

// shelf keeps results that did not fit in one answer, the youngest within keptBytes. A result is found by an id
// that nobody can guess.
type shelf struct {
	now   func() time.Time
	mu    sync.Mutex
	list  []*kept // oldest first
	bytes int
}

// kept is a result of several pages.
type kept struct {
	id     string
	rows   *Rows
	format string
	size   int // bytes of its rows
	since  time.Time

	mu     sync.Mutex
	starts []int // the row that each page begins with, as far as pages were shown
}

// newKept prepares to keep rows; put keeps them.
func (s *shelf) newKept(rows *Rows, format string) *kept {
	var id [12]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	k := &kept{id: base64.RawURLEncoding.EncodeToString(id[:]), rows: rows, format: format, since: s.now(), starts: []int{0}}
	for _, r := range rows.Rows {
		k.size += len(r)
	}
	return k
}

func (s *shelf) put(k *kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, k)
	s.bytes += k.size
	s.sweep()
}

// get returns the result of an id, or nil.
func (s *shelf) get(id string) *kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	if i := slices.IndexFunc(s.list, func(k *kept) bool { return k.id == id }); i >= 0 {
		return s.list[i]
	}
	return nil
}

// sweep forgets what is too old, and the oldest of what is too much.
func (s *shelf) sweep() {
	n := 0
	for n < len(s.list) && (s.now().Sub(s.list[n].since) >= keptAge || s.bytes > keptBytes || len(s.list)-n > keptMost) {
		s.bytes -= s.list[n].size
		n++
	}
	s.list = slices.Delete(s.list, 0, n)
}

// page renders the page of that number, from 1. The pages of a result hold each of its rows once.
func (k *kept) page(number int, now time.Time, token func() string) (Answer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	rows := *k.rows
	rows.now = now
	if number > 1 {
		rows.Elapsed = 0 // the first page has said it
	}
	for {
		last := len(k.starts)
		answer, next := rows.answer(k.format, token, view{from: k.starts[min(number, last)-1], id: k.id, page: min(number, last)})
		if number <= last {
			if number == last && next < len(rows.Rows) {
				k.starts = append(k.starts, next)
			}
			return answer, nil
		}
		if next >= len(rows.Rows) {
			return Answer{}, &ArgumentError{Field: "page", Message: fmt.Sprintf("is %d, but the result has %s", number, plural(last, "page"))}
		}
		k.starts = append(k.starts, next)
	}
}

// keepingAnswer is the first page of rows; where that is not all, the rest is kept.
func (s *Service) keepingAnswer(rows *Rows, format string) (Answer, error) {
	k := s.shelf.newKept(rows, format)
	answer, err := k.page(1, s.now(), s.token)
	if len(k.starts) > 1 && k.size <= keptBytes {
		s.shelf.put(k)
	}
	return answer, err
}

// Result shows a page, from 1, of a result that did not fit in one answer, without asking PostHog again. The error
// is an *ArgumentError.
func (s *Service) Result(id string, page int) (Answer, error) {
	k := s.shelf.get(strings.TrimPrefix(strings.TrimSpace(id), resultURI))
	if k == nil {
		return Answer{}, &ArgumentError{Field: "result", Message: fmt.Sprintf(
			"is no result that is kept here: results stay %d minutes, the youngest longest. Run the query again", int(keptAge.Minutes()))}
	}
	return k.page(max(page, 1), s.now(), s.token)
}

// addResults lets clients read kept results as resources.
func (s *Service) addResults(m *mcpserver.MCPServer) {
	t := mcp.NewResourceTemplate(resultURI+"{id}{?page}", "result",
		mcp.WithTemplateTitle("Kept result"),
		mcp.WithTemplateDescription("A page of a result that did not fit in one answer of query_posthog"),
		mcp.WithTemplateMIMEType("text/plain"))
	m.AddResourceTemplate(t, func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		id, query, _ := strings.Cut(strings.TrimPrefix(r.Params.URI, resultURI), "?")
		page := 1
		if text, ok := strings.CutPrefix(query, "page="); ok {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return nil, &ArgumentError{Field: "page", Message: "must be a whole number from 1"}
			}
			page = n
		}
		answer, err := s.Result(id, page)
		if err != nil {
			return nil, err
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "text/plain", Text: answer.Text}}, nil
	})
}
