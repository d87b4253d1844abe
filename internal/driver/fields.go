package driver

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	mostObjects    = 10
	sampledColumns = 24    // properties of one object that get samples
	sampledRows    = 50000 // rows of which the samples are taken
	sampleLength   = 80    // characters of one sample
)

// GetFields tells how to read 1 to 10 objects. An unknown object is a NotFound error with the nearest names.
func (c *Client) GetFields(ctx context.Context, r FieldsRequest) (*Fields, error) {
	ctx, cancel := c.withTimeout(ctx, 0)
	defer cancel()
	const op = "get fields"
	if len(r.Objects) == 0 || len(r.Objects) > mostObjects {
		return nil, &Error{Kind: Invalid, Op: op, Detail: fmt.Sprintf("name 1 to %d objects, not %d", mostObjects, len(r.Objects))}
	}
	project, err := c.project(ctx, r.Project, op)
	if err != nil {
		return nil, err
	}
	objects := make([]Object, len(r.Objects))
	errs := make([]error, len(r.Objects))
	parts := make([]gather, len(r.Objects)) // one for each object: what fails for one says nothing of another
	var readings []func()
	for i, name := range r.Objects {
		readings = append(readings, func() {
			parts[i].op = op
			objects[i], errs[i] = c.object(ctx, &parts[i], project, name, r)
		})
	}
	parallel(readings...)
	all := gather{op: op}
	for i := range parts {
		if errs[i] != nil {
			return nil, errs[i]
		}
		all.merge(&parts[i])
	}
	if err := all.end(); err != nil {
		return nil, err
	}
	return &Fields{Project: c.describe(ctx, project), AsOf: all.asOf, Objects: objects, Notes: all.notes}, nil
}

// object reads one object by the name that ListObjects gives it.
func (c *Client) object(ctx context.Context, g *gather, project int64, name string, r FieldsRequest) (Object, error) {
	kind, rest, found := strings.Cut(strings.TrimLeft(name, " "), ":")
	if !found { // a name after a colon is taken as it stands: events may begin and end with spaces
		name = strings.TrimSpace(name)
	}
	switch {
	case name == "":
		return Object{}, &Error{Kind: Invalid, Op: g.op, Detail: "an object has no name"}
	case name == "person":
		return c.personObject(ctx, g, project, r)
	case name == "session":
		return c.sessionObject(ctx, g, project, r)
	case !found:
		return c.tableObject(ctx, g, project, name, r)
	case rest == "":
		return Object{}, &Error{Kind: Invalid, Op: g.op, Detail: strconv.Quote(name) + " names nothing after the colon"}
	}
	switch ObjectKind(kind) {
	case KindEvent:
		return c.eventObject(ctx, g, project, rest, r)
	case KindProperty:
		return c.propertyObject(ctx, g, project, rest, r)
	case KindTable, KindView:
		return c.tableObject(ctx, g, project, rest, r)
	case KindCohort, KindAction, KindInsight, KindDashboard, KindFeatureFlag, KindExperiment, KindSurvey:
		return c.savedObject(ctx, g, project, ObjectKind(kind), rest)
	}
	if kind == "group" || ObjectKind(kind) == KindGroupType {
		return c.groupObject(ctx, g, project, rest, r)
	}
	return Object{}, &Error{Kind: Invalid, Op: g.op, Detail: strconv.Quote(kind) + " is no kind of object: write a table's name, event:NAME, person, session, group:TYPE, " +
		"property:NAME, cohort:ID, action:ID, insight:SHORT_ID, dashboard:ID, feature_flag:KEY, experiment:ID or survey:ID"}
}

// filter keeps the fields that hold every word of the search.
func (o *Object) filter(search string) {
	if search == "" {
		return
	}
	all := len(o.Fields)
	o.Fields = slices.DeleteFunc(o.Fields, func(f Field) bool { return !holdsWords(search, f.Name, f.Line, f.Write) })
	o.Hidden = all - len(o.Fields)
}

