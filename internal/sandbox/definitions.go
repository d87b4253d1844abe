package sandbox

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"posthog-mcp/internal/sandbox/sample"
)

// page is PostHog's form of a part of a list.
type page[T any] struct {
	Count    int     `json:"count"`
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Results  []T     `json:"results"`
}

// defaultPage is how many items a list gives when the request does not say.
const defaultPage = 100

// staleEventDays is after how many days without an event exclude_stale leaves a definition out. PostHog's
// own number is not known.
const staleEventDays = 30

// paged cuts a list by the request's limit and offset and links to the parts around it.
func paged[T any](c *call, all []T) (*reply, error) {
	limit, err := count(c, "limit", defaultPage, 1)
	if err != nil {
		return nil, err
	}
	offset, err := count(c, "offset", 0, 0)
	if err != nil {
		return nil, err
	}
	from := min(offset, len(all))
	to := min(from+limit, len(all))
	p := page[T]{Count: len(all), Results: append([]T{}, all[from:to]...)}
	if to < len(all) {
		p.Next = pageURL(c, limit, offset+limit)
	}
	if offset > 0 {
		p.Previous = pageURL(c, limit, max(0, offset-limit))
	}
	return answered(p), nil
}

func pageURL(c *call, limit, offset int) *string {
	q := c.URL.Query()
	q.Set("limit", strconv.Itoa(limit))
	q.Del("offset")
	if offset > 0 {
		q.Set("offset", strconv.Itoa(offset))
	}
	u := url.URL{Scheme: "http", Host: c.Host, Path: c.URL.Path, RawQuery: q.Encode()}
	text := u.String()
	return &text
}

// count reads a whole number that is at least low.
func count(c *call, name string, absent, low int) (int, error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, invalidInput(name, "A valid integer is required.")
	}
	if n < low {
		return 0, invalidInput(name, "Ensure this value is greater than or equal to %d.", low)
	}
	return n, nil
}

// nameList reads a parameter that holds names as a JSON list in a string. found is false without it.
func nameList(c *call, name string) (names []string, found bool, err error) {
	text := c.URL.Query().Get(name)
	if text == "" {
		return nil, false, nil
	}
	if json.Unmarshal([]byte(text), &names) != nil {
		return nil, false, invalidInput(name, "Write a JSON list of names, for example [\"$pageview\"].")
	}
	return names, true, nil
}

// separated reads a parameter that is repeated or holds names between commas.
func separated(c *call, name string) []string {
	var names []string
	for _, value := range c.URL.Query()[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				names = append(names, part)
			}
		}
	}
	return names
}

// matchesTerms tells whether every blank-separated term is part of the name, without regard to case.
func matchesTerms(search, name string) bool {
	name = strings.ToLower(name)
	for term := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(name, term) {
			return false
		}
	}
	return true
}

// eventBody is an event definition as PostHog Cloud shows it.
type eventBody struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	CreatedAt       *stamp   `json:"created_at"`
	LastSeenAt      *stamp   `json:"last_seen_at"`
	LastUpdatedAt   *stamp   `json:"last_updated_at"`
	Tags            []string `json:"tags"`
	EnforcementMode string   `json:"enforcement_mode"`
	PrimaryProperty *string  `json:"primary_property"`
	IsAction        bool     `json:"is_action"`
	ActionID        *int64   `json:"action_id"`
	IsCalculating   bool     `json:"is_calculating"`
	LastCalculated  *stamp   `json:"last_calculated_at"`
	CreatedBy       *string  `json:"created_by"`
	PostToSlack     bool     `json:"post_to_slack"`
	Description     string   `json:"description"`
	Owner           *string  `json:"owner"`
	Verified        bool     `json:"verified"`
	VerifiedAt      *stamp   `json:"verified_at"`
	VerifiedBy      *string  `json:"verified_by"`
	Hidden          bool     `json:"hidden"`
	UpdatedAt       *stamp   `json:"updated_at"`
	UpdatedBy       *string  `json:"updated_by"`
	DefaultColumns  []string `json:"default_columns"`
}

// moment returns an instant for a field that is null where there is none.
func moment(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}

// eventDefinitions answers GET …/event_definitions/.
func (s *Server) eventDefinitions(c *call) (*reply, error) {
	q := c.URL.Query()
	wanted := q.Get("event_type")
	if wanted != "" && !slices.Contains([]string{"event", "event_custom", "event_posthog"}, wanted) {
		return nil, invalidInput("event_type", "\"%s\" is not a valid choice.", wanted)
	}
	excluded, _, err := nameList(c, "excluded_properties")
	if err != nil {
		return nil, err
	}
	tags, tagged, err := nameList(c, "tags")
	if err != nil {
		return nil, err
	}
	names := separated(c, "names")
	var list []sample.EventDefinition
	for _, e := range c.project.Events {
		own := !strings.HasPrefix(e.Name, "$")
		stale := !e.LastSeenAt.IsZero() && s.now.Sub(e.LastSeenAt) > staleEventDays*24*time.Hour
		switch {
		case wanted == "event_custom" && !own, wanted == "event_posthog" && own,
			!matchesTerms(q.Get("search"), e.Name),
			len(names) > 0 && !slices.Contains(names, e.Name),
			slices.Contains(excluded, e.Name),
			tagged && len(tags) > 0, // no definition of the sample data has a tag
			flag(c, "exclude_stale") && stale:
			continue
		}
		list = append(list, e)
	}
	orderEvents(list, separated(c, "ordering"), q.Get("search") != "")
	bodies := make([]eventBody, len(list))
	for i, e := range list {
		seen := moment(e.LastSeenAt)
		bodies[i] = eventBody{
			ID: definitionID(c.project.ID, "event", e.Name), Name: e.Name, CreatedAt: moment(e.CreatedAt), LastSeenAt: seen, LastUpdatedAt: seen,
			Tags: []string{}, EnforcementMode: "allow", UpdatedAt: seen, DefaultColumns: []string{}, Description: e.Description,
		}
	}
	return paged(c, bodies)
}

// orderEvents sorts as PostHog does: by the fields asked for, those that are unknown left out; a search
// puts the shortest name first; else by the day of the last event, newest first. The name decides last.
func orderEvents(list []sample.EventDefinition, ordering []string, search bool) {
	slices.SortStableFunc(list, func(a, b sample.EventDefinition) int {
		known := false
		for _, field := range ordering {
			name, descending := strings.CutPrefix(field, "-")
			order, is := compareEvents(name, a, b)
			known = known || is
			if descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		if !known && search {
			return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
		}
		if !known {
			return cmp.Or(-compareDays(a.LastSeenAt, b.LastSeenAt), cmp.Compare(a.Name, b.Name))
		}
		return cmp.Compare(a.Name, b.Name)
	})
}

func compareEvents(field string, a, b sample.EventDefinition) (order int, known bool) {
	switch field {
	case "name":
		return cmp.Compare(a.Name, b.Name), true
	case "last_seen_at":
		return a.LastSeenAt.Compare(b.LastSeenAt), true
	case "last_seen_at::date":
		return compareDays(a.LastSeenAt, b.LastSeenAt), true
	case "created_at":
		return a.CreatedAt.Compare(b.CreatedAt), true
	case "created_at::date":
		return compareDays(a.CreatedAt, b.CreatedAt), true
	}
	return 0, false
}

func compareDays(a, b time.Time) int {
	const day = 24 * time.Hour
	return a.UTC().Truncate(day).Compare(b.UTC().Truncate(day))
}
