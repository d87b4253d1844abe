package tools

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// overviewBudget keeps the answer without arguments below 1,500 tokens.
const overviewBudget = 4_300 // characters

// objectsText writes a list of objects, or the overview of a project.
func objectsText(o *driver.Objects, a ListArgs, now time.Time) string {
	if o.Overview != nil {
		return overviewText(o, now)
	}
	var b strings.Builder
	what := plural(o.Total, "entry")
	if o.Total != 1 {
		what = thousands(int64(o.Total)) + " entries"
	}
	if a.Kind != "" {
		what += " of kind " + a.Kind
	}
	if a.Search != "" {
		what += " for " + quoted(a.Search)
	}
	if a.Kind == string(driver.KindProject) {
		fmt.Fprintf(&b, "%s that the key may see\n", what)
	} else {
		fmt.Fprintf(&b, "%s in %s\n", what, projectLabel(o.Project))
	}
	writeNotes(&b, o.Notes)
	if len(o.Items) == 0 {
		b.WriteString("nothing found")
		if a.Search != "" {
			b.WriteString(": try one word, its stem, or another name for it; list_objects without arguments shows what there is")
		}
		return b.String()
	}
	shown := writeItems(&b, o.Items)
	switch {
	case shown < len(o.Items):
		fmt.Fprintf(&b, "%d of %d shown: more do not fit; narrow search or lower limit", shown, o.Total)
	case o.Cursor != "":
		fmt.Fprintf(&b, "%d of %d shown; next page: the same call with cursor=%s", shown, o.Total, quoteJSON(o.Cursor))
	}
	return strings.TrimRight(b.String(), "\n")
}

// writeItems writes one aligned line per item and returns how many fit.
func writeItems(b *strings.Builder, items []driver.Item) int {
	kinds, names, tables := 0, 0, 0
	for _, it := range items {
		kinds = max(kinds, utf8.RuneCountInString(string(it.Kind)))
		names = max(names, min(40, utf8.RuneCountInString(itemName(it))))
	}
	for i, it := range items {
		line := pad(string(it.Kind), kinds) + "  " + pad(itemName(it), names) + "  " + itemLine(it)
		if tables += min(len(it.Columns), 1); tables <= tablesInFull {
			line += columnNames(it)
		}
		line = strings.TrimRight(line, " ") + "\n"
		if b.Len()+len(line) > textBudget-200 {
			return i
		}
		b.WriteString(line)
	}
	return len(items)
}

// Of the tables in a list the first few show the names of their first columns.
const (
	tablesInFull = 3
	columnsShown = 24
)

// columnNames is what a table's line says of its columns; "" for anything else.
func columnNames(it driver.Item) string {
	if len(it.Columns) == 0 {
		return ""
	}
	var names []string
	for _, name := range it.Columns[:min(len(it.Columns), columnsShown)] {
		names = append(names, label(name))
	}
	if more := len(it.Columns) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("+%d more", more))
	}
	return " · columns " + strings.Join(names, ", ")
}

// itemName is an item's name with what it belongs to: "person plan", "events.timestamp".
func itemName(it driver.Item) string {
	switch {
	case it.Parent == "":
		return label(it.Name)
	case it.Kind == driver.KindColumn:
		return label(it.Parent) + "." + label(it.Name)
	default:
		return label(it.Parent) + " " + label(it.Name)
	}
}

// itemLine tells type, number, description, and what to write or to ask.
func itemLine(it driver.Item) string {
	var parts []string
	if it.Type != "" {
		parts = append(parts, sentence(it.Type, 40))
	}
	if it.Count != nil {
		parts = append(parts, thousands(*it.Count)+" in 30 d")
	}
	if it.Line != "" {
		parts = append(parts, sentence(it.Line, 160))
	}
	readable := it.Kind == driver.KindProperty || it.Kind == driver.KindColumn
	switch {
	case it.Write != "" && (readable || it.Object == ""):
		parts = append(parts, visible(it.Write))
	case it.Object != "" && it.Kind != driver.KindProject:
		parts = append(parts, "get_fields "+label(it.Object))
	}
	return strings.Join(parts, " · ")
}

