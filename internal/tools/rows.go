package tools

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"posthog-mcp/internal/driver"
)

// Formats of an answer. Table is for terminals; the others are for tools too.
const (
	FormatCSV      = "csv"
	FormatJSON     = "json"
	FormatMarkdown = "markdown"
	FormatTable    = "table"
)

// Answer is what an operation gives. Text is for a reader, at most 35,000 characters; Data is the same
// content as a value that encodes to JSON.
type Answer struct {
	Text string
	Data any
}

// Rows is an answered query. A tool's answer shows it within a model's budget, Write gives it in full.
type Rows struct {
	Project driver.Project
	Columns []string
	Types   []string // ClickHouse types, as PostHog names them
	Rows    []driver.Row
	HasMore *bool // nil where the query's own LIMIT was reached: nobody knows
	Limit   int64 // the limit that applied: ours or the query's; 0 where it is not known
	AsOf    time.Time
	Cached  bool
	Elapsed time.Duration
	Cost    Cost
	HogQL   string // what ran, where its meaning is not that of the query given
	// Continue is the query for the rows after these; "" where all are here or none is sure to give them.
	Continue   string
	Understood string // how a question was read; "" for a query
	Derived    string // a line that follows from the rows; "" for none
	Link       string // opens the query in PostHog's SQL editor; "" where the text is too long for an address
	Notes      []Note

	count string // "3 rows, all of them"
	now   time.Time
}

// Cost is what an answer cost upstream; the log tells it.
type Cost struct {
	Attempts int           // requests sent
	Waited   time.Duration // for a place within the limits, and between attempts
}

// Note is a remark on an answer. A warning says that the answer may not mean what it seems to.
type Note struct {
	Warning bool
	Text    string
}

func (n Note) String() string {
	if n.Warning {
		return "warning: " + n.Text
	}
	return "note: " + n.Text
}

// rowsJSON is the JSON form of an answered query. Rows stand between head and tail when it is streamed.
type rowsJSON struct {
	Answered   bool              `json:"answered"`
	Project    projectJSON       `json:"project"`
	Columns    []string          `json:"columns"`
	Types      []string          `json:"types"`
	Rows       []json.RawMessage `json:"rows"`
	RowCount   int               `json:"row_count"`
	Shown      *int              `json:"rows_shown,omitempty"` // where not all fit
	First      int               `json:"first_row,omitempty"`  // of a page of a kept result, from 1
	Page       int               `json:"page,omitempty"`
	Pages      int               `json:"pages,omitempty"`
	HasMore    *bool             `json:"has_more"`
	Limit      int64             `json:"limit,omitempty"`
	AsOf       string            `json:"as_of,omitempty"`
	Cached     bool              `json:"cached"`
	HogQL      string            `json:"hogql,omitempty"`
	Notes      []string          `json:"notes,omitempty"`
	Result     string            `json:"result,omitempty"` // where rows are kept
	Understood string            `json:"understood,omitempty"`
	Derived    string            `json:"derived,omitempty"`
	Continue   string            `json:"continue,omitempty"` // where there is more
	Link       string            `json:"link,omitempty"`
}

type projectJSON struct {
	ID       int64  `json:"id"`
	Name     string `json:"name,omitempty"`
	TimeZone string `json:"timezone,omitempty"`
}

func (r *Rows) json() rowsJSON {
	o := rowsJSON{
		Answered:   true,
		Project:    projectJSON{r.Project.ID, r.Project.Name, r.Project.TimeZone},
		Columns:    nonNil(r.Columns),
		Types:      nonNil(r.Types),
		Rows:       []json.RawMessage{},
		RowCount:   len(r.Rows),
		HasMore:    r.HasMore,
		Limit:      r.Limit,
		Cached:     r.Cached,
		HogQL:      r.HogQL,
		Understood: visible(r.Understood), Derived: r.Derived,
		Continue: r.Continue,
		Link:     r.Link,
	}
	if !r.AsOf.IsZero() {
		o.AsOf = r.AsOf.UTC().Format(time.RFC3339)
	}
	for _, n := range r.Notes {
		o.Notes = append(o.Notes, n.Text)
	}
	return o
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// headline is the first line of an answer: project, rows, age, time taken.
func (r *Rows) headline() string {
	s := projectLabel(r.Project)
	if z := r.Project.TimeZone; z != "" && z != "UTC" { // days and weeks are cut there
		s += " (" + z + ")"
	}
	s += " · " + r.count
	switch {
	case r.AsOf.IsZero():
	case r.Cached:
		s += fmt.Sprintf(" · cached %s ago (refresh=fresh for now)", ago(r.now.Sub(r.AsOf)))
	default:
		s += " · fresh " + r.AsOf.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if !r.Cached && r.Elapsed > 0 {
		s += fmt.Sprintf(" · %.2f s", r.Elapsed.Seconds())
	}
	return s
}

// reading is the line that tells how a question was understood.
func (r *Rows) reading() string {
	if r.Understood == "" {
		return ""
	}
	return "understood: " + visible(r.Understood) + "\n"
}

// Remarks returns what is to be said about the rows beside them: project, count, age, time, warnings, what ran where
// that is not the query given, the query for more rows, and the link. The command line shows it on stderr.
func (r *Rows) Remarks() string {
	var b strings.Builder
	b.WriteString(r.reading() + r.headline())
	if r.Derived != "" {
		b.WriteString("\n" + r.Derived)
	}
	for _, n := range r.Notes {
		b.WriteString("\n" + n.String())
	}
	if r.HogQL != "" {
		b.WriteString("\nhogql: " + r.HogQL)
	}
	if r.Continue != "" {
		b.WriteString("\n" + r.after())
	}
	if r.Link != "" {
		b.WriteString("\nopen: " + r.Link)
	}
	return b.String()
}

// after is the line that gives the query for more rows.
func (r *Rows) after() string {
	return "rows after these " + thousands(int64(len(r.Rows))) + ": " + r.Continue
}

// projectLabel names a project as every answer begins: project 1 "Demo".
func projectLabel(p driver.Project) string {
	s := fmt.Sprintf("project %d", p.ID)
	if p.Name != "" {
		s += " " + quoted(p.Name)
	}
	return s
}

func quoted(s string) string {
	if l := label(s); l[0] == '"' {
		return l
	}
	return `"` + s + `"`
}
