package sandbox

import (
	"posthog-mcp/internal/hogql"
	"posthog-mcp/internal/sandbox/compile"
	"posthog-mcp/internal/sandbox/sample"
)

// compileProject returns what the meaning of a query depends on in a project, for a key with these scopes.
func (s *Server) compileProject(p *project, scopes []string) compile.Project {
	c := compile.Project{
		ID: p.ID, TimeZone: p.TimeZone, WeekStart: p.WeekStart, GroupTypes: p.GroupTypes, Tables: p.Tables, Now: s.now,
		Properties: map[compile.PropertyKey]string{},
		Scopes:     func(scope string) bool { return allows(scopes, scope+":read") },
	}
	for _, d := range p.Properties {
		if d.PropertyType != "" {
			c.Properties[compile.PropertyKey{Entity: d.Type, Group: d.GroupTypeIndex, Name: d.Name}] = d.PropertyType
		}
	}
	for _, cohort := range p.Cohorts {
		c.Cohorts = append(c.Cohorts, compile.Cohort{ID: cohort.ID, Name: cohort.Name})
	}
	for _, a := range p.Actions {
		action := compile.Action{ID: a.ID, Name: a.Name}
		for _, step := range a.Steps {
			action.Steps = append(action.Steps, compile.Step{
				Event: step.Event, URL: step.URL, URLMatching: step.URLMatching, Where: stepCondition(p, step.Properties),
			})
		}
		c.Actions = append(c.Actions, action)
	}
	return c
}

// stepCondition returns the conditions of an action's step on properties; nil for none. One that cannot be
// read matches nothing.
func stepCondition(p *project, list []sample.PropertyFilter) hogql.Expr {
	var all []hogql.Expr
	for _, own := range list {
		f, err := ownFilter(own)
		if err == nil {
			var e hogql.Expr
			if e, err = f.condition(p); err == nil {
				all = append(all, e)
			}
		}
		if err != nil {
			all = append(all, &hogql.Bool{Value: false})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return allOf(all)
}

// ownFilter returns a filter of the sample data as requests write it.
func ownFilter(own sample.PropertyFilter) (propertyFilter, error) {
	value, err := marshal(own.Value)
	return propertyFilter{Key: own.Key, Type: own.Type, Value: value, Operator: own.Operator}, err
}
