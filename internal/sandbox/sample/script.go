package sample

import (
	"embed"
	"fmt"
	"strings"
	"text/template"
	"time"
)

//go:embed sql
var scripts embed.FS

// script is what the files in sql/ are filled with. Texts that end up in SQL are literals of ClickHouse.
type script struct {
	Database, Staging                                      string
	Seed                                                   uint64
	Events, Candidates, Weeks                              int
	Now, Start, Monday, Release, ExperimentStart, BadDay   string
	Weekdays, Hours                                        string
	Countries, CountryShares, CountryNames                 string
	Features, FeatureShares                                string
	PlanShares, PlanPrices                                 string
	Movies                                                 []movie
	MovieTitles, MovieGenres, MovieSlugs                   string
	Issues                                                 []issue
	IssueProperties                                        string
	Models                                                 []model
	ModelNames, ModelProviders, ModelPrices                string
	FirstNames, LastNames, CompanyNames, Searches          string
	Growth, ExistingShare, SignupBeforeRelease             float64
	SignupAfterRelease, OnboardedShare, ViewerShare        float64
	TrailerShare, RenterShare, BuyerShare, PowerShare      float64
	SubscribeChance, TrailerLift, WatchPartyLift           float64
	ExistingSubscriberShare, UpgradeShare, CancelShare     float64
	MergedShare, InternalShare, CompanyShare               float64
	SecondVisitChance, LoginChance, PageleaveChance        float64
	WebVitalsChance, BounceChance                          float64
	ExceptionChance, ExceptionChanceBadDay                 float64
	ReturnFloor, ReturnOfMember, ReturnOfVisitor           float64
	ReturnDecayWeeks, ReturnOfExisting, ReturnOfSubscriber float64
	ReturnOfPower, ReturnAfterCancel                       float64
	OldestDays, CompanyCount, BounceSeconds                int
	PowerUsers, Churned, PowerUserViews                    int
	InternalDomain                                         string

	ChannelType                                    string // of derived.sql
	RecordedShare, RecordedRageShare, WatchedShare float64
	Days, RecordingDays                            int
	LogLines, LogSeconds                           int
	APIShare, APIErrorShare                        float64
	PlayerErrorShare, PlayerErrorShareBadDay       float64
	APIErrors, PlayerErrors                        string
	LoggedQueries                                  string
	LoggedQueryCount, QueryLogRows                 int
	FailedShare, RefundedShare                     float64
	Rates                                          string
}

