package driver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	listLife   = time.Minute     // how long lists of events, properties and saved objects are kept
	schemaLife = 5 * time.Minute // how long the table catalogue is kept
	pageSize   = 1000
	maxPages   = 5
)

// gather collects the parts of one catalogue answer: the age of the oldest, and what is missing and why.
type gather struct {
	op string

	mu    sync.Mutex
	asOf  time.Time
	notes []string
	first error // the first failure of a part
	fatal error // a failure that ends the whole answer
	good  int   // parts that were read
}

// take notes the outcome of one part. A part that the key may not read, or that PostHog cannot give, is
// left out and named; anything that would hit all parts alike ends the answer.
func (g *gather) take(what string, s stamp, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil {
		g.good++
		if g.asOf.IsZero() || s.at.Before(g.asOf) {
			g.asOf = s.at
		}
		if s.stale {
			g.notes = append(g.notes, s.note(what))
		}
		return true
	}
	if g.first == nil {
		g.first = err
	}
	switch kindOf(err) {
	case Unauthorized, Cancelled, Deadline, Busy, Unavailable:
		if g.fatal == nil {
			g.fatal = err
		}
	default:
		g.notes = append(g.notes, what+" left out: "+why(err))
	}
	return false
}

// merge adds the parts of an object that was read, whatever was left out beside it.
func (g *gather) merge(part *gather) {
	g.good++
	if g.asOf.IsZero() || !part.asOf.IsZero() && part.asOf.Before(g.asOf) {
		g.asOf = part.asOf
	}
	g.notes = append(g.notes, part.notes...)
	if g.fatal == nil {
		g.fatal = part.fatal
	}
}

// end gives the error of the whole answer: a fatal one, or the first if nothing could be read.
func (g *gather) end() error {
	slices.Sort(g.notes)
	g.notes = slices.Compact(g.notes)
	if g.fatal != nil {
		return g.fatal
	}
	if g.good == 0 {
		return g.first
	}
	return nil
}

// note says how old a part is that was not read now.
func (s stamp) note(what string) string {
	text := what + " as of " + s.at.UTC().Format("15:04:05 UTC")
	if time.Since(s.at) >= 12*time.Hour {
		text = what + " as of " + s.at.UTC().Format(time.DateTime) + " UTC"
	}
	if s.err == nil {
		return text + ": being renewed, ask again for the newest"
	}
	return text + ": PostHog gives no newer one (" + why(s.err) + ")"
}

func why(err error) string {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return shorten(clean(err.Error()), excerptLength)
	case e.Scope != "":
		return "the key lacks the scope " + e.Scope
	}
	return shorten(e.Detail, excerptLength)
}

// parallel runs the readings of parts side by side and waits for all.
func parallel(readings ...func()) {
	var wg sync.WaitGroup
	for _, r := range readings {
		wg.Go(r)
	}
	wg.Wait()
}

// definition is an event or property definition.
type definition struct {
	Name         string `json:"name"`
	Description  string `json:"description"`
	PropertyType string `json:"property_type"`
	Hidden       bool   `json:"hidden"`
	Virtual      bool   `json:"virtual"`
}

// definitions is a list of them; Capped tells that there are more than were read.
type definitions struct {
	List   []definition
	Capped bool
}

// readDefinitions reads a paginated list, up to a bound.
func (c *Client) readDefinitions(ctx context.Context, project int64, op, path string, query url.Values, pages int) (definitions, error) {
	var out definitions
	seen := 0
	for range pages {
		var v struct {
			Next    *string      `json:"next"`
			Results []definition `json:"results"`
		}
		q := url.Values{"limit": {strconv.Itoa(pageSize)}}
		if seen > 0 {
			q.Set("offset", strconv.Itoa(seen))
		}
		for k, values := range query {
			q[k] = values
		}
		_, err := c.call(ctx, request{op: op, method: http.MethodGet, path: projectPath(project, path), query: q,
			project: project, class: classGeneral, decode: decodeJSON(&v)})
		if err != nil {
			return out, err
		}
		seen += len(v.Results)
		for _, d := range v.Results {
			if d.Name != "" && !d.Hidden {
				d.Description = shorten(clean(d.Description), excerptLength)
				out.List = append(out.List, d)
			}
		}
		if v.Next == nil || len(v.Results) == 0 {
			return out, nil
		}
	}
	out.Capped = true
	return out, nil
}

func (c *Client) eventDefinitions(ctx context.Context, project int64, search string) (definitions, stamp, error) {
	return fetch(ctx, c, "event definitions", project, search, listLife, func(ctx context.Context) (definitions, error) {
		q := url.Values{}
		if search != "" {
			q.Set("search", search)
		}
		return c.readDefinitions(ctx, project, "list events", "event_definitions/", q, maxPages)
	})
}

