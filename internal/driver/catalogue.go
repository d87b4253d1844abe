package driver

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// Catalogue is what a checker of queries has to know of a project. A part that is nil was not read: the key may
// not, or there is more of it than was read, so that nothing can be called unknown.
type Catalogue struct {
	// Complete: Tables has every table of the project. Otherwise some of PostHog's own may be missing.
	Complete   bool                `json:"complete"`
	Tables     []CatalogueTable    `json:"tables"`
	Events     []CatalogueEvent    `json:"events"`
	Properties []CatalogueProperty `json:"properties"`
	Cohorts    []CatalogueCohort   `json:"cohorts"`
	GroupTypes []GroupType         `json:"group_types"`
}

// CatalogueTable is a table with its columns; nil Columns are not known.
type CatalogueTable struct {
	Name    string            `json:"name"`
	Family  string            `json:"family"` // posthog, system, information_schema, data_warehouse or view
	Columns []CatalogueColumn `json:"columns"`
}

// CatalogueColumn is a column, by PostHog's own names of types.
type CatalogueColumn struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"`
	Table string   `json:"table,omitempty"` // of a join: the table it leads to
	Chain []string `json:"chain,omitempty"` // of a shortcut: the path it stands for
	Names []string `json:"names,omitempty"` // of a nested field: the names below it
}

// CatalogueEvent is an event and how often it was seen in 30 days.
type CatalogueEvent struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// CatalogueProperty is a property of an entity: event, person or group.
type CatalogueProperty struct {
	Entity string `json:"entity"`
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"` // String, Numeric, Boolean or DateTime; empty where PostHog has none
}

// CatalogueCohort is a cohort.
type CatalogueCohort struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// catalogue reads the whole catalogue.
func (c *Client) catalogue(ctx context.Context, g *gather, project int64) *Catalogue {
	var out Catalogue
	parallel(
		func() {
			if t, at, err := c.tables(ctx, project); g.take("tables", at, err) {
				out.setTables(t)
			}
		},
		func() {
			defs, at, err := c.eventDefinitions(ctx, project, "")
			counts, _, countErr := c.eventCounts(ctx, project)
			if g.take("event definitions", at, err) && g.take("event counts", at, countErr) {
				out.setEvents(defs, counts)
			}
		},
		func() {
			groups, at, err := c.groupTypes(ctx, project)
			if g.take("group types", at, err) {
				out.GroupTypes = groups
			}
			whole := true // what is said of groups holds for all their types or for none
			for _, k := range propertyKinds(out.GroupTypes) {
				if k.Type == "session" {
					continue
				}
				defs, at, err := c.propertyDefinitions(ctx, project, k, "", "")
				if g.take("properties", at, err) {
					out.addProperties(k, defs)
				}
				whole = whole && (k.Type != "group" || err == nil && !defs.Capped)
			}
			if !whole {
				out.Properties = slices.DeleteFunc(out.Properties, func(p CatalogueProperty) bool { return p.Entity == "group" })
			}
		},
		func() {
			cohorts := c.saved(ctx, g, project, func(k ObjectKind) bool { return k == KindCohort }, "")
			out.setCohorts(cohorts)
		},
	)
	return &out
}

// knownLife is for how long the names of events and properties serve to warn of wrong ones. Lists are renewed sooner, but
// a name is seldom new.
const knownLife = 15 * time.Minute

// Known returns the parts of a project's catalogue that were read not long ago; nil when none was. It asks
// nothing upstream.
func (c *Client) Known(project int64) *Catalogue {
	if project == 0 {
		project = c.opts.ProjectID
	}
	var out Catalogue
	tables, found := kept[catalogueTables](c, "tables", project, "", schemaLife)
	if found {
		out.setTables(tables)
	}
	defs, hasDefs := kept[definitions](c, "event definitions", project, "", knownLife)
	counts, hasCounts := kept[[]eventCount](c, "event counts", project, "", knownLife)
	if hasDefs && hasCounts {
		out.setEvents(defs, counts)
		found = true
	}
	out.GroupTypes, _ = kept[[]GroupType](c, "group types", project, "", knownLife)
	for _, k := range propertyKinds(out.GroupTypes) {
		defs, ok := kept[definitions](c, "property definitions "+k.parent(), project, "\x00", knownLife)
		if ok && k.Type != "session" && k.Type != "group" { // of groups some may be missing
			out.addProperties(k, defs)
			found = true
		}
	}
	if !found {
		return nil
	}
	return &out
}

// kept gives a part of the catalogue that is in the cache.
func kept[T any](c *Client, part string, project int64, name string, life time.Duration) (T, bool) {
	var zero T
	e, ok := c.host.cache.get(cacheKey{c.owner(), part, project, name})
	if !ok || time.Since(e.at) >= life {
		return zero, false
	}
	v, ok := e.value.(T)
	return v, ok
}

func (o *Catalogue) setTables(all catalogueTables) {
	for _, t := range all.List {
		o.Complete = o.Complete || t.Schema != "" // the names came from system.information_schema, which has all
		out := CatalogueTable{Name: t.Name, Family: t.Family}
		if t.Columns != nil {
			out.Columns = []CatalogueColumn{}
		}
		for _, col := range t.Columns {
			out.Columns = append(out.Columns, CatalogueColumn{Name: col.Name, Type: col.Type, Table: col.Table, Chain: col.Chain, Names: col.Names})
		}
		o.Tables = append(o.Tables, out)
	}
}

// setEvents takes the events, unless there are more than were read.
func (o *Catalogue) setEvents(defs definitions, counts []eventCount) {
	if defs.Capped || len(counts) >= countedEvents {
		return
	}
	o.Events = []CatalogueEvent{}
	seen := map[string]bool{}
	for _, n := range counts {
		seen[n.Name] = true
		o.Events = append(o.Events, CatalogueEvent(n))
	}
	for _, d := range defs.List {
		if !seen[d.Name] {
			o.Events = append(o.Events, CatalogueEvent{Name: d.Name})
		}
	}
}

// addProperties takes the properties of one kind, unless there are more than were read.
func (o *Catalogue) addProperties(k propertyKind, defs definitions) {
	if defs.Capped {
		return
	}
	if o.Properties == nil {
		o.Properties = []CatalogueProperty{}
	}
	for _, d := range defs.List {
		o.Properties = append(o.Properties, CatalogueProperty{k.Type, d.Name, d.PropertyType})
	}
}

func (o *Catalogue) setCohorts(items []Item) {
	for _, it := range items {
		if id, err := strconv.ParseInt(it.Object[len("cohort:"):], 10, 64); err == nil {
			o.Cohorts = append(o.Cohorts, CatalogueCohort{id, it.Name})
		}
	}
}
