// Package compile translates HogQL into ClickHouse SQL the way PostHog's server does. Names are
// resolved, functions come from an allow-list, text is printed as escaped literals: nothing of a
// query's source reaches the engine as it was written.
package compile

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/schema"
)

// Project is what a query's meaning depends on besides its text.
type Project struct {
	ID         int64
	TimeZone   string // IANA name; "" means UTC
	WeekStart  int    // 0 Sunday, 1 Monday: what toStartOfWeek begins a week with
	Properties map[PropertyKey]string
	GroupTypes []string // by index; each name is a field of events, as group_0 is
	Cohorts    []Cohort
	Actions    []Action
	Tables     []schema.Table // of its warehouse, and its views
	Now        time.Time      // what now() means, for the whole query
	// Scopes tells whether the caller may read a resource such as "feature_flag"; nil allows all.
	Scopes func(scope string) bool
}

// The kinds of things that have properties.
const (
	EntityEvent  = "event"
	EntityPerson = "person"
	EntityGroup  = "group"
)

// PropertyKey names a property definition. Its value in Project.Properties is the definition's type:
// "String", "Numeric", "Boolean", "DateTime", "Duration".
type PropertyKey struct {
	Entity string // EntityEvent, EntityPerson or EntityGroup
	Group  int    // index of the group type, else 0
	Name   string
}

// Cohort is a cohort that IN COHORT can name.
type Cohort struct {
	ID   int64
	Name string
}

// Action is an action that matchesAction can name. An event matches it that matches one step.
type Action struct {
	ID    int64
	Name  string
	Steps []Step
}

// Step is one condition of an action; its parts must all hold, empty ones always do.
type Step struct {
	Event       string
	URL         string
	URLMatching string     // "contains" (also if empty), "regex" or "exact"
	Where       hogql.Expr // any further condition on the event
}

// Options tells who asks.
type Options struct {
	PersonalKey bool // OFFSET is refused to personal API keys
	ZoneUTC     bool // modifier convertToProjectTimezone: false
}

// Compiled is a query that the engine can run.
type Compiled struct {
	SQL     string
	Columns []string // output names, by position; they can repeat
	HogQL   string   // the query in normal form, with the LIMIT that runs
	Tables  []string // tables that the text names, by first use
	// Probe is set where the query had no LIMIT: it runs with Limit+1 rows, and the last one only
	// tells that there are more.
	Probe         bool
	Limit, Offset int64 // with Probe: the rows to keep and those left out before them
}

// Error is a query that PostHog refuses before running it.
type Error struct {
	Code    string // PostHog's error code
	Message string // PostHog's wording
	Span    hogql.Span
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Compile translates a query. An error is always an *Error.
func Compile(q hogql.Query, p Project, o Options) (*Compiled, error) {
	if p.TimeZone == "" || o.ZoneUTC {
		p.TimeZone = "UTC"
	}
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		return nil, &Error{Code: codeQuery, Message: fmt.Sprintf("The project's time zone %q is not known", p.TimeZone)}
	}
	c := &compiler{project: p, zone: zone, used: map[string]bool{}}
	if o.PersonalKey {
		c.refuseOffset(q)
	}
	out := &Compiled{}
	limited := limitTop(q, out)
	if c.err != nil {
		return nil, c.err
	}
	r := c.query(limited, nil)
	if c.err != nil {
		return nil, c.err
	}
	out.SQL, out.HogQL, out.Tables = r.sql, hogql.Print(limited), c.tables
	for _, col := range r.columns {
		out.Columns = append(out.Columns, col.name)
	}
	return out, nil
}

const codeQuery = "hogql_query_error"

// compiler is the state of one translation. The first error wins; what is made after it is not used.
type compiler struct {
	project Project
	zone    *time.Location
	err     *Error
	tables  []string
	views   []string        // that are being read
	used    map[string]bool // SQL names given to tables, CTEs and parameters
	depth   int             // of the cohort and action conditions being expanded
}

// fail keeps the first error and returns a value that can stand anywhere.
func (c *compiler) fail(at hogql.Span, format string, args ...any) value {
	if c.err == nil {
		c.err = &Error{Code: codeQuery, Message: fmt.Sprintf(format, args...), Span: at}
	}
	return value{sql: "NULL", null: true}
}

// unique returns a SQL name of plain letters that no other table, CTE or parameter of the query has,
// and that no alias of the user can have: those never begin with two underscores.
func (c *compiler) unique(base string) string {
	base = "__" + strings.Map(func(r rune) rune {
		if r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, base)
	name := base
	for n := 2; c.used[name]; n++ {
		name = base + "_" + strconv.Itoa(n)
	}
	c.used[name] = true
	return name
}

// read notes a table that the query names.
func (c *compiler) read(table string) {
	for _, t := range c.tables {
		if t == table {
			return
		}
	}
	c.tables = append(c.tables, table)
}
