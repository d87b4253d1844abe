package driver

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

const (
	defaultLimit  = 50
	overviewShown = 25 // events in an overview
)

// ListObjects finds what can be asked about: an overview without search and kinds, else the objects of those
// kinds that match, best first. What the key may not read is left out and named in Notes. Projects are
// listed only when their kind is asked for.
func (c *Client) ListObjects(ctx context.Context, r ListRequest) (*Objects, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	const op = "list objects"
	r.Search = strings.TrimSpace(r.Search)
	for _, k := range r.Kinds {
		if !slices.Contains(Kinds(), k) {
			return nil, &Error{Kind: Invalid, Op: op, Detail: fmt.Sprintf("%q is no kind of object", string(k))}
		}
	}
	if len(r.Kinds) == 1 && r.Kinds[0] == KindProject && r.Project == 0 { // needs no project to be settled
		return c.listProjects(ctx, r)
	}
	project, err := c.project(ctx, r.Project, op)
	if err != nil {
		return nil, err
	}
	out := &Objects{Project: c.describe(ctx, project)}
	g := &gather{op: op}
	if r.Search == "" && len(r.Kinds) == 0 {
		out.Overview = c.overview(ctx, g, project)
		if r.Catalogue {
			out.Catalogue = c.catalogue(ctx, g, project)
		}
	} else {
		items, partly := rank(c.candidates(ctx, g, project, r), r.Search)
		if partly {
			g.notes = append(g.notes, "nothing has all words of the search: these have some of them")
		}
		if err := out.page(items, r, project); err != nil {
			return nil, err
		}
	}
	if err := g.end(); err != nil {
		return nil, err
	}
	out.AsOf, out.Notes = g.asOf, g.notes
	return out, nil
}

func (c *Client) listProjects(ctx context.Context, r ListRequest) (*Objects, error) {
	g := &gather{op: "list projects"}
	items, _ := rank(c.projectItems(ctx, g), r.Search)
	if err := g.end(); err != nil {
		return nil, err
	}
	out := &Objects{Project: Project{ID: c.opts.ProjectID}, AsOf: g.asOf, Notes: g.notes}
	if c.opts.ProjectID != 0 {
		out.Project = c.describe(ctx, c.opts.ProjectID)
	}
	return out, out.page(items, r, 0)
}

func (c *Client) projectItems(ctx context.Context, g *gather) []Item {
	all, at, err := fetch(ctx, c, "projects", 0, "", projectLife, c.readProjects)
	if !g.take("projects", at, err) {
		return nil
	}
	var out []Item
	for _, p := range all {
		if c.allowed(p.ID) {
			out = append(out, Item{Kind: KindProject, Name: cmp.Or(p.Name, fmt.Sprint(p.ID)), Line: strings.TrimSpace(fmt.Sprintf("project_id %d %s", p.ID, p.TimeZone)), Object: fmt.Sprint(p.ID)})
		}
	}
	return out
}

// overview reads the parts that say what a project holds.
func (c *Client) overview(ctx context.Context, g *gather, project int64) *Overview {
	var o Overview
	var events []Item
	parallel(
		func() {
			t, at, err := c.tables(ctx, project)
			if g.take("tables", at, err) {
				o.Families = families(t.List)
			}
		},
		func() { events = c.events(ctx, g, project, "") },
		func() {
			groups, at, err := c.groupTypes(ctx, project)
			if g.take("group types", at, err) {
				o.GroupTypes = groups
			}
		},
	)
	events, _ = rank(events, "")
	o.EventsTotal, o.Events = len(events), events[:min(len(events), overviewShown)]
	return &o
}

