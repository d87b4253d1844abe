package ask

import (
	"fmt"
	"slices"
	"strings"

	"posthog-mcp/internal/driver"
)

// longest is how many bytes of a question are read.
const longest = 500

// Options are what is known beside a question.
type Options struct {
	// TimePeriod is the period of a question that names none: 1d, 7d, 30d, 90d or all; "" means 7d.
	TimePeriod string
	// Details are the objects that an earlier Outcome needed, in the same order.
	Details []driver.Object
}

// Outcome is a plan, a refusal, or what has to be read before either is certain.
type Outcome struct {
	Plan    *Plan
	Refusal *Refusal
	Needs   []string // for driver.GetFields, with samples
}

// Plan reads a question. It asks nothing of anybody: where the properties of an event or the values of properties
// matter, it says what it needs and is called again with it.
func (x *Index) Plan(question string, o Options) Outcome {
	if len(question) > longest {
		return Outcome{Refusal: &Refusal{Why: fmt.Sprintf("a question has at most %d characters, this one has %d: ask one thing", longest, len(question)),
			Skeleton: (&planner{x: x}).skeleton()}}
	}
	toks := joinHyphens(tokenize(question))
	out := x.attempt(toks, o)
	if out.Refusal == nil {
		return out
	}
	mended, notes := x.mend(toks)
	if len(notes) == 0 {
		return out
	}
	again := x.attempt(mended, o)
	if again.Refusal != nil {
		return out
	}
	if again.Plan != nil {
		again.Plan.Notes = append(again.Plan.Notes, notes...)
	}
	return again
}

// joinHyphens drops the hyphens inside of words: sign-ups is two words.
func joinHyphens(toks []token) []token {
	var out []token
	for i, t := range toks {
		if t.text == "-" && i > 0 && i+1 < len(toks) && toks[i-1].end() == t.at && t.end() == toks[i+1].at {
			continue
		}
		t.glued = i > 0 && len(out) > 0 && toks[i-1].text == "-" && out[len(out)-1].end()+1 == t.at
		out = append(out, t)
	}
	return out
}

// planner fills a plan from the tokens of a question.
type planner struct {
	*reader
	x            *Index
	o            Options
	plan         Plan
	periodsSaid  []Period
	mentions     []mention
	mentioned    []string // the events, each once
	numeric      []propMention
	by           *propMention
	conditions   []condition
	needs        []string
	people       bool // the question speaks of people
	versus       bool // it compares two periods
	active       bool // … of active people
	superlative  bool // it asks for the most or the least
	sessionsSaid bool
	denied       int  // token after which an event is said not to have happened; 0 for none
	reversed     bool // a funnel is told from its end: B after A
	seenValues   []sampled
	likeEvents   map[[2]int][]candidate
	likeProps    map[[2]int][2][]int
	rank         bool      // the ranking goes by a number
	measured     []int     // tokens of numbers that are asked for
	slowest      bool      // what is ranked is how fast it is
	contrast     bool      // two values of a property are set against each other
	visitors     []mention // visitors, who may be people who view pages or just people
}

// attempt reads the tokens as they stand.
func (x *Index) attempt(toks []token, o Options) (out Outcome) {
	p := &planner{reader: &reader{toks: slices.Clone(toks), x: x}, x: x, o: o, likeEvents: map[[2]int][]candidate{}, likeProps: map[[2]int][2][]int{}}
	p.plan.zone = "UTC"
	if z := x.project.TimeZone; z != "" {
		p.plan.zone = z
	}
	if r := p.read(); r != nil {
		return Outcome{Refusal: r}
	}
	if len(p.needs) > 0 {
		return Outcome{Needs: p.needs}
	}
	return Outcome{Plan: &p.plan}
}

// read is the order in which the parts of a question are taken. Nil means that all of it was understood.
func (p *planner) read() *Refusal {
	if !slices.ContainsFunc(p.toks, func(t token) bool { return t.word || t.quoted }) {
		return p.refuse("the question is empty")
	}
	p.wrapping()
	for _, whole := range []func() (bool, *Refusal){p.journey, p.names} {
		if done, r := whole(); done || r != nil {
			return r
		}
	}
	since := p.beforeAfter()
	p.versus = !since && p.comparison()
	p.periodsSaid = p.periods()
	p.intent()
	p.interval()
	p.top()
	before := slices.Clone(p.toks)
	if r := p.metrics(); r != nil {
		return r
	}
	for i, t := range p.toks {
		if t.used && !before[i].used && !t.is("and|,") {
			p.measured = append(p.measured, i)
		}
	}
	if r := p.breakdown(); r != nil {
		return r
	}
	if r := p.filters(); r != nil {
		return r
	}
	if r := p.events(); r != nil {
		return r
	}
	if r := p.values(); r != nil || len(p.needs) > 0 {
		return r
	}
	p.bareDimension()
	p.sideBySide()
	p.rankedByMeasure()
	p.order()
	for k := 1; k < len(p.mentions); k++ { // signups or logins
		for i := p.mentions[k-1].to; i < p.mentions[k].from; i++ {
			p.toks[i].used = p.toks[i].used || p.toks[i].is("or|plus")
		}
	}
	p.fillers()
	if r := p.leftover(); r != nil {
		return r
	}
	if r := p.resolve(); r != nil || len(p.needs) > 0 {
		return r
	}
	if r := p.settlePeriod(); r != nil {
		return r
	}
	return p.settle()
}

