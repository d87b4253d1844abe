package driver

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	savedCap       = 2000 // saved objects of one kind that are listed, newest first
	definitionSize = 12 << 10
	longText       = 1500 // characters of one text in a definition
)

// savedKind tells where the saved objects of one kind stand and how they are named there.
type savedKind struct {
	kind  ObjectKind
	table string
	id    string // the column that GetFields goes by
	name  string
	line  string // an expression of type String
	where string
	order string
}

func savedKinds() []savedKind {
	const alive = "deleted = 0"
	return []savedKind{
		{KindInsight, "system.insights", "short_id", "name", "concat(" + insightKind + ", ' · ', ifNull(description, ''))", alive + " AND saved = 1", "id DESC"},
		{KindDashboard, "system.dashboards", "id", "name", "ifNull(description, '')", alive, "id DESC"},
		{KindCohort, "system.cohorts", "id", "name", "concat(toString(ifNull(count, 0)), ' persons · ', ifNull(description, ''))", alive, "id DESC"},
		{KindAction, "system.actions", "id", "name", "ifNull(description, '')", alive, "id DESC"},
		{KindFeatureFlag, "system.feature_flags", "key", "key", "ifNull(name, '')", alive, "id DESC"},
		{KindExperiment, "system.experiments", "id", "name", "concat(if(isNull(start_date), 'draft', if(isNull(end_date), 'running', 'ended')), ' · ', ifNull(description, ''))", "archived = 0", "id DESC"},
		{KindSurvey, "system.surveys", "id", "name", "ifNull(type, '')", "1 = 1", "created_at DESC"},
	}
}

// insightKind is the kind of an insight's query: that of its source where it has one.
const insightKind = "if(JSONExtractString(query, 'source', 'kind') != '', JSONExtractString(query, 'source', 'kind'), JSONExtractString(query, 'kind'))"

// list writes the branch of one kind; search adds a filter by the bound value {pattern}.
func (k savedKind) list(search bool) string {
	q := "SELECT '" + string(k.kind) + "' AS kind, toString(" + k.id + ") AS ref, ifNull(" + k.name + ", '') AS title, " + k.line + " AS line FROM " + k.table + " WHERE " + k.where
	if search {
		q += " AND " + k.name + " ILIKE {pattern}"
	}
	return q + " ORDER BY " + k.order + " LIMIT " + strconv.Itoa(savedCap)
}

// savedObjects are the saved objects of some kinds; Capped names the kinds of which only the newest were read.
type savedObjects struct {
	Items  []Item
	Capped []ObjectKind
}