// families groups tables by origin, the most useful first.
func families(tables []table) []Family {
	first := []string{"events", "persons", "sessions", "groups", "cohort_people", "person_distinct_ids", "session_replay_events",
		"system.insights", "system.dashboards", "system.cohorts", "system.feature_flags", "system.experiments", "system.actions",
		"system.surveys", "system.annotations", "system.error_tracking_issues"}
	place := func(name string) int {
		if i := slices.Index(first, name); i >= 0 {
			return i
		}
		return len(first) + btoi(strings.HasPrefix(name, "raw_"))
	}
	var out []Family
	for _, name := range []string{"posthog", "data_warehouse", "view", "system", "information_schema"} {
		f := Family{Name: name}
		for _, t := range tables {
			if t.Family == name {
				f.Tables = append(f.Tables, t.item())
			}
		}
		slices.SortStableFunc(f.Tables, func(a, b Item) int { return place(a.Name) - place(b.Name) })
		if len(f.Tables) > 0 {
			out = append(out, f)
		}
	}
	return out
}

func (t table) item() Item {
	it := Item{Kind: KindTable, Name: t.Name, Line: t.Line, Object: t.Name, Write: "FROM " + tableName(t.Name), Type: t.Family}
	if t.Family == "view" {
		it.Kind = KindView
	}
	return it
}