// wrapping takes what is said around a question.
func (p *planner) wrapping() {
	p.takeAny("how many times", "number of times")
	if m, ok := p.find("at least one|once"); ok { // who did it at all
		p.toks = slices.Delete(p.toks, m.from, m.to)
	}
	for _, pattern := range []string{"can|could|would|will you please? tell|show|give|get|find|help me|us", "can|could you please? tell|show|give|get|find|help",
		"i would like to know|see", "i want|need|like to know|see", "i d like to know|see", "do you know", "let me|us know|see", "i was wondering",
		"i am|m curious|interested", "tell|show|give|get|find|fetch|pull me|us", "please|pls|plz|kindly", "thanks|thank you?", "hi|hello|hey there?", "quick question",
		"what can you tell me about", "in posthog", "from posthog", "for me|us", "look|looks|looking like", "be happy", "would be great", "right now", "as a|an? table|list|chart|graph"} {
		for {
			if _, ok := p.take(pattern); !ok {
				break
			}
		}
	}
}

// leftover refuses what nobody has taken.
func (p *planner) leftover() *Refusal {
	var left []token
	for _, t := range p.rest() {
		if t.word || t.quoted {
			left = append(left, t)
		}
	}
	if len(left) == 0 {
		return nil
	}
	var runs [][]token // neighbours belong together
	for i, t := range p.toks {
		if t.used || !t.word && !t.quoted {
			continue
		}
		if i > 0 && len(runs) > 0 && !p.toks[i-1].used && p.toks[i-1].word {
			runs[len(runs)-1] = append(runs[len(runs)-1], t)
			continue
		}
		runs = append(runs, []token{t})
	}
	var texts []string
	for _, run := range runs {
		texts = append(texts, quoted(rawText(run)))
	}
	r := p.refuse("I do not know what %s means here", strings.Join(texts[:min(len(texts), 4)], ", "))
	if len(p.mentioned) == 0 && !p.known(left) {
		r.Why = "I found no event or property that means " + strings.Join(texts[:min(len(texts), 4)], ", ")
	}
	r.Candidates = p.nearEvents(left)
	return r
}

// known tells words of analysis, which are not taken for names.
func (p *planner) known(toks []token) bool {
	return !slices.ContainsFunc(toks, func(t token) bool { return t.quoted || !lexicon(t.text) })
}

func quoted(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}

func rawText(toks []token) string {
	words := make([]string, 0, len(toks))
	for _, t := range toks {
		words = append(words, t.raw)
	}
	return strings.Join(words, " ")
}

// fillers takes the words that say nothing by themselves.
func (p *planner) fillers() {
	hollow := len(p.mentioned) > 0 || p.toksSay("events")
	for i, t := range p.toks {
		if !t.used && !t.quoted && (!t.word && !strings.ContainsAny(t.text, "<>=+*/%&|;") || filler(t.text) || hollow && hollowVerb(t.stem) && t.text != "time") {
			p.toks[i].used = true
		}
	}
}

func filler(word string) bool {
	switch word {
	case "a", "an", "the", "of", "in", "on", "at", "to", "from", "for", "with", "and", "is", "are", "was", "were", "be", "been", "do", "does", "did", "has", "have", "had",
		"what", "which", "who", "whom", "how", "many", "much", "that", "those", "these", "this", "there", "it", "its", "their", "they", "them", "our", "we", "my", "me", "us", "i", "you",
		"show", "tell", "give", "get", "list", "find", "see", "view", "display", "count", "number", "total", "overall", "all", "any", "some", "so", "far",
		"look", "looks", "looking", "data", "stats", "statistics", "figures", "numbers", "metric", "metrics", "report", "overview", "breakdown", "chart", "graph", "table", "plot",
		"s", "re", "ve", "ll", "d", "m", "as", "about", "during", "over", "within", "into", "across", "just", "only", "really", "actually", "exactly", "currently", "please", "ok", "okay",
		"app", "site", "website", "product", "platform", "here", "got", "happened", "happen", "event", "events", "value", "values",
		"counts", "totals", "amounts", "compute", "calculate", "want", "need", "know", "would", "could", "can", "also", "whose", "having", "using", "use", "used",
		"doing", "going", "made", "make", "come", "came", "seen", "performed", "occurred", "occur", "recorded", "tracked", "fired", "triggered", "one", "ones", "individual", "single", "entire", "something", "anything", "someone", "anyone",
		"query", "analysis", "analyse", "analyze", "summary", "summarize", "split", "grouped", "group", "broken", "segmented", "through", "via":
		return true
	}
	return false
}