func overviewText(o *driver.Objects, now time.Time) string {
	v := o.Overview
	var b strings.Builder
	b.WriteString(projectLabel(o.Project))
	if o.Project.TimeZone != "" {
		b.WriteString(" · time zone " + o.Project.TimeZone)
	}
	if !o.AsOf.IsZero() {
		b.WriteString(" · as of " + clock(o.AsOf))
		if age := now.Sub(o.AsOf); age >= 2*time.Second {
			b.WriteString(" (cached " + ago(age) + ")")
		}
	}
	b.WriteString("\n")
	writeNotes(&b, o.Notes)

	b.WriteString("\ntables (write them after FROM)\n")
	for _, f := range v.Families {
		if len(f.Tables) == 0 {
			continue
		}
		room, name, prefix := 420, strings.ReplaceAll(f.Name, "_", " "), ""
		if f.Name == "system" {
			name, room, prefix = "system.* saved things", 330, "system."
		}
		names := make([]string, len(f.Tables))
		for i, t := range f.Tables {
			names[i] = label(strings.TrimPrefix(t.Name, prefix))
			if t.Count != nil {
				names[i] += " " + thousands(*t.Count) + "/30 d"
			}
		}
		list, left := upTo(names, room)
		fmt.Fprintf(&b, "  %s: %s", name, list)
		if left > 0 {
			fmt.Fprintf(&b, " · +%d more: list_objects kind=%s", left, familyKind(f.Name))
		}
		b.WriteString("\n")
	}

	var groups strings.Builder
	if len(v.GroupTypes) > 0 {
		names := make([]string, len(v.GroupTypes))
		for i, g := range v.GroupTypes {
			names[i] = fmt.Sprintf("%s (group_%d)", label(g.Name), g.Index)
		}
		fmt.Fprintf(&groups, "\ngroup types: %s\n", strings.Join(names, " · "))
	}
	next := "next: list_objects search=\"…\" finds any of these by a word; get_fields objects=[\"events\",\"event:NAME\"] shows what to select"
	writeFrequent(&b, v, overviewBudget-b.Len()-groups.Len()-len(next)-120)
	b.WriteString(groups.String())
	b.WriteString(next)
	return b.String()
}

// writeFrequent writes the most frequent events within room bytes.
func writeFrequent(b *strings.Builder, v *driver.Overview, room int) {
	if len(v.Events) == 0 {
		b.WriteString("\nevents: none in the last 30 days\n")
		return
	}
	names := make([]string, len(v.Events))
	for i, e := range v.Events {
		names[i] = label(e.Name)
		if e.Count != nil {
			names[i] += " " + thousands(*e.Count)
		}
	}
	list, left := upTo(names, room)
	shown := len(names) - left
	fmt.Fprintf(b, "\nevents, 30 days (%d of %d shown", shown, max(v.EventsTotal, shown))
	if more := v.EventsTotal - shown; more > 0 {
		fmt.Fprintf(b, ", %d more: list_objects kind=event", more)
	}
	fmt.Fprintf(b, ")\n  %s\n", list)
}

func familyKind(family string) string {
	if family == "view" {
		return "view"
	}
	return "table"
}

// upTo joins as many names as fit in room bytes, at least one, and tells how many are left.
func upTo(names []string, room int) (list string, left int) {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			if b.Len()+len(n)+4 > room {
				return b.String(), len(names) - i
			}
			b.WriteString(" · ")
		}
		b.WriteString(n)
	}
	return b.String(), 0
}

// fieldsText writes how to read each object. Objects share the budget of one answer.
func fieldsText(f *driver.Fields, search string) string {
	var b strings.Builder
	b.WriteString(projectLabel(f.Project) + "\n")
	writeNotes(&b, f.Notes)
	share := (textBudget - b.Len() - 200) / max(1, len(f.Objects))
	for _, o := range f.Objects {
		writeObject(&b, o, search, share)
	}
	return strings.TrimRight(b.String(), "\n")
}