// propertyKind is one of the places where properties live.
type propertyKind struct {
	Type  string // event, person, session or group
	Index int    // of a group type
	Group string // its name
}

// parent is the name under which items of this kind are listed.
func (k propertyKind) parent() string {
	if k.Type == "group" {
		return "group:" + k.Group
	}
	return k.Type
}

// write gives the HogQL that reads a property of this kind from the table events.
func (k propertyKind) write(name string) string {
	switch k.Type {
	case "event":
		return property("properties", name)
	case "person":
		return property("person.properties", name)
	case "group":
		return property("group_"+strconv.Itoa(k.Index)+".properties", name)
	}
	id, _ := identifier(name)
	return "session." + id
}

// propertyDefinitions reads the properties of a kind; with events only those seen on them.
func (c *Client) propertyDefinitions(ctx context.Context, project int64, k propertyKind, event, search string) (definitions, stamp, error) {
	return fetch(ctx, c, "property definitions "+k.parent(), project, event+"\x00"+search, listLife, func(ctx context.Context) (definitions, error) {
		q := url.Values{"type": {k.Type}}
		if k.Type == "group" {
			q.Set("group_type_index", strconv.Itoa(k.Index))
		}
		if search != "" {
			q.Set("search", search)
		}
		if event != "" {
			names, _ := json.Marshal([]string{event})
			q.Set("event_names", string(names))
			q.Set("filter_by_event_names", "true")
		}
		return c.readDefinitions(ctx, project, "list "+k.Type+" properties", "property_definitions/", q, 1)
	})
}

// eventCount is how often an event was seen in 30 days.
type eventCount struct {
	Name  string
	Count int64
}

const countedEvents = 5000

// eventCounts counts the events of 30 days by name, most frequent first, with one query.
func (c *Client) eventCounts(ctx context.Context, project int64) ([]eventCount, stamp, error) {
	return fetch(ctx, c, "event counts", project, "", listLife, func(ctx context.Context) ([]eventCount, error) {
		res, err := c.readColumns(ctx, project, "count events", 2, QueryRequest{Name: "posthog-mcp event counts", HogQL: "SELECT event, count() AS n FROM events " +
			"WHERE timestamp >= now() - INTERVAL 30 DAY GROUP BY event ORDER BY n DESC, event LIMIT " + strconv.Itoa(countedEvents)})
		if err != nil {
			return nil, err
		}
		out := make([]eventCount, 0, len(res.Rows))
		for _, r := range res.Rows {
			row := r.Values()
			name, _ := row[0].(string)
			out = append(out, eventCount{name, integer(row[1])})
		}
		return out, nil
	})
}

// integer reads a count out of a cell; 0 where it is none.
func integer(cell any) int64 {
	n, _ := cell.(json.Number)
	i, _ := n.Int64()
	return i
}

// groupTypeBody is a kind of groups as PostHog shows it.
type groupTypeBody struct {
	Type     string `json:"group_type"`
	Index    int    `json:"group_type_index"`
	Singular string `json:"name_singular"`
	Plural   string `json:"name_plural"`
}

// groupTypesOf returns the kinds of groups by index; nil for nil.
func groupTypesOf(list []groupTypeBody) []GroupType {
	if list == nil {
		return nil
	}
	out := make([]GroupType, 0, len(list))
	for _, g := range list {
		out = append(out, GroupType{Name: g.Type, Index: g.Index, Singular: clean(g.Singular), Plural: clean(g.Plural)})
	}
	slices.SortFunc(out, func(a, b GroupType) int { return a.Index - b.Index })
	return out
}

// groupTypes returns the kinds of groups, by index: those that the project's object holds, which is read anyway, else
// PostHog's list of them, which needs the scope group:read.
func (c *Client) groupTypes(ctx context.Context, project int64) ([]GroupType, stamp, error) {
	return fetch(ctx, c, "group types", project, "", listLife, func(ctx context.Context) ([]GroupType, error) {
		if groups := c.head(ctx, project).groups; groups != nil {
			return groups, nil
		}
		list := []groupTypeBody{}
		_, err := c.call(ctx, request{op: "list group types", method: http.MethodGet, path: projectPath(project, "groups_types/"),
			project: project, class: classGeneral, decode: decodeJSON(&list)})
		if err != nil {
			return nil, err
		}
		return groupTypesOf(list), nil
	})
}

// propertyKinds lists the places where this project's properties live.
func propertyKinds(groups []GroupType) []propertyKind {
	out := []propertyKind{{Type: "event"}, {Type: "person"}, {Type: "session"}}
	for _, g := range groups {
		out = append(out, propertyKind{Type: "group", Index: g.Index, Group: g.Name})
	}
	return out
}

// holdsWords tells whether a text holds every word of a search.
func holdsWords(search string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, " "))
	for w := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}
