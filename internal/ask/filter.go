package ask

import (
	"fmt"
	"slices"
	"strings"

	"posthog-mcp/internal/driver"
	"posthog-mcp/internal/hogql"
)

// condition is a filter that is not yet HogQL: which property is meant and how its values are written may need details.
type condition struct {
	prop  propMention
	of    *Property // settled already
	op    hogql.Op
	not   bool
	null  bool // whether it is set: not means that it is
	texts []string
	expr  hogql.Expr // settled already
	text  string
}

// filters takes conditions that name their property: where plan is pro, with rating over 3.
func (p *planner) filters() *Refusal {
	if m, ok := p.take("excluding|exclude|without|except|except|not|no|ignoring|ignore counting|including|for? the|our|any? internal|test|staff|employee and|or? test|internal? users|user|accounts|account|traffic|people|employees?",
		"excluding|exclude|without|except|ignoring|ignore the|our? team|staff|employees|ourselves"); ok {
		_, x := TestAccounts(p.x.project)
		if x == nil {
			return p.refuse("the project has no filter for its own people that is a plain condition, so %s is not known", quoted(rawText(p.toks[m.from:m.to])))
		}
		p.conditions = append(p.conditions, condition{expr: x, text: "without test accounts"})
	}
	for i := range p.toks {
		c, to, ok := p.operator(i)
		if !ok {
			continue
		}
		prop, ok := p.propertyBefore(i)
		if !ok || p.isVerb(prop.from, prop, c) {
			continue
		}
		c.prop = prop
		from := prop.from
		for from > 0 && !p.toks[from-1].used && p.toks[from-1].is("where|with|whose|when|having|and|a|an|the|for|on|their") {
			from--
		}
		p.use(from, to)
		p.conditions = append(p.conditions, c)
	}
	return nil
}

// isVerb tells that what looks like a condition is an event: movies were watched.
func (p *planner) isVerb(i int, prop propMention, c condition) bool {
	if c.op != hogql.OpEq || i > 0 && p.toks[i-1].is("where|whose|when|having") {
		return false
	}
	m, r := p.eventAt(i)
	return r == nil && m.to > prop.to
}

// propertyBefore is the longest phrase that names a property and ends at token i.
func (p *planner) propertyBefore(i int) (propMention, bool) {
	for n := min(5, i); n >= 1; n-- {
		if prop, ok := p.propertyAt(i - n); ok && prop.to == i {
			return prop, true
		}
	}
	return propMention{}, false
}

// operator reads a condition at token i, behind the name of a property.
func (p *planner) operator(i int) (condition, int, bool) {
	c := condition{op: hogql.OpEq}
	for _, o := range []struct {
		pattern string
		op      hogql.Op
		not     bool
	}{
		{"is|was|are|were? greater|more|higher|larger than or equal to?", hogql.OpGreaterEq, false}, {"is|was|are|were? less|lower|smaller than or equal to?", hogql.OpLessEq, false},
		{"is|was|are|were greater|more|higher|larger|bigger than", hogql.OpGreater, false},
		{"is|was|of? greater|more|higher|larger than", hogql.OpGreater, false}, {"is|was|are|of? over|above|>", hogql.OpGreater, false}, {"is|was|of? at least|minimum", hogql.OpGreaterEq, false}, {">=", hogql.OpGreaterEq, false},
		{"is|was|of? less|lower|smaller|fewer than", hogql.OpLess, false}, {"is|was|are|of? under|below|<", hogql.OpLess, false}, {"is|was|of? at most", hogql.OpLessEq, false}, {"<=", hogql.OpLessEq, false},
		{"is|was|are|were not", hogql.OpEq, true}, {"isn|wasn|aren t", hogql.OpEq, true}, {"!=", hogql.OpEq, true},
		{"is|was|are|were|equals|=|==|of|equal|: to?", hogql.OpEq, false},
	} {
		m, ok := p.follows(i, o.pattern)
		if !ok {
			continue
		}
		if s, isSet := p.follows(m.to, "set|unset|empty|missing|present|known|unknown"); isSet && o.op == hogql.OpEq {
			c.null, c.not = true, o.not != p.toks[s.from].is("set|present|known")
			return c, s.to, true
		}
		values, to := p.listAt(m.to)
		if len(values) == 0 {
			continue
		}
		if p.toks[m.from].is("of") && !slices.ContainsFunc(p.toks[m.to:to], func(t token) bool { return t.quoted || t.is("#") }) { // count of signups
			continue
		}
		c.op, c.not, c.texts = o.op, o.not, values
		return c, to, true
	}
	return condition{}, 0, false
}

