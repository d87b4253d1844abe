package sample

import (
	"time"

	"posthog-mcp/internal/sandbox/schema"
)

// World is what the API tells about the data, next to the rows themselves.
type World struct {
	Now      time.Time // the instant at which the data ends; now() in HogQL
	Events   int       // events of the project "Demo"
	Projects []Project
	Keys     []Key
	User     User
}

// Project is one project. Its rows are in the engine's database of the name Database.
type Project struct {
	ID                 int64
	Name               string
	Database           string
	TimeZone           string // IANA name
	WeekStart          int    // 0 Sunday, 1 Monday
	CreatedAt          time.Time
	GroupTypes         []string // by their index
	TestAccountFilters []PropertyFilter
	Events             []EventDefinition
	Properties         []PropertyDefinition
	Cohorts            []Cohort
	Actions            []Action
	Tables             []schema.Table     // of its warehouse, and its views
	InsightTags        map[int64][]string // of saved insights, by their ids
	LastSync           time.Time          // of its warehouse
}

// PropertyFilter is a condition on a property in PostHog's JSON form.
type PropertyFilter struct {
	Key      string `json:"key"`
	Value    any    `json:"value"`
	Operator string `json:"operator"` // exact, icontains, not_icontains, …
	Type     string `json:"type"`     // event, person, group, session
}

// EventDefinition is an event that the project has seen.
type EventDefinition struct {
	Name        string
	Description string
	CreatedAt   time.Time // of the first event
	LastSeenAt  time.Time // of the last event
}

// PropertyDefinition is a property that the project has seen.
type PropertyDefinition struct {
	Name           string
	Type           string // event, person, group or session
	GroupTypeIndex int    // of a group property
	PropertyType   string // String, Numeric, Boolean, DateTime or Duration; "" where PostHog does not know it
	Description    string
}

// Cohort is a set of people; its members are in cohort_people.
type Cohort struct {
	ID          int64
	Name        string
	Description string
	Count       int // members
}

// Action is a named set of events.
type Action struct {
	ID          int64
	Name        string
	Description string
	Steps       []ActionStep // any of them matches
}

// ActionStep is one way to match an action, in PostHog's JSON form.
type ActionStep struct {
	Event       string           `json:"event"`
	URL         string           `json:"url,omitempty"`
	URLMatching string           `json:"url_matching,omitempty"` // contains, exact or regex
	Properties  []PropertyFilter `json:"properties,omitempty"`
}

// Key is a personal API key of the sandbox. It opens nothing else.
type Key struct {
	Value    string
	Label    string
	Scopes   []string // "query:read"; "*" is everything
	Projects []int64  // the only ones it may be used for; empty for all
}

// User is the person whom all keys belong to.
type User struct {
	ID           int64
	Email        string
	FirstName    string
	Organization string
}

// The sandbox's keys. They are the same everywhere and no secrets.
const (
	KeyAll     = "phx_sandbox_all"     // everything
	KeyNoQuery = "phx_sandbox_noquery" // everything that is needed but query:read
	KeyBerlin  = "phx_sandbox_berlin"  // only the project "Berlin"
)

// The ids of the projects.
const (
	DemoID   int64 = 1
	BerlinID int64 = 2
	EmptyID  int64 = 3
)

func keys() []Key {
	return []Key{
		{Value: KeyAll, Label: "Sandbox: everything", Scopes: []string{"*"}},
		{Value: KeyNoQuery, Label: "Sandbox: no queries", Scopes: []string{
			"action:read", "cohort:read", "event_definition:read", "group:read", "project:read", "property_definition:read", "user:read"}},
		{Value: KeyBerlin, Label: "Sandbox: Berlin only", Scopes: []string{
			"action:read", "cohort:read", "event_definition:read", "group:read", "project:read", "property_definition:read", "query:read", "user:read"},
			Projects: []int64{BerlinID}},
	}
}

func user() User {
	return User{ID: 1, Email: "ada@hogflix.example", FirstName: "Ada", Organization: "Hogflix"}
}