func demoScript(o Options) script {
	m := momentsOf(o.Now)
	s := script{
		ChannelType: channelType(), Database: database(DemoID), Staging: stagingDatabase, Seed: o.Seed, Events: o.Events,
		Candidates: o.Events/stepsPerPerson + spareCandidates, Weeks: m.weeks,
		Now: moment(m.now), Start: moment(m.start), Monday: moment(m.monday), Release: moment(m.release),
		ExperimentStart: moment(m.experiment), BadDay: moment(m.badDay), Weekdays: weekdays(), Hours: hours(),
		PlanShares: fmt.Sprintf("[%g, %g, 1.0]", BasicShare, BasicShare+ProShare),
		Movies:     movies(), Issues: issues(), Models: models(),
		FirstNames:   list("Ada", "Ben", "Chloe", "Dev", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jonas", "Kavya", "Liam", "Marta", "Noah", "Olga", "Paulo"),
		LastNames:    list("Almeida", "Berg", "Carter", "Dubois", "Evans", "Fischer", "Gupta", "Hoffmann", "Iyer", "Jones", "Klein", "Lopez", "Martin", "Nair"),
		CompanyNames: list("Northwind", "Bluebird", "Acorn", "Lumen", "Harbour", "Summit", "Clover", "Juniper", "Cobalt", "Willow", "Falcon", "Maple"),
		Searches:     list("comedy", "space", "new releases", "dragon", "wedding", "oscar winners", "documentary", "thriller 2026", "kids", "lighthouse"),
		Growth:       Growth, ExistingShare: ExistingShare, SignupBeforeRelease: SignupBeforeRelease, SignupAfterRelease: SignupAfterRelease,
		OnboardedShare: OnboardedShare, ViewerShare: ViewerShare, TrailerShare: TrailerShare, RenterShare: RenterShare, BuyerShare: BuyerShare,
		PowerShare: powerShare, SubscribeChance: SubscribeChance, TrailerLift: TrailerLift, WatchPartyLift: WatchPartyLift,
		ExistingSubscriberShare: subscribedBefore, UpgradeShare: UpgradeShare, CancelShare: CancelShare,
		MergedShare: MergedShare, InternalShare: InternalShare, CompanyShare: CompanyShare,
		SecondVisitChance: secondVisit, LoginChance: loginChance, PageleaveChance: pageleaveChance, WebVitalsChance: webVitalsChance,
		BounceChance: BounceChance, ExceptionChance: exceptionUsual, ExceptionChanceBadDay: exceptionBadDay,
		ReturnFloor: returnFloor, ReturnOfMember: returnMember, ReturnOfVisitor: returnVisitor, ReturnDecayWeeks: returnDecay,
		ReturnOfExisting: returnExisting, ReturnOfSubscriber: returnSubscriber, ReturnOfPower: returnPower, ReturnAfterCancel: returnCancelled,
		OldestDays: OldestDays, CompanyCount: CompanyCount, BounceSeconds: BounceSeconds,
		PowerUsers: powerUsersID, Churned: churnedID, PowerUserViews: PowerUserViews, InternalDomain: internalDomain,
	}
	s.fillLists()
	s.fillProducts()
	return s
}

func (s *script) fillLists() {
	var codes, names, titles, genres, slugs, kinds, models, providers []string
	var shares, featureShares, prices, modelPrices []string
	for _, c := range countries() {
		codes, shares, names = append(codes, c.code), append(shares, fmt.Sprint(c.until)), append(names, literal(c.code)+", "+literal(c.name))
	}
	s.Countries, s.CountryShares, s.CountryNames = list(codes...), numbers(shares), "map("+strings.Join(names, ", ")+")"
	var featureNames []string
	for _, f := range features() {
		featureNames, featureShares = append(featureNames, f.name), append(featureShares, fmt.Sprint(f.share))
	}
	s.Features, s.FeatureShares = list(featureNames...), numbers(featureShares)
	for _, p := range plans() {
		prices = append(prices, literal(p.name)+", "+p.price)
	}
	s.PlanPrices = "map(" + strings.Join(prices, ", ") + ")"
	for _, m := range s.Movies {
		titles, genres = append(titles, m.title), append(genres, m.genre)
		slugs = append(slugs, strings.ReplaceAll(strings.ToLower(m.title), " ", "-"))
	}
	s.MovieTitles, s.MovieGenres, s.MovieSlugs = list(titles...), list(genres...), list(slugs...)
	for _, i := range s.Issues {
		kinds = append(kinds, i.properties())
	}
	s.IssueProperties = list(kinds...)
	for _, m := range s.Models {
		models, providers, modelPrices = append(models, m.name), append(providers, m.provider), append(modelPrices, m.price)
	}
	s.ModelNames, s.ModelProviders, s.ModelPrices = list(models...), list(providers...), numbers(modelPrices)
}

// statements fills the named file of sql/ and cuts it into statements.
func (s script) statements(name string) ([]string, error) {
	t, err := template.New(name).Option("missingkey=error").ParseFS(scripts, "sql/"+name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var text strings.Builder
	if err := t.Execute(&text, s); err != nil {
		return nil, fmt.Errorf("fill %s: %w", name, err)
	}
	var out []string
	for statement := range strings.SplitSeq(text.String(), ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			out = append(out, statement)
		}
	}
	return out, nil
}

// moment writes an instant as a DateTime64 with microseconds in UTC.
func moment(t time.Time) string {
	return "toDateTime64('" + t.UTC().Format("2006-01-02 15:04:05.000000") + "', 6, 'UTC')"
}

// literal writes a text as ClickHouse reads it.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func list(texts ...string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = literal(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func numbers(texts []string) string { return "[" + strings.Join(texts, ", ") + "]" }
