package hogql

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// catalogueJSON is the form in which a catalogue is written: the part "catalogue" of what
// `posthog-mcp objects --json` prints.
type catalogueJSON struct {
	Tables     []tableJSON    `json:"tables"`
	Complete   bool           `json:"complete"`
	Events     []eventJSON    `json:"events"`
	Properties []propertyJSON `json:"properties"`
	Cohorts    []cohortJSON   `json:"cohorts"`
	GroupTypes []groupJSON    `json:"group_types"`
}

type tableJSON struct {
	Name    string       `json:"name"`
	Columns []columnJSON `json:"columns"`
}

type columnJSON struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"`
	Table string   `json:"table"`
	Chain []string `json:"chain"`
	Names []string `json:"names"`
}

type eventJSON struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

type propertyJSON struct {
	Entity string `json:"entity"`
	Name   string `json:"name"`
	Type   string `json:"type"`
}

type cohortJSON struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type groupJSON struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
}

// ReadCatalogue reads the catalogue that `posthog-mcp objects --json` prints, and adds PostHog's own tables.
// A part that is null or missing in it, because the key could not read it, is not judged. The error says what
// the data is not.
func ReadCatalogue(data []byte) (*Catalogue, error) {
	var file struct {
		Catalogue *catalogueJSON `json:"catalogue"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	if file.Catalogue == nil {
		return nil, errors.New(`read catalogue: the JSON has no member "catalogue"; posthog-mcp objects --json, without a search, writes it`)
	}
	return BuiltIn().With(file.Catalogue.catalogue()), nil
}

func (j *catalogueJSON) catalogue() *Catalogue {
	c := &Catalogue{Tables: map[string]*CatalogueTable{}, Complete: j.Complete, Joins: j.Complete}
	for _, t := range j.Tables {
		table := &CatalogueTable{Name: t.Name, Open: t.Columns == nil}
		for _, col := range t.Columns {
			table.Columns = append(table.Columns, col.column())
		}
		if t.Name == "events" {
			for _, g := range j.GroupTypes {
				table.Columns = append(table.Columns, CatalogueColumn{Name: g.Name, Table: "groups", Hidden: true})
			}
		}
		table.index()
		c.Tables[t.Name] = table
	}
	if j.Events != nil {
		c.Events = map[string]int64{}
		for _, e := range j.Events {
			c.Events[e.Name] = e.Count
		}
	}
	if j.Properties != nil {
		c.Properties = map[string]map[string]string{}
		for _, p := range j.Properties {
			if c.Properties[p.Entity] == nil {
				c.Properties[p.Entity] = map[string]string{}
			}
			c.Properties[p.Entity][p.Name] = p.Type
		}
	}
	if j.Cohorts != nil {
		c.Cohorts = map[string]int64{}
		for _, h := range j.Cohorts {
			c.Cohorts[h.Name] = h.ID
		}
	}
	return c
}

// column turns PostHog's types of fields into those of the checker. A view that is read as a field is a join.
func (j *columnJSON) column() CatalogueColumn {
	col := CatalogueColumn{Name: j.Name}
	switch kind := strings.ToLower(j.Type); kind {
	case "lazy_table", "view", "materialized_view":
		col.Table, col.Hidden = j.Table, true
		if j.Table == "" {
			col.Table = "?"
		}
	case "virtual_table":
		col.Hidden = true
		for _, name := range j.Names {
			col.Fields = append(col.Fields, CatalogueColumn{Name: name})
		}
	case "field_traverser":
		col.Chain, col.Hidden = j.Chain, true
	case "string", "integer", "float", "decimal", "datetime", "date", "boolean", "array", "json":
		col.Type = kind
	}
	return col
}