// events lists the events: their definitions, and how often each was seen in 30 days.
func (c *Client) events(ctx context.Context, g *gather, project int64, search string) []Item {
	var defs definitions
	var counts []eventCount
	var counted bool
	parallel(
		func() {
			d, at, err := c.eventDefinitions(ctx, project, "")
			if err == nil && d.Capped && search != "" { // too many to hold: PostHog searches for us
				more, _, moreErr := c.eventDefinitions(ctx, project, search)
				if g.take("further events", at, moreErr) {
					d.List = append(slices.Clone(d.List), more.List...)
				}
			}
			if g.take("event definitions", at, err) {
				defs = d
			}
		},
		func() {
			n, at, err := c.eventCounts(ctx, project)
			if counted = g.take("event counts", at, err); counted {
				counts = n
			}
		},
	)
	items := map[string]*Item{}
	for _, d := range defs.List {
		items[d.Name] = eventItem(d.Name, d.Description)
		if counted && len(counts) < countedEvents {
			items[d.Name].Count = new(int64)
		}
	}
	for _, n := range counts {
		if items[n.Name] == nil {
			items[n.Name] = eventItem(n.Name, "")
		}
		items[n.Name].Count = &n.Count
	}
	out := make([]Item, 0, len(items))
	for _, it := range items {
		out = append(out, *it)
	}
	slices.SortFunc(out, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func eventItem(name, line string) *Item {
	return &Item{Kind: KindEvent, Name: name, Line: line, Object: "event:" + name, Write: "event = " + literal(name)}
}

// candidates reads everything of the wanted kinds.
func (c *Client) candidates(ctx context.Context, g *gather, project int64, r ListRequest) []Item {
	wanted := func(k ObjectKind) bool {
		return slices.Contains(r.Kinds, k) || len(r.Kinds) == 0 && k != KindProject
	}
	var fromTables, fromEvents, fromProperties, fromSaved, fromProjects []Item
	var readings []func()
	if wanted(KindTable) || wanted(KindView) || wanted(KindColumn) {
		readings = append(readings, func() { fromTables = c.tableItems(ctx, g, project, wanted) })
	}
	if wanted(KindEvent) {
		readings = append(readings, func() { fromEvents = c.events(ctx, g, project, r.Search) })
	}
	if wanted(KindProperty) || wanted(KindGroupType) {
		readings = append(readings, func() { fromProperties = c.propertyItems(ctx, g, project, wanted, r.Search) })
	}
	readings = append(readings, func() { fromSaved = c.saved(ctx, g, project, wanted, r.Search) })
	if wanted(KindProject) {
		readings = append(readings, func() { fromProjects = c.projectItems(ctx, g) })
	}
	parallel(readings...)
	return slices.Concat(fromTables, fromEvents, fromProperties, fromSaved, fromProjects)
}

func (c *Client) tableItems(ctx context.Context, g *gather, project int64, wanted func(ObjectKind) bool) []Item {
	all, at, err := c.tables(ctx, project)
	if !g.take("tables", at, err) {
		return nil
	}
	var out []Item
	for _, t := range all.List {
		if it := t.item(); wanted(it.Kind) {
			for _, col := range t.Columns {
				it.Columns = append(it.Columns, col.Name)
			}
			out = append(out, it)
		}
		if !wanted(KindColumn) {
			continue
		}
		for _, col := range t.Columns {
			out = append(out, Item{Kind: KindColumn, Name: col.Name, Parent: t.Name, Type: col.Type, Object: t.Name, Write: col.Write})
		}
	}
	return out
}

func (c *Client) propertyItems(ctx context.Context, g *gather, project int64, wanted func(ObjectKind) bool, search string) []Item {
	groups, at, err := c.groupTypes(ctx, project)
	if !g.take("group types", at, err) {
		groups = nil
	}
	var out []Item
	if wanted(KindGroupType) {
		for _, t := range groups {
			out = append(out, Item{Kind: KindGroupType, Name: t.Name, Object: "group:" + t.Name, Write: fmt.Sprintf("group_%d.properties.…", t.Index)})
		}
	}
	if !wanted(KindProperty) {
		return out
	}
	kinds := propertyKinds(groups)
	parts := make([][]definition, len(kinds))
	var readings []func()
	for i, k := range kinds {
		readings = append(readings, func() {
			defs, at, err := c.propertyDefinitions(ctx, project, k, "", "")
			if err == nil && defs.Capped && search != "" {
				var more definitions
				if more, _, err = c.propertyDefinitions(ctx, project, k, "", search); err == nil {
					defs.List = append(slices.Clone(defs.List), more.List...)
				}
			}
			if g.take("properties", at, err) {
				parts[i] = defs.List
			}
		})
	}
	parallel(readings...)
	seen := map[string]bool{}
	for i, k := range kinds {
		for _, d := range parts[i] {
			if key := k.parent() + "\x00" + d.Name; !seen[key] {
				seen[key] = true
				out = append(out, Item{Kind: KindProperty, Name: d.Name, Parent: k.parent(), Line: d.Description, Type: d.PropertyType, Object: "property:" + d.Name, Write: k.write(d.Name)})
			}
		}
	}
	return out
}

// cursor marks the last item of a page. It goes by the item, not by a number, so that a page does not shift
// when the catalogue was read anew meanwhile; the number is for when that item is gone.
type cursor struct {
	Request uint64 `json:"r"`
	After   string `json:"a"`
	Offset  int    `json:"o"`
}

func itemKey(it Item) string {
	return string(it.Kind) + "\x00" + it.Parent + "\x00" + it.Object + "\x00" + it.Name
}

// page cuts the items of one page.
func (o *Objects) page(items []Item, r ListRequest, project int64) error {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, project, r.Kinds, len(r.Search), r.Search)
	from := 0
	if r.Cursor != "" {
		var at cursor
		raw, err := base64.RawURLEncoding.DecodeString(r.Cursor)
		if err != nil || json.Unmarshal(raw, &at) != nil || at.Request != h.Sum64() || at.Offset < 0 {
			return &Error{Kind: Invalid, Op: "list objects", Detail: "the cursor does not belong to this request: begin without one"}
		}
		from = min(at.Offset, len(items))
		if i := slices.IndexFunc(items, func(it Item) bool { return itemKey(it) == at.After }); i >= 0 {
			from = i + 1
		}
	}
	limit := r.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	to := min(from+limit, len(items))
	o.Items, o.Total = items[from:to], len(items)
	if to < len(items) {
		raw, err := json.Marshal(cursor{h.Sum64(), itemKey(items[to-1]), to})
		if err != nil {
			return err
		}
		o.Cursor = base64.RawURLEncoding.EncodeToString(raw)
	}
	return nil
}