// saved lists saved objects of the wanted kinds, in one query where that works, else kind by kind: a key
// that may not read one table gets an error for the whole query.
func (c *Client) saved(ctx context.Context, g *gather, project int64, wanted func(ObjectKind) bool, search string) []Item {
	var kinds []savedKind
	for _, k := range savedKinds() {
		if wanted(k.kind) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	if len(kinds) > 1 {
		if all, at, err := c.savedOf(ctx, project, kinds, ""); err == nil {
			g.take("saved objects", at, nil)
			return c.beyondCap(ctx, g, project, all, search)
		} else if !splits(err) {
			g.take("saved objects", at, err)
			return nil
		}
	}
	parts := make([]savedObjects, len(kinds))
	var readings []func()
	for i, k := range kinds {
		readings = append(readings, func() {
			part, at, err := c.savedOf(ctx, project, []savedKind{k}, "")
			if g.take(string(k.kind)+"s", at, err) {
				parts[i] = part
			}
		})
	}
	parallel(readings...)
	var all savedObjects
	for _, p := range parts {
		all.Items = append(all.Items, p.Items...)
		all.Capped = append(all.Capped, p.Capped...)
	}
	return c.beyondCap(ctx, g, project, all, search)
}

// splits tells failures of one table, which the others need not share.
func splits(err error) bool {
	switch kindOf(err) {
	case Invalid, Forbidden, NotFound, TooSlow, TooLarge, Internal:
		return true
	default:
		return false
	}
}

// beyondCap asks PostHog for matches among objects that were too many to list.
func (c *Client) beyondCap(ctx context.Context, g *gather, project int64, all savedObjects, search string) []Item {
	if len(all.Capped) == 0 || search == "" {
		return all.Items
	}
	var kinds []savedKind
	for _, k := range savedKinds() {
		if slices.Contains(all.Capped, k.kind) {
			kinds = append(kinds, k)
		}
	}
	more, at, err := c.savedOf(ctx, project, kinds, search)
	if !g.take("older saved objects", at, err) {
		return all.Items
	}
	all.Items = slices.Clone(all.Items) // the list itself is kept for others
	for _, it := range more.Items {
		if !slices.ContainsFunc(all.Items, func(have Item) bool { return have.Object == it.Object }) {
			all.Items = append(all.Items, it)
		}
	}
	return all.Items
}

func (c *Client) savedOf(ctx context.Context, project int64, kinds []savedKind, search string) (savedObjects, stamp, error) {
	branches := make([]string, len(kinds))
	names := ""
	for i, k := range kinds {
		branches[i] = "(" + k.list(search != "") + ")"
		names += string(k.kind) + " "
	}
	return fetch(ctx, c, "saved objects", project, names+"\x00"+search, listLife, func(ctx context.Context) (savedObjects, error) {
		q := QueryRequest{Name: "posthog-mcp saved objects",
			HogQL: "SELECT kind, ref, title, line FROM (" + strings.Join(branches, " UNION ALL ") + ") LIMIT 50000"}
		if search != "" {
			q.Values = map[string]any{"pattern": "%" + strings.Join(strings.Fields(search), "%") + "%"}
		}
		res, err := c.readColumns(ctx, project, "list saved objects", 4, q)
		if err != nil {
			return savedObjects{}, err
		}
		var out savedObjects
		seen := map[ObjectKind]int{}
		for _, row := range res.Rows {
			it := savedItem(row.Values())
			seen[it.Kind]++
			out.Items = append(out.Items, it)
		}
		for _, k := range kinds {
			if seen[k.kind] >= savedCap {
				out.Capped = append(out.Capped, k.kind)
			}
		}
		return out, nil
	})
}

func savedItem(row []any) Item {
	cell := func(i int) string { s, _ := row[i].(string); return strings.ToValidUTF8(s, "�") } // a name must find its object again
	it := Item{Kind: ObjectKind(cell(0)), Name: redact(cell(2)), Line: shorten(strings.Trim(clean(cell(3)), " ·"), excerptLength)}
	it.Object = string(it.Kind) + ":" + cell(1)
	if it.Name == "" {
		it.Name = cell(1)
	}
	switch it.Kind {
	case KindCohort:
		it.Write = "person_id IN COHORT " + cell(1)
	case KindAction:
		it.Write = "matchesAction(" + cell(1) + ")"
	case KindInsight:
		kind, rest, more := strings.Cut(it.Line, " · ")
		if it.Line = queryKind(kind); more {
			it.Line += " · " + rest
		}
	}
	return it
}

// queryKind says the kind of an insight's query in a word: FunnelsQuery is "funnel".
func queryKind(kind string) string {
	if kind == "HogQLQuery" {
		return "SQL"
	}
	return strings.TrimSuffix(strings.ToLower(strings.TrimSuffix(kind, "Query")), "s")
}

// savedColumns are the columns of a saved object's definition, in the order in which they are shown.
func savedColumns(kind ObjectKind) []string {
	switch kind {
	case KindInsight:
		return []string{"id", "short_id", "name", "description", "created_at", "last_modified_at", "query"}
	case KindDashboard:
		return []string{"id", "name", "description", "created_at", "filters", "variables"}
	case KindCohort:
		return []string{"id", "name", "description", "count", "is_static", "last_calculation", "filters", "query"}
	case KindAction:
		return []string{"id", "name", "description", "updated_at", "steps_json"}
	case KindFeatureFlag:
		return []string{"id", "key", "name", "created_at", "filters"}
	case KindExperiment:
		return []string{"id", "name", "description", "start_date", "end_date", "feature_flag_id", "parameters", "filters"}
	case KindSurvey:
		return []string{"id", "name", "type", "start_date", "end_date", "questions"}
	default:
		return nil
	}
}

// savedObject reads one saved object by the id (or key, or short id) that a list shows.
func (c *Client) savedObject(ctx context.Context, g *gather, project int64, kind ObjectKind, id string) (Object, error) {
	all := savedKinds()
	k := all[slices.IndexFunc(all, func(k savedKind) bool { return k.kind == kind })]
	columns := savedColumns(kind)
	at := time.Now()
	where := "toString(" + k.id + ") = {id}"
	if k.id != "id" {
		where = "(" + where + " OR toString(id) = {id})"
	}
	res, err := c.readColumns(ctx, project, "read "+string(kind), len(columns), QueryRequest{Name: "posthog-mcp " + string(kind), Values: map[string]any{"id": id},
		HogQL: "SELECT " + strings.Join(columns, ", ") + " FROM " + k.table + " WHERE " + where + " LIMIT 1"})
	if err != nil {
		return Object{}, err
	}
	if len(res.Rows) == 0 {
		named := c.savedNamed(ctx, project, kind, id)
		if named == "" || named == id {
			return Object{}, c.unknownSaved(ctx, g, project, kind, id)
		}
		return c.savedObject(ctx, g, project, kind, named)
	}
	g.take(string(kind), stamp{at: at}, nil)
	o := Object{Kind: kind, Object: string(kind) + ":" + id}
	row := res.Rows[0].Values()
	cell := func(name string) string {
		if i := slices.Index(columns, name); i >= 0 {
			text, _ := row[i].(string)
			return clean(text)
		}
		return ""
	}
	o.Name, o.Line = cmp.Or(cell("key"), cell("name"), cell("short_id"), id), shorten(cell("description"), excerptLength)
	o.Definition = savedDefinition(columns, row)
	c.describeSaved(ctx, g, project, &o, id, columns, row)
	return o, nil
}

// savedNamed returns the id of the one saved object of this name, whatever its case; "" where none has it, or many.
func (c *Client) savedNamed(ctx context.Context, project int64, kind ObjectKind, name string) string {
	found, flat := "", flatten(name)
	if flat == "" {
		return ""
	}
	for _, it := range c.saved(ctx, &gather{}, project, func(k ObjectKind) bool { return k == kind }, name) {
		if flatten(it.Name) != flat {
			continue
		}
		if found != "" {
			return ""
		}
		_, found, _ = strings.Cut(it.Object, ":")
	}
	return found
}

// unknownSaved names the nearest saved objects, by name and by id.
func (c *Client) unknownSaved(ctx context.Context, g *gather, project int64, kind ObjectKind, id string) error {
	var known []string
	byName := map[string]string{}
	for _, it := range c.saved(ctx, &gather{op: g.op}, project, func(k ObjectKind) bool { return k == kind }, "") {
		_, ref, _ := strings.Cut(it.Object, ":")
		known = append(known, ref, it.Name)
		byName[it.Name], byName[ref] = it.Object, it.Object
	}
	e := &Error{Kind: NotFound, Op: g.op, Status: 0, Detail: "no " + strings.ReplaceAll(string(kind), "_", " ") + " " + strconv.Quote(id) + " in this project"}
	for _, n := range nearest(id, known) {
		if object := byName[n]; !slices.Contains(e.Nearest, object) {
			e.Nearest = append(e.Nearest, object)
		}
	}
	return e
}

// describeSaved adds what follows from a definition: the SQL behind an object, or how to use it in SQL.
func (c *Client) describeSaved(ctx context.Context, g *gather, project int64, o *Object, id string, columns []string, row []any) {
	cell := func(name string) any { return row[slices.Index(columns, name)] }
	switch o.Kind {
	case KindInsight:
		var kind string
		o.HogQL, kind = hogqlOf(cell("query"))
		if o.HogQL == "" {
			o.Notes = append(o.Notes, "made of a "+kind+", which is no SQL: the definition says what it counts")
		}
	case KindCohort:
		o.HogQL, _ = hogqlOf(cell("query"))
		o.From = "FROM events WHERE person_id IN COHORT " + id
	case KindAction:
		o.From = "FROM events WHERE matchesAction(" + id + ")"
	case KindFeatureFlag:
		key, _ := cell("key").(string) // as it is: cleaned it would be another flag's
		o.From = "FROM events WHERE event = '$feature_flag_called' AND properties.$feature_flag = " + literal(key)
	case KindDashboard:
		c.tiles(ctx, g, project, o, cell("id"))
	default:
	}
}

// tiles names the insights on a dashboard, as fields to go on with.
func (c *Client) tiles(ctx context.Context, g *gather, project int64, o *Object, id any) {
	res, err := c.readColumns(ctx, project, "read dashboard tiles", 3, QueryRequest{Name: "posthog-mcp dashboard tiles", Values: map[string]any{"id": id},
		HogQL: "SELECT short_id, ifNull(name, ''), " + insightKind + " AS kind FROM system.insights WHERE id IN " +
			"(SELECT insight_id FROM system.dashboard_tiles WHERE dashboard_id = {id} AND insight_id IS NOT NULL) AND deleted = 0 ORDER BY id LIMIT 200"})
	if err != nil {
		g.take("tiles of the dashboard", stamp{}, err)
		return
	}
	for _, r := range res.Rows {
		row := r.Values()
		short, _ := row[0].(string)
		name, _ := row[1].(string)
		kind, _ := row[2].(string)
		o.Fields = append(o.Fields, Field{Name: clean(name), Write: "insight:" + clean(short), Type: clean(kind), Line: "get_fields shows it"})
	}
}

// hogqlOf finds the SQL in an insight's or a cohort's query, and the kind of the query.
func hogqlOf(cell any) (hogql, kind string) {
	type node struct {
		Kind   string          `json:"kind"`
		Query  json.RawMessage `json:"query"`
		Source json.RawMessage `json:"source"`
	}
	raw := rawJSON(cell)
	for range 3 {
		var n node
		if json.Unmarshal(raw, &n) != nil {
			return "", kind
		}
		if kind = n.Kind; kind == "HogQLQuery" {
			var q string
			_ = json.Unmarshal(n.Query, &q)
			return q, kind
		}
		if raw = n.Source; len(raw) == 0 {
			raw = n.Query
		}
	}
	return "", kind
}

// savedDefinition writes the columns of a row as one JSON object: empty ones left out, JSON columns as JSON,
// long texts shortened. Above a size only the small columns stay.
func savedDefinition(columns []string, row []any) json.RawMessage {
	for _, most := range []int{definitionSize, 2000} {
		var b strings.Builder
		b.WriteByte('{')
		for i, name := range columns {
			cell := row[i]
			if s, ok := cell.(string); cell == nil || ok && (s == "" || s == "{}" || s == "[]" || s == "null") {
				continue
			}
			raw := shortenJSON(rawJSON(cell))
			if len(raw) > most {
				raw, _ = json.Marshal("left out: " + strconv.Itoa(len(raw)) + " bytes of JSON")
			}
			if b.Len() > 1 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Quote(name) + ":")
			b.Write(raw)
		}
		b.WriteByte('}')
		if b.Len() <= definitionSize {
			return json.RawMessage(b.String())
		}
	}
	return json.RawMessage(`{}`)
}

// shortenJSON cuts long texts inside a JSON value.
func shortenJSON(raw json.RawMessage) json.RawMessage {
	if len(raw) <= longText {
		return raw
	}
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return raw
	}
	out, err := json.Marshal(shortenTexts(v))
	if err != nil {
		return raw
	}
	return out
}

func shortenTexts(v any) any {
	switch v := v.(type) {
	case string:
		return shorten(v, longText)
	case []any:
		for i := range v {
			v[i] = shortenTexts(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = shortenTexts(v[k])
		}
	}
	return v
}