// listAt reads values: pro, "pro" or basic.
func (p *planner) listAt(i int) ([]string, int) {
	var out []string
	for i < len(p.toks) {
		t := p.toks[i]
		if t.used || !t.word && !t.quoted || !t.quoted && len(out) == 0 && t.is("the|a|an|not|in|on|there|any|per|by|each") {
			break
		}
		out = append(out, t.raw)
		i++
		if m, ok := p.follows(i, "or|,"); ok && i+1 < len(p.toks) && !p.toks[m.to-1].used {
			i = m.to
			continue
		}
		break
	}
	return out, i
}

// found is a value that was seen in a property.
type found struct {
	prop  Property
	value string
}

// valuesLike are the seen values that a phrase may mean, those of the nearest kind of property only.
func (p *planner) valuesLike(said []token) []found {
	text := rawLower(said)
	if code, ok := p.x.countries[text]; ok {
		if len(said) == 1 && (text == "us" || text == "in" || text == "it") && said[0].raw != strings.ToUpper(said[0].raw) {
			return nil // the words
		}
		if i := p.x.eventProperty("$geoip_country_code"); i >= 0 {
			return []found{{p.x.props[i], code}}
		}
	}
	flat, root := flatten(text), ""
	if len(said) == 1 {
		root = said[0].stem
	}
	if p.seenValues == nil {
		p.seenValues = p.seen()
	}
	if flat == "" {
		return nil
	}
	var out []found
	rank := 9
	for _, s := range p.seenValues {
		for k, v := range s.values {
			if s.flat[k] != flat && (root == "" || s.stems[k] != root) {
				continue
			}
			switch {
			case s.rank < rank:
				out, rank = []found{{s.prop, v}}, s.rank
			case s.rank == rank && !slices.ContainsFunc(out, func(f found) bool {
				return f.value == v && f.prop.Name == s.prop.Name && f.prop.Entity == s.prop.Entity && f.prop.Group == s.prop.Group
			}):
				out = append(out, found{s.prop, v})
			}
		}
	}
	return out
}

// sampled is a property with the values that were seen in it.
type sampled struct {
	prop   Property
	values []string
	flat   []string // of the values
	stems  []string
	rank   int // which is preferred where two have a value: 0 first
}

// seen are the values in the details.
func (p *planner) seen() []sampled {
	var out []sampled
	for _, o := range p.o.Details {
		entity, own := "event", false
		switch {
		case o.Object == "person":
			entity = "person"
		case strings.HasPrefix(o.Object, "group:"):
			entity = "group"
		default:
			own = slices.Contains(p.mentioned, o.Name)
		}
		for _, f := range o.Fields {
			s := sampled{prop: Property{Entity: entity, Name: f.Name, Type: f.Type}, values: f.Samples}
			switch {
			case f.Join != "" || f.Type != "String" || strings.HasPrefix(f.Name, "$initial_") || strings.HasPrefix(f.Name, "$feature/"):
				continue
			case slices.Contains([]string{"$current_url", "$host", "$lib", "$lib_version", "$session_id", "$window_id", "gclid", "$geoip_country_name", "$geoip_country_code", "app_version"}, f.Name):
				continue
			case entity == "event" && own && !strings.HasPrefix(f.Name, "$"):
				s.rank = 0
			case entity == "event" && strings.HasPrefix(f.Name, "$"):
				s.rank = 1
			case entity == "person":
				s.rank = 2
			case entity == "group":
				s.rank = 3
				for _, g := range p.x.groups {
					if o.Object == "group:"+g.Name {
						s.prop.Group = g.Index
					}
				}
			default:
				continue
			}
			for _, v := range s.values {
				s.flat, s.stems = append(s.flat, flatten(v)), append(s.stems, stem(strings.ToLower(v)))
			}
			out = append(out, s)
		}
	}
	return out
}

// detailsOf says what has to be read: the events spoken of, or one that has what every event has, and whom they belong to.
func (p *planner) detailsOf() []string {
	var names []string
	for _, e := range p.mentioned {
		names = append(names, "event:"+e)
	}
	if len(names) == 0 && len(p.x.events) > 0 {
		names = append(names, "event:"+p.x.frequent)
	}
	names = append(names, "person")
	for _, g := range p.x.groups {
		names = append(names, "group:"+g.Name)
	}
	var missing []string
	for _, n := range names[:min(len(names), 10)] {
		if !slices.ContainsFunc(p.o.Details, func(o driver.Object) bool { return o.Object == n }) {
			missing = append(missing, n)
		}
	}
	return missing
}