// tableObject reads a table's or view's columns.
func (c *Client) tableObject(ctx context.Context, g *gather, project int64, name string, r FieldsRequest) (Object, error) {
	all, at, err := c.tables(ctx, project)
	if err != nil {
		return Object{}, err
	}
	g.take("tables", at, nil)
	t, ok := all.find(strings.Trim(name, "`"))
	if !ok {
		return Object{}, c.unknownTable(ctx, g, project, name, all)
	}
	if t, err = c.columns(ctx, project, t); err != nil {
		return Object{}, err
	}
	o := Object{Kind: t.item().Kind, Name: t.Name, Object: t.Name, Line: t.Line, From: "FROM " + tableName(t.Name), HogQL: t.HogQL}
	if t.Name == "numbers" {
		o.From = "FROM numbers(10)"
	}
	lines := columnLines()
	unused := c.unusedGroups(ctx, project)
	for _, col := range t.Columns {
		if t.Name == "events" && slices.Contains(unused, strings.TrimPrefix(col.Name, "$")) {
			continue
		}
		f := col.field()
		f.Line = cmp.Or(f.Line, lines[t.Name+"."+col.Name])
		o.Fields = append(o.Fields, f)
	}
	o.filter(r.Search)
	return o, nil
}

// unusedGroups are the endings of the columns of events that stand for group types the project has not.
func (c *Client) unusedGroups(ctx context.Context, project int64) []string {
	groups, _, err := c.groupTypes(ctx, project)
	if err != nil {
		return nil
	}
	var out []string
	for i := range 5 {
		if !slices.ContainsFunc(groups, func(g GroupType) bool { return g.Index == i }) {
			out = append(out, "group_"+strconv.Itoa(i), "goe_"+strconv.Itoa(i))
		}
	}
	return out
}

func (c column) field() Field {
	f := Field{Name: c.Name, Write: c.Write, Type: c.Type, Line: c.Line}
	switch {
	case c.Type == "field_traverser" && len(c.Chain) > 0:
		f.Join = strings.Join(c.Chain, ".")
		f.Line = "short for " + f.Join
	case c.joins():
		f.Join = c.Table
		f.Line = "write " + c.Write + ".NAME"
		if len(c.Names) > 0 {
			shown := c.Names[:min(len(c.Names), 12)]
			f.Line += ": " + strings.Join(shown, ", ")
			if len(c.Names) > len(shown) {
				f.Line += fmt.Sprintf(" and %d more", len(c.Names)-len(shown))
			}
		}
	case c.Type == "json":
		f.Line = "JSON: write " + c.Write + ".NAME"
	}
	return f
}

// unknownTable names the nearest tables and events: a bare event name is a common slip.
func (c *Client) unknownTable(ctx context.Context, g *gather, project int64, name string, all catalogueTables) error {
	var known []string
	for _, t := range all.List {
		known = append(known, t.Name)
	}
	known = append(known, "person", "session")
	for _, e := range c.events(ctx, &gather{op: g.op}, project, name) {
		known = append(known, e.Object)
	}
	near := nearest(name, known)
	for _, k := range known {
		if k == "event:"+name {
			near = slices.Insert(slices.DeleteFunc(near, func(n string) bool { return n == k }), 0, k)
		}
	}
	return &Error{Kind: NotFound, Op: g.op, Detail: "no table or view " + strconv.Quote(name) + " in this project", Nearest: near}
}

// eventObject reads an event: its properties, and the ways to persons, sessions and groups.
func (c *Client) eventObject(ctx context.Context, g *gather, project int64, name string, r FieldsRequest) (Object, error) {
	var events []Item
	var props definitions
	parallel(
		func() { events = c.events(ctx, g, project, name) },
		func() {
			defs, at, err := c.propertyDefinitions(ctx, project, propertyKind{Type: "event"}, name, "")
			if g.take("properties", at, err) {
				props = defs
			}
		},
	)
	if err := g.end(); err != nil {
		return Object{}, err
	}
	i := slices.IndexFunc(events, func(e Item) bool { return e.Name == name })
	if i < 0 {
		e := &Error{Kind: NotFound, Op: g.op, Detail: "no event named " + strconv.Quote(name) + " has been seen in this project"}
		var known []string
		for _, it := range events {
			known = append(known, it.Name)
		}
		for _, n := range nearest(name, known) {
			e.Nearest = append(e.Nearest, "event:"+n)
		}
		return Object{}, e
	}
	o := Object{Kind: KindEvent, Name: name, Object: "event:" + name, Line: events[i].Line, Count: events[i].Count, From: "FROM events WHERE event = " + literal(name)}
	o.Fields = propertyFields(propertyKind{Type: "event"}, props.List)
	if props.Capped {
		o.Notes = append(o.Notes, fmt.Sprintf("only the first %d properties are shown: search for others", len(props.List)))
	}
	o.filter(r.Search)
	if r.Samples {
		c.sample(ctx, g, project, &o, "FROM events WHERE event = {event} AND timestamp >= now() - INTERVAL 30 DAY", map[string]any{"event": name})
	}
	o.Fields = append(o.Fields, c.joined(ctx, project, r.Search)...)
	return o, nil
}

