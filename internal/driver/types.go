package driver

import (
	"encoding/json"
	"time"
)

// Project is what an answer says about the project it came from. Name and TimeZone are empty when the
// key lacks project:read.
type Project struct {
	ID        int64  `json:"id"`
	Name      string `json:"name,omitempty"`
	TimeZone  string `json:"timezone,omitempty"`
	WeekStart int    `json:"week_start_day"` // 0 Sunday, 1 Monday
	// TestAccounts are the property filters that leave the project's own people out, as PostHog's JSON list; ""
	// where there are none or they are not known.
	TestAccounts string `json:"-"`
}

// Filters fills the {filters} placeholder of a query with a time range. Both ends take ISO dates or
// PostHog's relative forms ("-7d", "-1mStart"); an empty end is open.
type Filters struct {
	DateFrom string
	DateTo   string
}

// QueryRequest is one HogQL query. Values are bound by PostHog for the {name} placeholders and never
// pasted into the text.
type QueryRequest struct {
	Project int64 // 0: the configured project
	HogQL   string
	Values  map[string]any
	Filters *Filters
	Fresh   bool          // compute now; otherwise PostHog's cache or ours may answer
	Long    bool          // may take longer than a few seconds: PostHog runs it in the background and is asked for it
	Name    string        // label in PostHog's query_log, at most 128 characters
	Timeout time.Duration // 0: Options.Timeout
	// Progress hears how far a background run is; it is called in the caller's goroutine. May be nil.
	Progress func(Progress)
}

// Progress is how far a background run is, as PostHog tells it: zeros at first.
type Progress struct {
	Rows      int64         // read so far
	TotalRows int64         // to be read, by PostHog's estimate; 0 where it has none
	Bytes     int64         // read so far
	Elapsed   time.Duration // since the run was asked for
}

// Result is a query's answer; every row is as long as Columns. Callers that asked the same share its rows and must
// not change them.
type Result struct {
	Project  Project
	Columns  []string
	Types    []string // ClickHouse types, one per column; "" where PostHog named none
	Rows     []Row
	HasMore  *bool     // only when the query had no LIMIT of its own
	Limit    *int64    // the limit PostHog applied, in the same case
	HogQL    string    // the normalised query that ran
	Cached   bool      // kept rows: PostHog's or ours; AsOf tells their age
	AsOf     time.Time // when the rows were computed; zero when PostHog does not say
	TimeZone string
	// PersonMode is PostHog's personsOnEventsMode for this query: whether person.properties of an event is today's
	// ("disabled", "person_id_override_properties_joined") or that of the time of the event; "" where it is not told.
	PersonMode string
	QueryID    string
	Elapsed    time.Duration // the whole call, waits included
	Attempts   int
	Waited     time.Duration // in our own queue and between attempts, of Elapsed
	Bytes      int64         // size of the answer's body, decompressed
	Warnings   []string      // PostHog's warnings about warehouse tables
}

// Mark is a finding of PostHog's own check. Start and End are offsets in code points, End exclusive;
// both are -1 when PostHog gives no position.
type Mark struct {
	Message string
	Start   int
	End     int
	Fix     string
}

// Metadata is PostHog's judgement of a query that it did not run.
type Metadata struct {
	Valid    bool
	Errors   []Mark
	Warnings []Mark
	Notices  []Mark
	Tables   []string
}

// ObjectKind is the kind of a thing that can be asked about.
type ObjectKind string

// The kinds of object that ListObjects finds.
const (
	KindTable       ObjectKind = "table"
	KindView        ObjectKind = "view"
	KindColumn      ObjectKind = "column"
	KindEvent       ObjectKind = "event"
	KindProperty    ObjectKind = "property"
	KindCohort      ObjectKind = "cohort"
	KindAction      ObjectKind = "action"
	KindInsight     ObjectKind = "insight"
	KindDashboard   ObjectKind = "dashboard"
	KindFeatureFlag ObjectKind = "feature_flag"
	KindExperiment  ObjectKind = "experiment"
	KindSurvey      ObjectKind = "survey"
	KindGroupType   ObjectKind = "group_type"
	KindProject     ObjectKind = "project"
)

// Kinds lists all object kinds in the order in which they are shown.
func Kinds() []ObjectKind {
	return []ObjectKind{KindEvent, KindProperty, KindTable, KindView, KindColumn, KindInsight, KindDashboard, KindCohort,
		KindAction, KindFeatureFlag, KindExperiment, KindSurvey, KindGroupType, KindProject}
}

// ListRequest asks for objects. Without Search and Kinds the answer is an overview.
type ListRequest struct {
	Project int64
	Search  string
	Kinds   []ObjectKind
	Limit   int    // default 50
	Cursor  string // from an earlier answer to the same request
	// Catalogue adds the whole catalogue to an overview: tables with columns, events, properties, cohorts.
	Catalogue bool
}