// values takes the words that are values of a property: on mobile, from Germany, pro users.
func (p *planner) values() *Refusal {
	for i := 0; i < len(p.toks); i++ {
		t := p.toks[i]
		if t.used || !t.word && !t.quoted || !t.quoted && (filler(t.text) && t.raw != "US" || t.is("not|or|excluding|except|without|only|non|outside|new|first") || peopleWord(t.text)) {
			continue
		}
		if missing := p.detailsOf(); len(missing) > 0 {
			p.needs = missing
			return nil
		}
		for n := 5; n >= 1; n-- {
			if i+n > len(p.toks) || slices.ContainsFunc(p.toks[i:i+n], func(t token) bool { return t.used }) {
				continue
			}
			list := p.valuesLike(p.toks[i : i+n])
			if len(list) == 0 {
				continue
			}
			if r := p.value(i, i+n, list); r != nil {
				return r
			}
			i += n - 1
			break
		}
	}
	return nil
}

// value takes one value at tokens [from, to), with the name of its property beside it and the words that deny it.
func (p *planner) value(from, to int, list []found) *Refusal {
	near := func(prop propMention) bool {
		var kept []found
		for _, f := range list {
			if slices.ContainsFunc(slices.Concat(prop.at, prop.like), func(k int) bool { return p.x.props[k].Name == f.prop.Name }) {
				kept = append(kept, f)
			}
		}
		if len(kept) > 0 {
			list = kept
		}
		return len(kept) > 0
	}
	if prop, ok := p.propertyAt(to); ok && near(prop) {
		to = prop.to
	} else {
		for n := 3; n >= 1; n-- {
			if from-n < 0 {
				continue
			}
			if prop, ok := p.propertyAt(from - n); ok && prop.to == from && near(prop) {
				from -= n
				break
			}
		}
	}
	if len(list) > 1 {
		r := p.refuse("%s is a value of more than one property", quoted(rawText(p.toks[from:to])))
		for _, f := range list {
			r.Candidates = append(r.Candidates, f.prop.String()+" = "+f.value)
		}
		return r
	}
	c := condition{of: &list[0].prop, texts: []string{list[0].value}, op: hogql.OpEq}
	k := from
	for k > 0 && p.toks[k-1].is("on|in|from|the|using|with|of|for|via|a|an|by|who|use|are|is|at|traffic|users|through|coming|and") && (!p.toks[k-1].used || !p.toks[k-1].is("users")) {
		k--
	}
	if k > 0 && !p.toks[k-1].used && p.toks[k-1].is("not|excluding|except|without|non|outside|exclude") {
		c.not = true
		from = k - 1
	}
	for i := range p.conditions { // outside the US and Germany
		o := p.conditions[i]
		if o.of != nil && o.not && !c.not && hogql.Equal(o.of.Expr(), c.of.Expr()) {
			c.not = true
		}
	}
	p.use(from, to)
	if p.says(from-1, "by") && to < len(p.toks) && peopleWord(p.toks[to].text) { // by pro users
		p.use(from-1, from)
	}
	if m, ok := p.follows(to, "users|traffic|devices|device only?", "only"); ok && !p.toks[m.from].is("users") {
		p.use(m.from, m.to)
	}
	for i := range p.conditions { // mobile or desktop
		o := &p.conditions[i]
		if o.of != nil && len(o.texts) > 0 && o.not == c.not && hogql.Equal(o.of.Expr(), c.of.Expr()) {
			o.texts = append(o.texts, c.texts...)
			for j := from - 1; j >= 0 && j >= from-2; j-- {
				p.contrast = p.contrast || p.toks[j].is("vs|versus")
				if p.toks[j].is("or|and|vs|versus|with|to") {
					p.toks[j].used = true
				}
			}
			return nil
		}
	}
	p.conditions = append(p.conditions, c)
	return nil
}

