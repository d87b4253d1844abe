package sandbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"posthog-mcp/internal/sandbox/sample"
)

// propertyBody is a property definition as PostHog Cloud shows it.
type propertyBody struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	IsNumerical  bool     `json:"is_numerical"`
	PropertyType *string  `json:"property_type"`
	Tags         []string `json:"tags"`
	Seen         *bool    `json:"is_seen_on_filtered_events"`
	Description  string   `json:"description"`
	UpdatedAt    *stamp   `json:"updated_at"`
	UpdatedBy    *string  `json:"updated_by"`
	Verified     bool     `json:"verified"`
	VerifiedAt   *stamp   `json:"verified_at"`
	VerifiedBy   *string  `json:"verified_by"`
	Hidden       bool     `json:"hidden"`
}

// propertyQuery holds the parameters of a request for property definitions.
type propertyQuery struct {
	kind      string // event, person, group or session
	group     int
	search    string
	names     []string
	excluded  []string
	events    []string
	byEvents  bool // event_names was given
	onlySeen  bool
	numerical *bool
	flags     *bool
	noCore    bool
}

func readPropertyQuery(c *call) (*propertyQuery, error) {
	q := c.URL.Query()
	p := &propertyQuery{
		kind: cmp.Or(q.Get("type"), "event"), search: q.Get("search"), names: separated(c, "properties"),
		onlySeen: flag(c, "filter_by_event_names"), noCore: flag(c, "exclude_core_properties"),
		numerical: choice(c, "is_numerical"), flags: choice(c, "is_feature_flag"),
	}
	if !slices.Contains([]string{"event", "person", "group", "session"}, p.kind) {
		return nil, invalidInput("type", "\"%s\" is not a valid choice.", p.kind)
	}
	var err error
	if p.excluded, _, err = nameList(c, "excluded_properties"); err != nil {
		return nil, err
	}
	if p.events, p.byEvents, err = nameList(c, "event_names"); err != nil {
		return nil, err
	}
	if p.byEvents && p.kind != "event" {
		return nil, invalidInput("event_names", "`event_names` is only allowed when `type` is `event`")
	}
	index := q.Get("group_type_index")
	switch {
	case p.kind == "group" && index == "":
		return nil, invalidInput("group_type_index", "`group_type_index` must be set when `type` is `group`")
	case p.kind != "group" && index != "":
		return nil, invalidInput("group_type_index", "`group_type_index` is only allowed when `type` is `group`")
	case index != "":
		if p.group, err = strconv.Atoi(index); err != nil || p.group < 0 || p.group > 4 {
			return nil, invalidInput("group_type_index", "A number from 0 to 4 is required.")
		}
	}
	return p, nil
}

// choice reads a parameter that may be true, false or absent.
func choice(c *call, name string) *bool {
	on, err := strconv.ParseBool(c.URL.Query().Get(name))
	if err != nil {
		return nil
	}
	return &on
}

// neverListed are names that PostHog leaves out of the list for events.
func neverListed(name string) bool {
	switch name {
	case "distinct_id", "$set", "$set_once", "$unset", "$groups", "$group_set", "$group_type", "$group_key",
		"$group_0", "$group_1", "$group_2", "$group_3", "$group_4":
		return true
	}
	return false
}

func (p *propertyQuery) takes(d sample.PropertyDefinition) bool {
	numerical := d.PropertyType == "Numeric"
	feature := strings.HasPrefix(d.Name, "$feature/")
	switch {
	case d.Type != p.kind, p.kind == "group" && d.GroupTypeIndex != p.group,
		p.kind == "event" && neverListed(d.Name),
		!matchesTerms(p.search, d.Name) && !matchesTerms(p.search, alias(d.Name)),
		len(p.names) > 0 && !slices.Contains(p.names, d.Name),
		slices.Contains(p.excluded, d.Name),
		p.numerical != nil && *p.numerical != numerical,
		p.flags != nil && *p.flags != feature,
		p.noCore && (strings.HasPrefix(d.Name, "$") || strings.HasPrefix(d.Name, "utm_")):
		return false
	}
	return true
}

// alias is the name under which PostHog's pages show a built-in property: "$geoip_country_code" is
// "geoip country code" there.
func alias(name string) string {
	if !strings.HasPrefix(name, "$") {
		return name
	}
	return strings.ReplaceAll(name[1:], "_", " ")
}

// propertyDefinitions answers GET …/property_definitions/.
func (s *Server) propertyDefinitions(c *call) (*reply, error) {
	p, err := readPropertyQuery(c)
	if err != nil {
		return nil, err
	}
	var seen map[string]bool
	if p.byEvents {
		if seen, err = s.propertiesOf(c.Context(), c.project, p.events); err != nil {
			return nil, err
		}
	}
	bodies := []propertyBody{}
	for _, d := range c.project.Properties {
		if !p.takes(d) || p.onlySeen && p.byEvents && !seen[d.Name] {
			continue
		}
		b := propertyBody{
			ID: definitionID(c.project.ID, d.Type+strconv.Itoa(d.GroupTypeIndex), d.Name), Name: d.Name,
			IsNumerical: d.PropertyType == "Numeric", Tags: []string{}, Description: d.Description,
		}
		if d.PropertyType != "" {
			b.PropertyType = &d.PropertyType
		}
		if p.byEvents {
			is := seen[d.Name]
			b.Seen = &is
		}
		bodies = append(bodies, b)
	}
	slices.SortStableFunc(bodies, func(a, b propertyBody) int {
		return cmp.Or(rank(b.Seen)-rank(a.Seen), cmp.Compare(a.Name, b.Name))
	})
	return paged(c, bodies)
}

func rank(seen *bool) int {
	if seen != nil && *seen {
		return 1
	}
	return 0
}

// seenTogether answers GET …/property_definitions/seen_together: which of the events carry a property.
func (s *Server) seenTogether(c *call) (*reply, error) {
	name := c.URL.Query().Get("property_name")
	if name == "" {
		return nil, invalidInput("property_name", "This field is required.")
	}
	result := map[string]bool{}
	for _, event := range c.URL.Query()["event_names"] {
		seen, err := s.propertiesOf(c.Context(), c.project, []string{event})
		if err != nil {
			return nil, err
		}
		result[event] = seen[name]
	}
	return answered(result), nil
}

// propertiesOf returns the names of the properties that events of these names carry. What each event
// carries is read from the data once.
func (s *Server) propertiesOf(ctx context.Context, p *project, events []string) (map[string]bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.carried == nil {
		r, err := s.engine.Query(ctx, "SELECT event, groupUniqArrayArray(JSONExtractKeys(properties)) FROM events GROUP BY event", s.settings(p))
		if err != nil {
			return nil, fmt.Errorf("read the properties of events: %w", err)
		}
		carried := map[string][]string{}
		for _, row := range r.Rows {
			var event string
			var names []string
			if err := json.Unmarshal(row, &[]any{&event, &names}); err != nil {
				return nil, fmt.Errorf("read the properties of events: %w", err)
			}
			carried[event] = names
		}
		p.carried = carried
	}
	seen := map[string]bool{}
	for _, event := range events {
		for _, name := range p.carried[event] {
			seen[name] = true
		}
	}
	return seen, nil
}

// definitionID makes the identifier of a definition from its name, so that it is the same in every run.
func definitionID(project int64, kind, name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s", project, kind, name))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80 // version 7 by its form
	return id.String()
}