// joined are the ways from an event to what belongs to it: in short, or with a search the properties there.
func (c *Client) joined(ctx context.Context, project int64, search string) []Field {
	groups, _, err := c.groupTypes(ctx, project)
	if err != nil {
		groups = nil
	}
	var out []Field
	for _, k := range propertyKinds(groups)[1:] {
		if search == "" {
			out = append(out, Field{Name: k.parent(), Join: k.parent(), Write: strings.TrimSuffix(k.write("x"), "x") + "NAME", Line: "get_fields " + k.parent() + " lists the names"})
			continue
		}
		defs, _, err := c.propertyDefinitions(ctx, project, k, "", "")
		if err != nil {
			continue
		}
		o := Object{Fields: propertyFields(k, defs.List)}
		o.filter(search)
		for _, f := range o.Fields {
			f.Join = k.parent()
			out = append(out, f)
		}
	}
	return out
}

// propertyFields turns definitions into fields, those with a name of the user's own first.
func propertyFields(k propertyKind, defs []definition) []Field {
	out := make([]Field, 0, len(defs))
	for _, d := range defs {
		out = append(out, Field{Name: d.Name, Write: k.write(d.Name), Type: d.PropertyType, Line: d.Description})
	}
	slices.SortStableFunc(out, func(a, b Field) int {
		return cmp.Or(cmp.Compare(btoi(strings.HasPrefix(a.Name, "$")), btoi(strings.HasPrefix(b.Name, "$"))), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func (c *Client) personObject(ctx context.Context, g *gather, project int64, r FieldsRequest) (Object, error) {
	o := Object{Kind: KindTable, Name: "person", Object: "person", Line: "persons and their properties, as known now", From: "FROM events",
		Notes: []string{"in FROM persons write properties.NAME"}}
	err := c.propertiesOf(ctx, g, project, &o, propertyKind{Type: "person"}, r)
	if err == nil && r.Samples {
		c.sample(ctx, g, project, &o, "FROM persons", nil)
	}
	return o, err
}

func (c *Client) groupObject(ctx context.Context, g *gather, project int64, name string, r FieldsRequest) (Object, error) {
	groups, at, err := c.groupTypes(ctx, project)
	if err != nil {
		return Object{}, err
	}
	g.take("group types", at, nil)
	var names []string
	for _, t := range groups {
		if t.Name != name {
			names = append(names, "group:"+t.Name)
			continue
		}
		k := propertyKind{Type: "group", Index: t.Index, Group: t.Name}
		o := Object{Kind: KindGroupType, Name: name, Object: "group:" + name, From: "FROM events", Line: fmt.Sprintf("groups of this type; the key on an event is $group_%d", t.Index),
			Notes: []string{fmt.Sprintf("in FROM groups WHERE index = %d write properties.NAME", t.Index)}}
		err := c.propertiesOf(ctx, g, project, &o, k, r)
		if err == nil && r.Samples {
			c.sample(ctx, g, project, &o, "FROM groups WHERE index = {index}", map[string]any{"index": t.Index})
		}
		return o, err
	}
	near := nearest("group:"+name, names)
	if len(near) == 0 {
		near = names
	}
	return Object{}, &Error{Kind: NotFound, Op: g.op, Detail: "no group type " + strconv.Quote(name) + " in this project", Nearest: near}
}

func (c *Client) propertiesOf(ctx context.Context, g *gather, project int64, o *Object, k propertyKind, r FieldsRequest) error {
	defs, at, err := c.propertyDefinitions(ctx, project, k, "", "")
	if err != nil {
		return err
	}
	g.take("properties", at, nil)
	o.Fields = propertyFields(k, defs.List)
	o.filter(r.Search)
	return nil
}

// sessionObject is the table sessions, read from an event.
func (c *Client) sessionObject(ctx context.Context, g *gather, project int64, r FieldsRequest) (Object, error) {
	o, err := c.tableObject(ctx, g, project, "sessions", r)
	if err != nil {
		return o, err
	}
	o.Object, o.Name, o.From = "session", "session", "FROM sessions"
	o.Notes = append(o.Notes, "from events write session.NAME, for example session.$session_duration")
	return o, nil
}

// propertyObject tells where a property of this name occurs and how to read it there.
func (c *Client) propertyObject(ctx context.Context, g *gather, project int64, name string, r FieldsRequest) (Object, error) {
	groups, _, err := c.groupTypes(ctx, project)
	if err != nil {
		groups = nil
	}
	kinds := propertyKinds(groups)
	found := make([]*Field, len(kinds))
	known := make([][]string, len(kinds))
	var readings []func()
	for i, k := range kinds {
		readings = append(readings, func() {
			defs, at, err := c.propertyDefinitions(ctx, project, k, "", "")
			if err == nil && defs.Capped {
				defs, at, err = c.propertyDefinitions(ctx, project, k, "", name)
			}
			if !g.take("properties", at, err) {
				return
			}
			for _, d := range defs.List {
				known[i] = append(known[i], d.Name)
				if d.Name == name {
					found[i] = &Field{Name: k.parent(), Write: k.write(name), Type: d.PropertyType, Line: d.Description}
				}
			}
		})
	}
	parallel(readings...)
	if err := g.end(); err != nil {
		return Object{}, err
	}
	o := Object{Kind: KindProperty, Name: name, Object: "property:" + name, From: "FROM events"}
	for _, f := range found {
		if f != nil {
			o.Fields = append(o.Fields, *f)
		}
	}
	if len(o.Fields) == 0 {
		e := &Error{Kind: NotFound, Op: g.op, Detail: "no property named " + strconv.Quote(name) + " in this project"}
		for _, n := range nearest(name, slices.Concat(known...)) {
			e.Nearest = append(e.Nearest, "property:"+n)
		}
		return Object{}, e
	}
	if r.Samples {
		c.sample(ctx, g, project, &o, "FROM events WHERE timestamp >= now() - INTERVAL 30 DAY", nil)
	}
	return o, nil
}

// sample fills in the most frequent values of the fields, String ones first, with one query over a bounded
// number of rows. A failure leaves the samples out and is noted.
func (c *Client) sample(ctx context.Context, g *gather, project int64, o *Object, from string, values map[string]any) {
	chosen := sampledFields(o.Fields)
	if len(chosen) == 0 {
		return
	}
	var inner, outer []string
	for n, i := range chosen {
		read := o.Fields[i].Write
		if !strings.HasPrefix(from, "FROM events") { // the table itself: persons, groups
			read = property("properties", o.Fields[i].Name)
		}
		length := sampleLength + 1
		if o.Fields[i].Type == "" { // it may be JSON, which is told by its shape
			length = shapeLength
		}
		inner = append(inner, fmt.Sprintf("left(toString(%s), %d) AS v%d", read, length, n))
		outer = append(outer, fmt.Sprintf("topK(5)(v%d) AS t%d", n, n))
	}
	hogql := "SELECT " + strings.Join(outer, ", ") + " FROM (SELECT " + strings.Join(inner, ", ") + " " + from + " LIMIT " + strconv.Itoa(sampledRows) + ")"
	rows, at, err := fetch(ctx, c, "samples", project, hogql+fmt.Sprint(values), listLife, func(ctx context.Context) ([]Row, error) {
		res, err := c.readColumns(ctx, project, "sample "+o.Object, len(chosen), QueryRequest{HogQL: hogql, Values: values, Name: "posthog-mcp samples"})
		if err != nil {
			return nil, err
		}
		return res.Rows, nil
	})
	if !g.take("samples of "+o.Object, at, err) || len(rows) == 0 {
		return
	}
	lists := rows[0].Values()
	for n, i := range chosen {
		list, _ := lists[n].([]any)
		for _, v := range list {
			s, ok := v.(string)
			if !ok || s == "" {
				continue
			}
			if shape := jsonShape(s); shape != "" {
				if o.Fields[i].Line == "" {
					o.Fields[i].Line = "JSON " + shape
				}
				continue
			}
			o.Fields[i].Samples = append(o.Fields[i].Samples, shorten(s, sampleLength))
		}
	}
}

// sampledFields picks the fields worth samples, by index: a bounded number, texts before numbers.
func sampledFields(fields []Field) []int {
	var out []int
	for _, kinds := range [][]string{{"String"}, {"Boolean", "Numeric", ""}} {
		for i, f := range fields {
			if len(out) < sampledColumns && slices.Contains(kinds, f.Type) && f.Join == "" && f.Write != "" && !strings.HasSuffix(f.Name, "_id") { // values of ids say nothing
				out = append(out, i)
			}
		}
	}
	return out
}