// settleCondition makes a filter of a condition.
func (p *planner) settleCondition(c condition) (Filter, *Refusal) {
	if c.text != "" {
		return Filter{Text: c.text, expr: c.expr}, nil
	}
	var values []hogql.Expr
	for _, t := range c.texts {
		values = append(values, hogql.Str(t))
	}
	if c.of == nil {
		prop, r := p.choose(c.prop)
		if r != nil {
			return Filter{}, r
		}
		c.of = &prop
		if !c.null {
			if values, r = p.literals(prop, c); r != nil {
				return Filter{}, r
			}
		}
	}
	f := Filter{expr: c.on(c.of.Expr(), values)}
	f.Text = hogql.Print(f.expr)
	switch c.of.Entity {
	case "session":
		f.session = c.on(hogql.Ref(c.of.Name), values)
	case "person":
		f.session = f.expr
	}
	return f, nil
}

// on is the condition on an expression.
func (c condition) on(x hogql.Expr, values []hogql.Expr) hogql.Expr {
	switch {
	case c.null:
		return &hogql.IsNull{X: x, Not: c.not}
	case len(values) > 1 && c.not:
		return hogql.Op2(hogql.OpNotIn, x, &hogql.Tuple{Elems: values})
	case len(values) > 1:
		return hogql.In(x, values...)
	case c.not:
		return hogql.NotEq(x, values[0])
	}
	return hogql.Op2(c.op, x, values[0])
}

// literals are the values of a condition as they are written in the data.
func (p *planner) literals(prop Property, c condition) ([]hogql.Expr, *Refusal) {
	var out []hogql.Expr
	for _, text := range c.texts {
		t := newWord(text, 0)
		n, isNumber := t.number()
		switch {
		case prop.Type == "Numeric" && isNumber:
			out = append(out, hogql.Float(n))
			if n == float64(int64(n)) {
				out[len(out)-1] = hogql.Int(int64(n))
			}
			continue
		case prop.Type == "Boolean" && c.op == hogql.OpEq && (t.text == "true" || t.text == "false"):
			out = append(out, &hogql.Bool{Value: t.text == "true"})
			continue
		case prop.Type == "Numeric" || prop.Type == "Boolean" || prop.Type == "DateTime" || c.op != hogql.OpEq:
			return nil, p.refuse("%s is no value to compare %s (%s) with", quoted(text), prop, strings.ToLower(prop.Type))
		}
		value, r := p.valueOf(prop, text)
		if r != nil {
			return nil, r
		}
		out = append(out, hogql.Str(value))
	}
	return out, nil
}

// valueOf finds how a value is written.
func (p *planner) valueOf(prop Property, text string) (string, *Refusal) {
	if prop.Name == "$geoip_country_code" {
		if code, ok := p.x.countries[strings.ToLower(text)]; ok {
			return code, nil
		}
	}
	var seen []string
	for _, o := range p.o.Details {
		for _, f := range o.Fields {
			if f.Join == "" && f.Name == prop.Name && (o.Object == "person") == (prop.Entity == "person") {
				seen = append(seen, f.Samples...)
			}
		}
	}
	for _, v := range seen {
		if flatten(v) == flatten(text) {
			return v, nil
		}
	}
	quotedValue := slices.ContainsFunc(p.toks, func(t token) bool { return t.quoted && t.raw == text })
	if quotedValue {
		return text, nil
	}
	r := p.refuse("%s is not among the values seen in %s. Write it in quotes to look for exactly that", quoted(text), prop)
	for _, v := range seen[:min(len(seen), 5)] {
		r.Candidates = append(r.Candidates, fmt.Sprintf("%s = %s", prop, hogql.Print(hogql.Str(v))))
	}
	return "", r
}

// resolve settles the properties that were named.
func (p *planner) resolve() *Refusal {
	if p.sessionsSaid && len(p.mentioned) == 0 && !p.people && len(p.plan.Metrics) == 0 {
		p.plan.Sessions = true
	}
	if len(p.numeric) > 0 || p.by != nil || p.superlative && len(p.mentioned) == 1 || slices.ContainsFunc(p.conditions, func(c condition) bool { return c.expr == nil && c.of == nil }) {
		if missing := p.detailsOf(); len(missing) > 0 {
			p.needs = missing
			return nil
		}
	}
	for i, m := range p.numeric {
		prop, r := p.choose(m)
		if r != nil {
			return r
		}
		p.plan.Metrics[i].Of = []Property{prop}
	}
	if p.by != nil {
		prop, r := p.choose(*p.by)
		if r != nil {
			return r
		}
		p.plan.By = &prop
	}
	for _, c := range p.conditions {
		f, r := p.settleCondition(c)
		if r != nil {
			return r
		}
		p.plan.Filters = append(p.plan.Filters, f)
	}
	return nil
}