// Objects is the answer to a ListRequest: an Overview, or Items.
type Objects struct {
	Project   Project    `json:"project"`
	AsOf      time.Time  `json:"as_of"` // when the oldest part of the catalogue in it was read
	Overview  *Overview  `json:"overview,omitempty"`
	Catalogue *Catalogue `json:"catalogue,omitempty"` // where it was asked for
	Items     []Item     `json:"items,omitempty"`     // best first
	Total     int        `json:"total"`               // how many there are, on all pages
	Cursor    string     `json:"cursor,omitempty"`    // for the next page; empty on the last
	Notes     []string   `json:"notes,omitempty"`     // parts that could not be read, and why
}

// Item is one object in a list.
type Item struct {
	Kind   ObjectKind `json:"kind"`
	Name   string     `json:"name"`
	Line   string     `json:"line,omitempty"`   // one line about it
	Object string     `json:"object,omitempty"` // what GetFields takes: "events", "event:$pageview", "cohort:3"
	Write  string     `json:"write,omitempty"`  // the HogQL text that reads it, where there is one
	Type   string     `json:"type,omitempty"`   // of a column or property
	Parent string     `json:"parent,omitempty"` // the table of a column; "event", "person", "session" or "group:TYPE" of a property
	Count  *int64     `json:"count,omitempty"`  // events: how many in 30 days; nil when not known
	// Columns are the names of a table's columns, where it was searched for and they are known already.
	Columns []string `json:"columns,omitempty"`
}

// Overview is what a project holds, in short.
type Overview struct {
	Families    []Family    `json:"families"`
	Events      []Item      `json:"events"`       // the most frequent events of 30 days
	EventsTotal int         `json:"events_total"` // how many event names there are
	GroupTypes  []GroupType `json:"group_types"`
}

// Family is a group of tables of one origin: "posthog", "system", "data_warehouse" or "view".
type Family struct {
	Name   string `json:"name"`
	Tables []Item `json:"tables"`
}

// GroupType is a kind of group, e.g. company, with the index that its columns carry ($group_0).
type GroupType struct {
	Name     string `json:"name"`
	Index    int    `json:"index"`
	Singular string `json:"singular,omitempty"`
	Plural   string `json:"plural,omitempty"`
}

// FieldsRequest asks how to read objects (1 to 10): a table or view name, "event:NAME", "person",
// "session", "group:TYPE", "property:NAME", "cohort:ID", "action:ID", "insight:SHORT_ID",
// "dashboard:ID", "feature_flag:KEY", "experiment:ID", "survey:ID".
type FieldsRequest struct {
	Project int64
	Objects []string
	Search  string // only fields whose name or description holds every word
	Samples bool   // the most frequent values of string properties, by a query
}

// Fields is the answer to a FieldsRequest, in the order asked.
type Fields struct {
	Project Project   `json:"project"`
	AsOf    time.Time `json:"as_of"`
	Objects []Object  `json:"objects"`
	Notes   []string  `json:"notes,omitempty"`
}

// Object is one object and how to read it. Data has Fields; a saved object has a Definition and, where
// it is made of SQL, the HogQL.
type Object struct {
	Kind       ObjectKind      `json:"kind"`
	Name       string          `json:"name"`
	Object     string          `json:"object"`          // as asked, in its full form
	Line       string          `json:"line,omitempty"`  // one line about it
	From       string          `json:"from,omitempty"`  // the HogQL to start with: "FROM events WHERE event = 'x'"
	Count      *int64          `json:"count,omitempty"` // events: how many in 30 days
	Fields     []Field         `json:"fields,omitempty"`
	Hidden     int             `json:"hidden,omitempty"` // fields left out by Search
	Definition json.RawMessage `json:"definition,omitempty"`
	HogQL      string          `json:"hogql,omitempty"`
	Notes      []string        `json:"notes,omitempty"`
}

// Field is one field of an object and the text that reads it.
type Field struct {
	Name    string   `json:"name"`
	Write   string   `json:"write"`          // HogQL, with the backticks it needs
	Type    string   `json:"type,omitempty"` // String, Numeric, Boolean, DateTime, … or a column type
	Line    string   `json:"line,omitempty"`
	Join    string   `json:"join,omitempty"`    // the table it leads to; Write is then the path to begin with
	Samples []string `json:"samples,omitempty"` // the most frequent values, most frequent first
}

// User is the owner of a key.
type User struct {
	Email     string
	FirstName string
	Team      Project // the user's current project; never used as a default
}

// KeyInfo is what PostHog says about the key itself, never its secret. Empty Scopes, or "*", mean an
// all-powerful key.
type KeyInfo struct {
	Label               string
	Scopes              []string
	ScopedTeams         []int64
	ScopedOrganizations []string
}