func writeObject(b *strings.Builder, o driver.Object, search string, room int) {
	start := b.Len()
	parts := []string{label(o.Object)}
	if o.Object == "" {
		parts[0] = label(o.Name)
	}
	if o.Name != "" && !strings.HasSuffix(o.Object, o.Name) {
		parts = append(parts, quoted(o.Name))
	}
	if o.Count != nil {
		parts = append(parts, thousands(*o.Count)+" in 30 d")
	}
	if o.Line != "" {
		parts = append(parts, sentence(o.Line, 300))
	}
	if o.From != "" {
		parts = append(parts, visible(o.From))
	}
	b.WriteString(strings.Join(parts, " · ") + "\n")
	for _, n := range o.Notes {
		b.WriteString("  note: " + sentence(n, 400) + "\n")
	}
	if o.HogQL != "" {
		b.WriteString("  hogql: " + oneLine(o.HogQL, room/2) + "\n")
	}
	if len(o.Definition) > 0 {
		b.WriteString("  definition: " + oneLine(string(encodeJSON(o.Definition)), min(3000, room/3)) + "\n")
	}
	shown := writeFields(b, o.Fields, room-(b.Len()-start))
	if cut := len(o.Fields) - shown; cut > 0 {
		fmt.Fprintf(b, "  …%d more fields: search=\"…\" narrows them\n", cut)
	}
	if len(o.Fields) == 0 && search != "" && o.Hidden > 0 {
		fmt.Fprintf(b, "  none of the %s matches %s\n", plural(o.Hidden, "field"), quoted(search))
	} else if o.Hidden > 0 {
		fmt.Fprintf(b, "  …%s left out by search=%s\n", plural(o.Hidden, "field"), quoted(search))
	}
}

// writeFields writes one aligned line per field and returns how many fit in room bytes.
func writeFields(b *strings.Builder, fields []driver.Field, room int) int {
	writes, types := 0, 0
	for _, f := range fields {
		writes = max(writes, min(44, utf8.RuneCountInString(fieldText(f))))
		types = max(types, min(24, utf8.RuneCountInString(fieldType(f))))
	}
	start := b.Len()
	for i, f := range fields {
		var parts []string
		if f.Join != "" {
			parts = append(parts, "leads to "+label(f.Join))
		}
		for _, v := range f.Samples {
			parts = append(parts, sample(v))
		}
		if f.Line != "" {
			parts = append(parts, sentence(f.Line, 200))
		}
		line := "  " + pad(fieldText(f), writes) + "  " + pad(fieldType(f), types) + "  " + strings.Join(parts, " · ")
		line = strings.TrimRight(line, " ") + "\n"
		if b.Len()-start+len(line) > room-80 {
			return i
		}
		b.WriteString(line)
	}
	return len(fields)
}

func fieldText(f driver.Field) string {
	if f.Write != "" {
		return visible(f.Write)
	}
	return label(f.Name)
}

func fieldType(f driver.Field) string { return sentence(f.Type, 60) }

// sample writes a value from the data: as it is where that is plain, else quoted, cut at 60 characters.
func sample(v string) string {
	s := label(shorten(v, 60))
	if s == `""` {
		return "(empty)"
	}
	return s
}

// oneLine writes SQL or JSON on one line within n characters. SQL that parses is printed from its tree.
func oneLine(s string, n int) string {
	if q, err := hogql.Parse(s); err == nil {
		s = hogql.Print(q)
	}
	return visible(shorten(strings.TrimSpace(s), n))
}

func writeNotes(b *strings.Builder, notes []string) {
	for _, n := range notes {
		b.WriteString("note: " + sentence(n, 400) + "\n")
	}
}

func pad(s string, width int) string {
	if n := utf8.RuneCountInString(s); n < width {
		return s + strings.Repeat(" ", width-n)
	}
	return s
}
